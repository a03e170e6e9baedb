"""The text of Office files: Open XML (ECMA-376) and OpenDocument (ISO 26300), both zips of XML. Pure.

Only the parts that hold what a person wrote are read, as a stream, up to a limit of what is unpacked: a
zip may hold a thousand times its size.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import iterparse

_PARTS = re.compile(
    r"word/(document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
    r"|xl/(sharedStrings|worksheets/sheet\d+|comments\d*)\.xml"
    r"|ppt/(slides|notesSlides|comments)/[^/]+\.xml"
    r"|content\.xml"
)
MOST_UNPACKED_BYTES = 64 * 1024 * 1024
#: Elements whose end ends a line, by their name without namespace: paragraphs, cells, strings.
_ENDS_LINE = frozenset({"p", "h", "si", "row", "table-row", "c", "tc", "table-cell"})
#: Elements that hold text; in a sheet ``v`` is a number, or the place of a string told elsewhere.
_HOLDS_TEXT = frozenset({"t", "delText"})
_SPACES = frozenset({"tab", "br", "cr", "s", "line-break"})


def read_office(data: bytes) -> Iterator[str]:
    """The lines of a document, sheet or presentation."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        left = MOST_UNPACKED_BYTES
        for entry in archive.infolist():
            if not _PARTS.fullmatch(entry.filename):
                continue
            with archive.open(entry) as stream:
                unpacked = stream.read(left + 1)
            left -= len(unpacked)
            if left < 0:
                raise ValueError("The file unpacks to too much.")
            is_odf = entry.filename == "content.xml"
            yield from _read_odf(unpacked) if is_odf else _read_open_xml(unpacked)


def _read_open_xml(data: bytes) -> Iterator[str]:
    line: list[str] = []
    is_number = True
    for event, element in iterparse(io.BytesIO(data), ("start", "end")):  # noqa: S314  expat ≥ 2.4.1 bounds entities
        name = element.tag.rpartition("}")[2]
        if event == "start":
            if name == "c":
                is_number = element.get("t", "n") in ("n", "str", "d")
            continue
        if name in _HOLDS_TEXT or (name == "v" and is_number):
            line.append(element.text or "")
        elif name in _SPACES:
            line.append(" ")
        elif name in _ENDS_LINE:
            if line:
                yield "".join(line)
                line = []
            element.clear()
    if line:
        yield "".join(line)


def _read_odf(data: bytes) -> Iterator[str]:
    for _, element in iterparse(io.BytesIO(data), ("end",)):  # noqa: S314  expat ≥ 2.4.1 bounds entities
        name = element.tag.rpartition("}")[2]
        if name in _SPACES:
            element.text = " "
        elif name in ("p", "h"):
            if text := "".join(element.itertext()):
                yield text
            tail, element.tail = element.tail, None
            element.clear()
            element.tail = tail
