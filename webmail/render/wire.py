"""How the web process, the guardian and its worker talk: a kind byte, a length, a payload. Pure but for the pipes."""

import struct
from typing import IO

_HEADER = struct.Struct(">cI")

#: Requests: clean this HTML; turn this file into a harmless picture.
CLEAN, PICTURE = b"c", b"p"
#: Answers: done; past a limit of the guard; an error inside; killed by the clock or for its memory.
DONE, TOO_HARD, FAILED, KILLED = b"d", b"h", b"f", b"k"


def write_frame(stream: IO[bytes], kind: bytes, payload: bytes) -> None:
    """Raises ``OSError`` when the other side is gone."""
    stream.write(_HEADER.pack(kind, len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """One message. Raises ``EOFError`` when the other side is gone."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    kind, size = _HEADER.unpack(header)
    payload = stream.read(size)
    if len(payload) < size:
        raise EOFError
    return kind, payload
