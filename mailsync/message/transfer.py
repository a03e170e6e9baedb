"""Content-Transfer-Encoding undone: encoded bytes in, decoded bytes out, whole or as a stream. Pure, lenient.

RFC 2045 §6. Seen in practice: base64 with spaces, missing padding, text after the padding; quoted-printable with
bare "=" and lower-case hex; both are read as far as they go.
"""

import binascii
from collections.abc import Callable, Iterator

from mailsync.message.lenient_base64 import decode_base64, looks_like_base64, only_base64
from mailsync.message.uuencode import unpack_uuencode

Read = Callable[[int, int], bytes]

CHUNK_BYTES = 256 * 1024


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The decoded bytes; for an encoding that is not known, or is not what the label says, the bytes as they are."""
    if encoding == "base64":
        return decode_base64(data) if looks_like_base64(data) else data
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == "x-uuencode":
        files = unpack_uuencode(data)
        return files[0].data if files else data
    return data


def decode_stream(read: Read, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """The decoded bytes of ``start:end`` in pieces, never holding more than a few chunks."""
    if encoding == "x-uuencode":
        yield decode_transfer(read(start, end), encoding)
        return
    chunks = (read(at, min(end, at + CHUNK_BYTES)) for at in range(start, end, CHUNK_BYTES))
    if encoding == "base64":
        yield from _base64_stream(chunks)
    elif encoding == "quoted-printable":
        yield from _quoted_printable_stream(chunks)
    else:
        yield from chunks


def _base64_stream(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    first = True
    for data in chunks:
        if first and not looks_like_base64(data):
            yield data
            yield from chunks
            return
        first = False
        if b"=" in data:
            # Padding: the end, or a joint; what follows it is decoded with it, so it comes in one piece.
            yield decode_base64(rest + data + b"".join(chunks))
            return
        clean = rest + only_base64(data)
        cut = len(clean) - len(clean) % 4
        rest = clean[cut:]
        yield binascii.a2b_base64(clean[:cut])
    if rest:
        yield decode_base64(rest)


def _quoted_printable_stream(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for data in chunks:
        data = rest + data
        # A piece ends after a line, so that no "=XX" and no trailing space is split.
        cut = data.rfind(b"\n") + 1
        if cut == 0 and len(data) < 4 * CHUNK_BYTES:
            rest = data
            continue
        cut = cut or len(data)
        rest = data[cut:]
        yield binascii.a2b_qp(data[:cut])
    if rest:
        yield binascii.a2b_qp(rest)
