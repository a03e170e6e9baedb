"""Files in, the pieces of a zip archive out, while the files are read. Pure.

The archive goes to a stream that cannot be rewound, so sizes follow each file in a data descriptor
(APPNOTE.TXT §4.3.9). Files are stored, not compressed: what people attach mostly is compressed already.
"""

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import RawIOBase
from typing import Any


class _Sink(RawIOBase):
    """Takes what ``zipfile`` writes, until it is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def zip_pieces(files: Iterable[tuple[str, Iterator[bytes]]], modified_at: datetime) -> Iterator[bytes]:
    """Yields the archive. Of two files of one name the second becomes "name (2).ext"."""
    sink = _Sink()
    used: set[str] = set()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, pieces in files:
            info = zipfile.ZipInfo(_unused(name, used), (max(1980, modified_at.year), *modified_at.timetuple()[1:6]))
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


def _unused(name: str, used: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    candidate, number = name, 1
    while candidate.lower() in used:
        number += 1
        candidate = f"{stem} ({number}){dot}{ending}"
    used.add(candidate.lower())
    return candidate
