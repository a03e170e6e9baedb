"""How the two processes talk: the lengths of a head and a body, then both."""

import struct
from typing import IO

_LENGTHS = struct.Struct(">II")


def write_frame(stream: IO[bytes], head: bytes, body: bytes) -> None:
    """Raises ``OSError`` when the other side is gone."""
    stream.write(_LENGTHS.pack(len(head), len(body)))
    stream.write(head)
    stream.write(body)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Raises ``EOFError`` when the other side is gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise EOFError
    head, body = _LENGTHS.unpack(lengths)
    found = stream.read(head + body)
    if len(found) < head + body:
        raise EOFError
    return found[:head], found[head:]
