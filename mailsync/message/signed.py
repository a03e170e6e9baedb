"""A MIME entity and its writer's key in, the entity with their signature out: multipart/signed (RFC 8551 §3.5.3).

The signature stands beside the words, so that a program that knows nothing of S/MIME shows them all the same. Pure, but
for the clock: a signature tells when it was made, so the bytes are made once and kept.
"""

from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from mailsync.message.entities import Entity, data_entity, write_multipart
from mailsync.message.pkcs12 import OwnKey

#: As it lies there (CRLF already), beside the content, with the algorithms that its writer's programs can read.
_OPTIONS = (pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature)
#: What a receiver is told to hash by (RFC 8551 §3.5.3.2).
_HASHED_BY = [("protocol", "application/pkcs7-signature"), ("micalg", "sha-256")]


def signed_entity(content: Entity, own: OwnKey, boundaries: Iterator[str]) -> Entity:
    """``content`` has to survive its way: 7bit, and no line that a server may mend (RFC 8551 §3.1.3; see
    ``text_entity``). ``boundaries`` as for ``write_multipart``."""
    # The line end before a boundary is the boundary's (RFC 2046 §5.1.1), and not part of what is signed.
    covered = (content.header + b"\r\n" + content.body).removesuffix(b"\r\n")
    builder = pkcs7.PKCS7SignatureBuilder().set_data(covered).add_signer(own.certificate, own.key, hashes.SHA256())
    for one in own.chain:
        builder = builder.add_certificate(one)
    signature = builder.sign(Encoding.DER, _OPTIONS)
    seal = data_entity("application/pkcs7-signature", "smime.p7s", signature)
    return write_multipart("signed", [content, seal], boundaries, _HASHED_BY)
