"""Messages ↔ an mbox file (RFC 4155, in the form that quotes without loss, "mboxrd"). Pure.

What a message is marked with has no place in its bytes. It travels as mutt, Dovecot and others write it, in the fields
Status, X-Status and X-Keywords, which a reader takes off again; Thunderbird's and Gmail's own fields are understood.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedIOBase

from mailsync.message.dates import parse_date

_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
#: A line that begins a message: a sender, then a date with its year. Old writers quoted no "From " in bodies.
_BEGINS = re.compile(rb"From (\S+ )?.*\b(\d{4})\b")
_QUOTED = re.compile(rb">+From ")
_WEEKDAY_FIRST = re.compile(r"(?:[A-Z][a-z]{2},? )?([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d(?::\d\d)?)(?: \S+)? (\d{4})")
#: Fields that only say how a message is marked here, and their letters.
_MARKS = re.compile(rb"(status|x-status|x-keywords|x-mozilla-status2?|x-mozilla-keys):", re.IGNORECASE)
_LETTERS = {"R": "\\Seen", "A": "\\Answered", "F": "\\Flagged", "T": "\\Draft"}
_MOZILLA = {0x0001: "\\Seen", 0x0002: "\\Answered", 0x0004: "\\Flagged"}
_MOZILLA_EXPUNGED = 0x0008
_UNFIT_KEYWORD = re.compile(r'[^\x21-\x7e]|[(){%*"\\\]]')


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of a file: its bytes as a server would have them, or None where it is larger than is taken.

    ``at`` is when it came, as far as the file says; ``flags`` are None where the file says nothing of them. ``end`` is
    the place in the file after it.
    """

    raw: bytes | None
    at: datetime | None
    flags: tuple[str, ...] | None
    end: int


def mbox_entry(raw: bytes, sender: str, at: datetime, flags: Iterable[str] = ()) -> bytes:
    """One message as it stands in the file. ``>`` before "From " at the head of a line is taken away by readers.

    >>> mbox_entry(b"Subject: x\\r\\n\\r\\nFrom here", "a@b.example", datetime(2026, 3, 1, tzinfo=UTC), ["\\\\Seen"])
    b'From a@b.example Sun Mar  1 00:00:00 2026\\nStatus: RO\\nSubject: x\\n\\n>From here\\n\\n'
    """
    address = re.sub(r"[^\x21-\x7e]", "", sender) or "MAILER-DAEMON"
    # RFC 4155: the time in UTC, as asctime writes it, whatever the language of the process.
    stamp = at.astimezone(UTC).ctime()
    # Such fields in the message itself are what another mailbox marked it with once; readers would take them for ours.
    raw, _theirs = _take_marks(raw)
    body = _FROM.sub(rb">\1", raw.replace(b"\r\n", b"\n"))
    end = b"\n" if body.endswith(b"\n") else b"\n\n"
    return f"From {address} {stamp}\n{_marks(flags)}".encode() + body + end


def _marks(flags: Iterable[str]) -> str:
    own = list(flags)
    letters = "".join(letter for letter, flag in _LETTERS.items() if flag in own and letter != "R")
    keywords = " ".join(flag for flag in own if not flag.startswith("\\") and not _UNFIT_KEYWORD.search(flag))
    said = "Status: RO\n" if "\\Seen" in own else "Status: O\n"
    return said + (f"X-Status: {letters}\n" if letters else "") + (f"X-Keywords: {keywords}\n" if keywords else "")


def read_mbox(file: BufferedIOBase, *, most_bytes: int) -> Iterator[Entry]:
    """The messages from where ``file`` stands, one in memory at a time; what stands before the first is passed over.

    A line "From … 2026" begins a message after an empty line only, as bodies have such lines too.
    """
    lines: list[bytes] = []
    head: bytes | None = None
    size = 0
    after_empty = True
    at = file.tell()
    while line := file.readline(most_bytes):
        if after_empty and line.startswith(b"From ") and _BEGINS.match(line):
            if head is not None and (entry := _entry(head, lines, size, most_bytes, at)):
                yield entry
            head, lines, size = line, [], 0
        elif head is not None:
            size += len(line) + 1
            if size > most_bytes:
                lines.clear()  # it is not taken; its rest is read only to find the next
            else:
                lines.append(line)
        after_empty = line in (b"\n", b"\r\n")
        at += len(line)
    if head is not None and (entry := _entry(head, lines, size, most_bytes, at)):
        yield entry


def _entry(head: bytes, lines: Sequence[bytes], size: int, most_bytes: int, end: int) -> Entry | None:
    at = _stamp(head.decode("ascii", "replace"))
    if size > most_bytes:
        return Entry(None, at, None, end)
    body = lines[:-1] if lines and lines[-1] in (b"\n", b"\r\n") else lines
    raw, marks = _take_marks(b"".join(line[1:] if _QUOTED.match(line) else line for line in body))
    is_expunged = bool(_mozilla(marks) & _MOZILLA_EXPUNGED)
    return None if is_expunged else Entry(raw, at, _flags(marks), end)


def single_entry(raw: bytes, end: int) -> Entry:
    """A message that is a file of its own (``.eml``)."""
    raw, marks = _take_marks(raw)
    return Entry(raw, None, _flags(marks), end)


def _take_marks(raw: bytes) -> tuple[bytes, dict[str, str]]:
    """With line ends as in mail, and without the fields that only mark it, which are returned by their names."""
    header, empty, body = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    kept: list[bytes] = []
    marks: dict[str, str] = {}
    is_mark = False
    for line in header.split(b"\r\n"):
        if line[:1] not in (b" ", b"\t"):
            found = _MARKS.match(line)
            is_mark = found is not None
            if found is not None:
                marks[found[1].decode().lower()] = line[found.end() :].decode("ascii", "replace").strip()
            elif line[:15].lower() == b"x-gmail-labels:":  # it stays: what Gmail writes into the files it gives away
                marks["x-gmail-labels"] = line[15:].decode("ascii", "replace")
        if not is_mark:
            kept.append(line)
    return b"\r\n".join(kept) + empty + body, marks


def _flags(marks: dict[str, str]) -> tuple[str, ...] | None:
    if not marks:
        return None
    found = {_LETTERS[one] for one in marks.get("status", "") + marks.get("x-status", "") if one in _LETTERS}
    found |= {flag for bit, flag in _MOZILLA.items() if _mozilla(marks) & bit}
    keywords = f"{marks.get('x-keywords', '')} {marks.get('x-mozilla-keys', '')}".split()
    found |= {word for word in keywords[:50] if len(word) <= 100 and not _UNFIT_KEYWORD.search(word)}
    if "x-gmail-labels" in marks and "status" not in marks:  # it stays in the message, whatever is marked later
        labels = {label.strip().strip('"') for label in marks["x-gmail-labels"].split(",")}
        found |= set() if "Unread" in labels else {"\\Seen"}
        found |= {"\\Flagged"} if "Starred" in labels else set()
    return tuple(sorted(found))


def _mozilla(marks: dict[str, str]) -> int:
    said = marks.get("x-mozilla-status", "")
    return int(said, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,8}", said) else 0


def _stamp(line: str) -> datetime | None:
    """The time of a "From " line: asctime's, in UTC where it names no zone."""
    found = _WEEKDAY_FIRST.search(line)
    if found is None:
        return None
    month, day, time, year = found.groups()
    zone = re.search(r" ([+-]\d{4})\b", line)
    return parse_date(f"{day} {month} {year} {time} {zone[1] if zone else '+0000'}")
