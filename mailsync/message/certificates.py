"""What an S/MIME certificate says: whose it is, who issued it, what its key may be used for. Pure.

RFC 8550 (certificates of S/MIME 4.0). All text is plain and must be escaped where it is shown; it is what the
certificate says, which is worth what its authority is worth.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: Of a file with one certificate; those in use have one to three thousand.
MAX_FILE_BYTES = 64 * 1024
_MAX_NAME = 100
_MOST_ADDRESSES = 20
_FOR_MAIL = frozenset({ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


@dataclass(frozen=True, slots=True)
class CertificateId:
    """Which certificate is meant (RFC 5652 §6.2.1): by issuer (DER) and serial number, or by the key's identifier."""

    issuer: bytes = b""
    serial_number: int = 0
    key_id: bytes = b""

    def means(self, certificate: x509.Certificate) -> bool:
        if self.issuer:
            same_issuer = self.issuer == certificate.issuer.public_bytes()
            return same_issuer and self.serial_number == certificate.serial_number
        return bool(self.key_id) and self.key_id == key_id_of(certificate)


def read_certificate(data: bytes) -> x509.Certificate:
    """A file of one certificate, DER or PEM (RFC 7468 §5). Raises ``ValueError``."""
    if len(data) > MAX_FILE_BYTES:
        raise ValueError("too long for a certificate")
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from error


def key_id_of(certificate: x509.Certificate) -> bytes:
    """The subjectKeyIdentifier, empty where there is none."""
    found = _extension(certificate, x509.SubjectKeyIdentifier)
    return found.digest if isinstance(found, x509.SubjectKeyIdentifier) else b""


def addresses_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """In lower case. RFC 8550 §3: in the alternative names, or (older ones) in the subject."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    found = [*names.get_values_for_type(x509.RFC822Name)] if isinstance(names, x509.SubjectAlternativeName) else []
    found += [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    plain = map(_plain, found[:_MOST_ADDRESSES])
    return tuple(dict.fromkeys(address.lower() for address in plain if "@" in address))


def holder_of(certificate: x509.Certificate) -> str:
    """A name for whose it is, empty where there is none."""
    names = [_first(certificate.subject, kind) for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)]
    return next(filter(None, [*names, *addresses_of(certificate)]), "")


def issuer_of(certificate: x509.Certificate) -> str:
    """A name for who issued it, empty where there is none."""
    names = [_first(certificate.issuer, kind) for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)]
    return next(filter(None, names), "")


def is_for_mail(certificate: x509.Certificate) -> bool:
    """RFC 8550 §4.4.4: where purposes are named, mail is one of them."""
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return usage is None or (isinstance(usage, x509.ExtendedKeyUsage) and bool(_FOR_MAIL & set(usage)))


def can_sign(certificate: x509.Certificate) -> bool:
    """Whether mail may be signed with its key (RFC 8550 §4.4.2)."""
    return is_for_mail(certificate) and _may_be_used(certificate, "digital_signature", "content_commitment")


def can_encrypt(certificate: x509.Certificate) -> bool:
    """Whether mail may be encrypted for its holder: by transport of a key with RSA (RFC 8551 §2.3), by agreement on one
    with an elliptic curve (RFC 5753)."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        use = "key_encipherment"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        use = "key_agreement"
    else:
        return False
    return is_for_mail(certificate) and _may_be_used(certificate, use)


def _may_be_used(certificate: x509.Certificate, *uses: str) -> bool:
    """For one of these, as RFC 5280 §4.2.1.3 names them; for anything where nothing is said."""
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or (isinstance(usage, x509.KeyUsage) and any(getattr(usage, use) for use in uses))


def _extension(
    certificate: x509.Certificate, kind: type[x509.ExtensionType]
) -> x509.ExtensionType | Literal["unreadable"] | None:
    """None where there is none. A stranger may write anything into one, so that it cannot be read is no error here."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return "unreadable"


def _first(name: x509.Name, kind: x509.ObjectIdentifier) -> str:
    return next((_plain(str(one.value)) for one in name.get_attributes_for_oid(kind)), "")


def _plain(text: str) -> str:
    """Without characters that steer or hide text."""
    return "".join(char for char in text if unicodedata.category(char)[0] != "C").strip()[:_MAX_NAME]
