"""A server's certificate, for people: DER bytes flow in, who it is for, by whom and until when flow out. Pure."""

import hashlib

from cryptography import x509
from cryptography.x509.oid import NameOID

from mailsync.types import Certificate

_NAMES_SHOWN = 20


def fingerprint(der: bytes) -> str:
    """SHA-256 over the whole certificate, in lower-case hexadecimal."""
    return hashlib.sha256(der).hexdigest()


def parse_certificate(der: bytes) -> Certificate:
    """What stands in it. A certificate that cannot be read has its fingerprint still."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        return Certificate(
            sha256=fingerprint(der),
            names=_names(parsed),
            issuer="" if parsed.issuer == parsed.subject else _said(parsed.issuer),
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
        )
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        # Seen in practice: appliances whose certificates break X.509 in a field nobody needs.
        return Certificate(sha256=fingerprint(der))


def _names(parsed: x509.Certificate) -> tuple[str, ...]:
    """RFC 6125 §6.4.4: the subject's common name counts only where there is no alternative name."""
    try:
        found = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]
    except x509.ExtensionNotFound:
        names = []
    return tuple(_printable(name) for name in names[:_NAMES_SHOWN]) or (_said(parsed.subject),)


def _said(name: x509.Name) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return _printable(str(attribute.value))
    return _printable(name.rfc4514_string())


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:200]
