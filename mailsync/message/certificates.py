"""What an S/MIME certificate says: whose it is, who issued it, what its key may be used for. Pure.

RFC 8550 (certificates of S/MIME 4.0). All text is plain and must be escaped where it is shown; it is what the
certificate says, which is worth what its authority is worth.
"""

import unicodedata
from dataclasses import dataclass

from cryptography import x509
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
    if b"-----BEGIN" in data:
        return x509.load_pem_x509_certificate(data)
    return x509.load_der_x509_certificate(data)


def key_id_of(certificate: x509.Certificate) -> bytes:
    """The subjectKeyIdentifier, empty where there is none."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return b""


def addresses_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """In lower case. RFC 8550 §3: in the alternative names, or (older ones) in the subject."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = [*names.get_values_for_type(x509.RFC822Name)]
    except (x509.ExtensionNotFound, ValueError):
        found = []
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
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return bool(_FOR_MAIL & set(usage))


def can_sign(certificate: x509.Certificate) -> bool:
    """Whether mail may be signed with its key (RFC 8550 §4.4.2)."""
    usage = _key_usage(certificate)
    return is_for_mail(certificate) and (usage is None or usage.digital_signature or usage.content_commitment)


def can_encrypt(certificate: x509.Certificate) -> bool:
    """Whether mail may be encrypted for its holder: by transport of a key with RSA (RFC 8551 §2.3), by agreement on one
    with an elliptic curve (RFC 5753)."""
    key, usage = certificate.public_key(), _key_usage(certificate)
    if not is_for_mail(certificate):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return usage is None or usage.key_encipherment
    return isinstance(key, ec.EllipticCurvePublicKey) and (usage is None or usage.key_agreement)


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _first(name: x509.Name, kind: x509.ObjectIdentifier) -> str:
    return next((_plain(str(one.value)) for one in name.get_attributes_for_oid(kind)), "")


def _plain(text: str) -> str:
    """Without characters that steer or hide text."""
    return "".join(char for char in text if unicodedata.category(char)[0] != "C").strip()[:_MAX_NAME]
