"""Mail from files, brought into a folder: which is here already, what is new, how far the file is. Database room.

In: the act of an import, locked, and a batch of messages of its file. Out: rows shown at once and changes that append
them on the server, all in the caller's transaction, so that a worker that dies brings nothing twice.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING

from mailsync.errors import CannotDo
from mailsync.message.dates import parse_date
from mailsync.message.headers import first, split_header, structured, unstructured
from mailsync.message.references import parse_message_id
from mailsync.models import Act, Change, Folder, Message, Placement, Upload
from mailsync.store import changes, quota, uploads
from mailsync.store.authored import store_own_messages
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.threads import refresh_threads

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: So many messages on their way to the server are enough: what the person does meanwhile is not to wait behind more.
MOST_WAITING = 200

#: Characters of a subject that name a message.
_MOST_NAMED = 200

#: Bytes, when it came, and its flags.
Letter = tuple[bytes, datetime, tuple[str, ...]]


class _Pieces(RawIOBase):
    """The pieces of an upload as a file: read only, one piece in memory at a time."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._upload.size_bytes)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._at + len(view), self._upload.size_bytes)
        data = b"".join(uploads.read(self._upload, self._at, end)) if end > self._at else b""
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def open_upload(upload: Upload) -> BufferedReader:
    """Its bytes, to be read and sought in."""
    return BufferedReader(_Pieces(upload), uploads.PIECE_BYTES)


def find_unfinished(user_id: int, fingerprint: str, size_bytes: int) -> Upload | None:
    """The upload of the same file of mail that was cut short."""
    mine = Upload.objects.filter(user=user_id, import_into__isnull=False, expires_at=None)
    found = mine.filter(fingerprint=fingerprint, size_bytes=size_bytes).first()
    return None if found is None or found.is_whole else found


def upload_of(act: Act) -> Upload | None:
    return Upload.objects.filter(pk=act.detail.get("upload")).first()


def imports_of(user_id: int, *, limit: int = 20) -> list[Act]:
    """The last imports of this person, newest first."""
    return list(Act.objects.filter(user=user_id, verb=Act.IMPORT).order_by("-created_at", "-id")[:limit])


def is_far_ahead(account_id: int) -> bool:
    """Whether as many messages wait for the server as may."""
    waiting = Change.objects.filter(account=account_id, kind=Change.Kind.APPEND, finished_at=None)
    return waiting.order_by().values("id")[:MOST_WAITING].count() >= MOST_WAITING


def check_still_fits(act: Act, upload: Upload) -> None:
    """Raises ``CannotDo`` once what the person keeps has reached their limit; the file that is read does not count."""
    limit = quota.limit_of(act.user)
    if limit is not None and quota.load_used([act.user_id])[act.user_id] - upload.size_bytes > limit:
        raise CannotDo("Your room here is full. What has been imported stays; make room, then import the file again.")


def record_import(act: Act, folder: Folder, letters: Sequence[Letter]) -> tuple[int, list[Letter], list[FolderCounts]]:
    """File these, but those that the account has already, wherever they lie: the same bytes, or the same Message-ID
    and Date. Some machines give all their letters one Message-ID.

    Returns how many are new, which were here, and the folders' new counts.
    """
    fresh = _unknown(folder.account_id, letters)
    if not fresh:
        return 0, list(letters), []
    lock_folders([folder.pk])
    messages = store_own_messages(folder.account_id, [(raw, at) for raw, at, _ in fresh])
    by_flags: dict[tuple[str, ...], list[Message]] = {}
    for message, (_, _, flags) in zip(messages, fresh, strict=True):
        by_flags.setdefault(flags, []).append(message)
    for flags, same in by_flags.items():
        changes.record_appends([(message, None) for message in same], folder, flags=flags, group=act.group)
    pairs = [(folder.pk, message.thread_id) for message in messages]
    counts = refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    new = {id(letter) for letter in fresh}
    return len(fresh), [letter for letter in letters if id(letter) not in new], counts


def _unknown(account_id: int, letters: Sequence[Letter]) -> list[Letter]:
    digests = [hashlib.sha256(raw).digest() for raw, _, _ in letters]
    names = [_named(raw) for raw, _, _ in letters]
    shown = Placement.objects.filter(message__account=account_id, shown=True).order_by()
    same = shown.filter(message__raw__account=account_id, message__raw__sha256__in=digests)
    known_digests = {bytes(digest) for digest in same.values_list("message__raw__sha256", flat=True)}
    namesakes = shown.filter(message__message_id__in={name for name, _ in names} - {""})
    known_names = set(namesakes.values_list("message__message_id", "message__sent_at"))
    fresh = []
    for letter, digest, name in zip(letters, digests, names, strict=True):
        if digest not in known_digests and name not in known_names:
            fresh.append(letter)
            known_digests.add(digest)
            if name[0]:
                known_names.add(name)
    return fresh


def subject_of(raw: bytes) -> str:
    """What a message of a file is called, to name it to a person; "" where it has no subject."""
    fields, _, _ = split_header(raw, 0, len(raw))
    return unstructured(first(fields, b"subject")).strip()[:_MOST_NAMED]


def _named(raw: bytes) -> tuple[str, datetime | None]:
    fields, _, _ = split_header(raw, 0, len(raw))
    return parse_message_id(structured(first(fields, b"message-id"))), parse_date(structured(first(fields, b"date")))
