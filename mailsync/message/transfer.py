"""Content-Transfer-Encoding undone: encoded bytes in, decoded bytes out, whole or as a stream. Pure, lenient.

RFC 2045 §6. Seen in practice: base64 with spaces, missing padding, text after the padding; quoted-printable with
bare "=" and lower-case hex; both are read as far as they go.
"""

import binascii
from collections.abc import Callable, Iterator

Read = Callable[[int, int], bytes]

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64 + b"="))
CHUNK_BYTES = 256 * 1024


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The decoded bytes; for an encoding that is not known, the bytes as they are."""
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == "x-uuencode":
        from mailsync.message.uuencode import unpack_uuencode

        files = unpack_uuencode(data)
        return files[0].data if files else data
    return data


def decode_base64(data: bytes) -> bytes:
    """Lenient base64: what is not of the alphabet is skipped, each padded run is decoded on its own.

    >>> decode_base64(b"aGVs bG8=\\r\\naGk")
    b'hellohi'
    """
    try:
        return binascii.a2b_base64(data, strict_mode=False) if b"=" not in data[:-8] else _decode_runs(data)
    except binascii.Error:
        return _decode_runs(data)


def _decode_runs(data: bytes) -> bytes:
    # Seen in practice: several padded runs joined; the first "=" is not the end.
    out = bytearray()
    for run in data.translate(None, _NOT_BASE64).split(b"="):
        run = run[: len(run) - 1] if len(run) % 4 == 1 else run
        if run:
            out += binascii.a2b_base64(run + b"=" * (-len(run) % 4))
    return bytes(out)


def decode_stream(read: Read, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """The decoded bytes of ``start:end`` in pieces, never holding more than one chunk."""
    rest = b""
    for at in range(start, end, CHUNK_BYTES):
        data = rest + read(at, min(end, at + CHUNK_BYTES))
        last = at + CHUNK_BYTES >= end
        if encoding == "base64":
            clean = data.translate(None, _NOT_BASE64)
            cut = len(clean) if last else len(clean) - len(clean) % 4
            rest, piece = clean[cut:], decode_base64(clean[:cut])
        elif encoding == "quoted-printable":
            # A chunk ends after a line, so that no "=XX" and no trailing space is split.
            cut = len(data) if last else data.rfind(b"\n") + 1
            if cut == 0 and len(data) < 4 * CHUNK_BYTES:
                rest = data
                continue
            cut = cut or len(data)
            rest, piece = data[cut:], binascii.a2b_qp(data[:cut])
        elif encoding == "x-uuencode":
            yield decode_transfer(read(start, end), encoding)
            return
        else:
            rest, piece = b"", data
        if piece:
            yield piece
