"""The text of an attached file: bytes and what the file is in, text out. Pure; called in the child process only.

PDF is read by PDFium, calendars by icalendar, HTML, plain text and attached messages by what reads bodies, Office
files by ``office``. What cannot be read raises whatever its library raises; the caller takes that for "no text".
"""

import re
from collections.abc import Iterator

from icalendar import Calendar
from pypdfium2 import PdfDocument

from mailsync.extract.kinds import choose_kind
from mailsync.extract.office import read_office
from mailsync.message.bodies import decode_part, reader
from mailsync.message.charsets import decode_bytes
from mailsync.message.html_text import html_to_text
from mailsync.message.parse import parse_message

#: Of one file so much is indexed; a book has less.
MOST_CHARACTERS = 1_000_000
#: Messages within messages are read down to here.
_DEEPEST = 5
_OF_EVENT = ("SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "ORGANIZER", "ATTENDEE")


def read_text(kind: str, data: bytes, charset: str = "") -> str:
    """The text, its lines kept, cut at ``MOST_CHARACTERS``."""
    pieces: list[str] = []
    size = 0
    for piece in _pieces(kind, data, charset):
        pieces.append(piece)
        size += len(piece) + 1
        if size > MOST_CHARACTERS:
            break
    text = re.sub(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]", " ", "\n".join(pieces))
    return re.sub(r"[ \t]+", " ", text)[:MOST_CHARACTERS].strip()


def _pieces(kind: str, data: bytes, charset: str) -> Iterator[str]:
    match kind:
        case "pdf":
            for page in PdfDocument(data):
                yield page.get_textpage().get_text_bounded()
        case "office":
            yield from read_office(data)
        case "html":
            yield html_to_text(decode_bytes(data, charset)[0])
        case "calendar":
            yield from _calendar(data)
        case "message":
            yield from _message(data)
        case "text":
            yield decode_bytes(data, charset)[0]


def _calendar(data: bytes) -> Iterator[str]:
    """What a person reads of its entries (RFC 5545 §3.8): not their ids, times and rules."""
    for component in Calendar.from_ical(data).walk():
        for name in _OF_EVENT:
            found = component.get(name, ())
            for value in found if isinstance(found, list) else (found,) if found else ():
                yield " ".join((str(getattr(value, "params", {}).get("CN", "")), str(value))).strip()


def _message(data: bytes, depth: int = 1) -> Iterator[str]:
    """What a person reads of a message that was attached, and of those attached to it: subject, people, text, files."""
    parsed = parse_message(data)
    header = parsed.header
    yield header.subject
    for person in (header.sender, *header.to, *header.cc):
        yield f"{person.name} {person.address}".strip()
    yield parsed.text
    for part in parsed.attachments:
        yield part.filename
        if depth < _DEEPEST and choose_kind(part.content_type, part.filename) == "message":
            yield from _message(decode_part(part, reader(data)), depth + 1)
