"""How the two processes talk: the lengths of a head and a body, then both."""

import struct
from typing import IO

_LENGTHS = struct.Struct(">II")


def write_frame(stream: IO[bytes], head: bytes, *body: bytes) -> None:
    """The pieces of a body lie side by side over there. Raises ``OSError`` when the other side is gone."""
    stream.write(_LENGTHS.pack(len(head), sum(map(len, body))))
    stream.write(head)
    for piece in body:
        stream.write(piece)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Raises ``EOFError`` when the other side is gone."""
    head, body = _LENGTHS.unpack(_read(stream, _LENGTHS.size))
    return _read(stream, head), _read(stream, body)


def _read(stream: IO[bytes], size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found
