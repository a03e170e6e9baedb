"""How the web process, the guardian and its worker talk: a kind byte, a length, a payload. Pure but for the pipes."""

import struct
from dataclasses import dataclass
from typing import IO, Self

_HEADER = struct.Struct(">cI")
_PAGE_NUMBER = struct.Struct(">I")
_PAGE_FACTS = struct.Struct(">III")

#: Requests: clean this HTML; turn this file into a harmless picture; draw a page of this document.
CLEAN, PICTURE, PAGE = b"c", b"p", b"d"
#: Answers: done; past a limit of the guard; an error inside; killed by the clock or for its memory.
DONE, TOO_HARD, FAILED, KILLED = b"d", b"h", b"f", b"k"

#: Pages of a document that are drawn; of a longer one the rest is a click on "save" away.
MAX_PAGES = 500


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


def pack_page_request(data: bytes, number: int) -> bytes:
    return _PAGE_NUMBER.pack(number) + data


def read_page_request(payload: bytes) -> tuple[bytes, int]:
    return payload[_PAGE_NUMBER.size :], _PAGE_NUMBER.unpack_from(payload)[0]


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page of a document as a picture; ``pages`` is how many the document has."""

    pages: int
    width: int
    height: int
    picture: bytes

    def pack(self) -> bytes:
        return _PAGE_FACTS.pack(self.pages, self.width, self.height) + self.picture

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        pages, width, height = _PAGE_FACTS.unpack_from(payload)
        return cls(pages, width, height, payload[_PAGE_FACTS.size :])
