"""A MIME entity and the certificates of its readers in, the entity encrypted for them out (RFC 8551 §3.3).

Pure, but for chance: each time the key is another one.

A header stays outside: subject and addresses are read by everybody on the way. Who may read it is told in it, so there
are no blind copies of an encrypted message.
"""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from mailsync.message.certificates import can_encrypt
from mailsync.message.entities import Entity, data_entity

_TYPE = [("smime-type", "enveloped-data")]
#: A shorter key protects nothing for long (RFC 8551 §4.2), and OpenSSL takes its time with a longer one.
_KEY_BITS = range(2048, 8193)


def is_readable_by(certificate: x509.Certificate) -> bool:
    """Whether a message can be encrypted for its holder: only with RSA, as the library carries no agreed keys."""
    if not can_encrypt(certificate):
        return False
    key = certificate.public_key()
    return isinstance(key, rsa.RSAPublicKey) and key.key_size in _KEY_BITS


def encrypted_entity(content: Entity, readers: Sequence[x509.Certificate]) -> Entity:
    """By AES with 256 bits, which every program of S/MIME 3.2 and later reads (RFC 5751 §2.7)."""
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content.header + b"\r\n" + content.body)
    builder = builder.set_content_encryption_algorithm(algorithms.AES256)
    for one in readers:
        builder = builder.add_recipient(one)
    sealed = builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    return data_entity("application/pkcs7-mime", "smime.p7m", sealed, _TYPE)
