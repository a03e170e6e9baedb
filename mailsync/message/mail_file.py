"""A file somebody brings from elsewhere → the mail in it: mbox, single messages, a zip archive of both. Pure.

What a file is is told by its first bytes, never by its name. Where reading stands is a ``Place``, so that it can go on
in another process; a file is read through once, one message in memory at a time.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BufferedReader
from pathlib import PurePosixPath
from typing import Literal, cast

from mailsync.errors import CannotDo
from mailsync.message.mbox import Entry, read_mbox, single_entry

_HEADER = re.compile(rb"[\x21-\x39\x3b-\x7e]{1,80}[ \t]*:")
_NO_MAIL = re.compile(rb"BEGIN:V", re.IGNORECASE)
_SNIFFED = 200
#: An archive of more files was not made for people.
_MOST_MEMBERS = 200_000
#: What reading a damaged archive, or one packed in a way Python does not know, ends with.
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError)


Stream = BufferedReader | zipfile.ZipExtFile


@dataclass(frozen=True, slots=True)
class Place:
    """Which file of the archive is read (0 where there is no archive), and how far."""

    member: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A message, or no entry for a file without mail; ``folder`` is where it lay, names from the top; ``next`` is where
    reading goes on; ``file`` is its name in the archive, where it is no mail or a message of its own."""

    entry: Entry | None
    folder: tuple[str, ...]
    next: Place
    file: str = ""


class MailFile:
    """``file`` can be sought in; ``name`` is what it was called. Raises ``CannotDo`` where it holds no mail at all."""

    def __init__(self, file: BufferedReader, name: str, *, most_bytes: int) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._archive: zipfile.ZipFile | None = None
        self._members: list[zipfile.ZipInfo] = []
        self._accounts: frozenset[str] = frozenset()
        if file.peek(_SNIFFED)[:2] == b"PK":
            self._open_archive(name)
        elif _kind(file) is None:
            raise CannotDo(
                f"“{name}” holds no mail. Heron reads mbox files, single messages (.eml), and zip archives of both."
            )

    def _open_archive(self, name: str) -> None:
        try:
            self._archive = zipfile.ZipFile(self._file)
        except _DAMAGED as error:
            raise CannotDo(
                f"“{name}” is a damaged archive. Make it anew, or unpack it and import its files."
            ) from error
        self._members = [one for one in self._archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
        if len(self._members) > _MOST_MEMBERS:
            raise CannotDo(f"“{name}” holds more than {_MOST_MEMBERS} files. Import it in parts.")
        if any(one.flag_bits & 0x1 for one in self._members):
            raise CannotDo(f"“{name}” is locked by a password. Unpack it and import its files.")
        self._accounts = frozenset(filter(None, (_account(one.filename) for one in self._members)))

    @property
    def size_bytes(self) -> int:
        """Of all that is to be read, unpacked; what an archive says of itself."""
        if self._archive is not None:
            return sum(one.file_size for one in self._members)
        before = self._file.tell()
        size = self._file.seek(0, 2)
        self._file.seek(before)
        return size

    def folders(self) -> list[tuple[str, ...]]:
        """The folders that an archive names, in its order; none of a file that is no archive."""
        named = (
            self._folder(one.filename) if _is_box(one.filename) else self._folder(one.filename)[:-1]
            for one in self._members
        )
        return [names for names in dict.fromkeys(named) if names]

    def _folder(self, name: str) -> tuple[str, ...]:
        """Of an archive of several accounts below the account that it is of: each has an inbox of its own."""
        account = _account(name) if len(self._accounts) > 1 else ""
        return (account, *_folder(name)) if account else _folder(name)

    def bytes_before(self, place: Place) -> int:
        """How much of ``size_bytes`` has been read where reading stands here."""
        if self._archive is None and place.member:
            return self.size_bytes
        return sum(one.file_size for one in self._members[: place.member]) + place.offset

    def read(self, place: Place) -> Iterator[Found]:
        """What there is from ``place`` on, in the order of the file."""
        if self._archive is None:
            if place.member == 0:
                yield from self._read_member(nullcontext(self._file), 0, "", place.offset)
            return
        for number in range(place.member, len(self._members)):
            member = self._members[number]
            offset = place.offset if number == place.member else 0
            try:
                yield from self._read_member(_opened(self._archive, member), number, member.filename, offset)
            except _DAMAGED:  # the files beside it may be whole
                yield Found(None, (), Place(number + 1), member.filename)

    def _read_member(
        self, opened: AbstractContextManager[Stream], number: int, name: str, offset: int
    ) -> Iterator[Found]:
        with opened as file:
            kind = _kind(file)
            file.seek(offset)
            if kind is None:
                yield Found(None, (), Place(number + 1), name)
            elif kind == "message":
                raw = file.read(self._most_bytes + 1)
                is_large = len(raw) > self._most_bytes
                entry = Entry(None, None, None, len(raw)) if is_large else single_entry(raw, len(raw))
                yield Found(entry, self._folder(name)[:-1], Place(number + 1), name)
            else:
                for entry in read_mbox(file, most_bytes=self._most_bytes):
                    yield Found(entry, self._folder(name), Place(number, entry.end))


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> zipfile.ZipExtFile:
    return cast(zipfile.ZipExtFile, archive.open(member))  # typed as wide as for writing


def _kind(file: Stream) -> Literal["mbox", "message"] | None:
    """By the first bytes, which stay to be read."""
    head = file.peek(_SNIFFED)[:_SNIFFED]
    if head.startswith(b"From "):
        return "mbox"
    # Contacts (RFC 6350) and events (RFC 5545) begin with what looks like the header of a message.
    return "message" if _HEADER.match(head) and not _NO_MAIL.match(head) else None


def _is_hidden(name: str) -> bool:
    """What systems put into archives of their own accord."""
    parts = PurePosixPath(name).parts
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts)


def _is_box(name: str) -> bool:
    """Whether a file of this name holds a folder's mail: what it holds is only known once it is read."""
    return PurePosixPath(name).suffix.lower() in (".mbox", ".mbx", "") or PurePosixPath(name).name.lower() == "mbox"


def _folder(name: str) -> tuple[str, ...]:
    """As Heron writes them, and others much alike.

    >>> _folder("ann@example.org/Club/Receipts.mbox")
    ('Club', 'Receipts')
    """
    parts = _parts(name)
    if _account(name):
        parts = parts[1:]
    if parts and parts[-1].lower().endswith((".mbox", ".mbx", ".eml")):
        parts[-1] = parts[-1].rpartition(".")[0]
    # Apple Mail: a folder "Receipts.mbox" with a file "mbox" in it.
    if len(parts) > 1 and parts[-1].lower() == "mbox":
        parts = [*parts[:-2], parts[-2].removesuffix(".mbox")]
    return tuple(part.strip() for part in parts if part.strip())


def _account(name: str) -> str:
    """The address of whose mail it is, as Heron's archives have it at the top; "" where they have none."""
    parts = _parts(name)
    return parts[0].strip() if len(parts) > 1 and "@" in parts[0] else ""


def _parts(name: str) -> list[str]:
    return [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
