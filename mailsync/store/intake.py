"""New messages of one folder, from parsed headers to rows. Database room.

In: one chunk of headers, fetched and parsed outside any transaction, the UIDs that were asked for,
and how far the folder's cursor moves with them. Out: messages, placements, threads, counts and the
cursor, in one transaction that commits only while the lease is held. A UID that is placed already
is skipped, so the same chunk may come twice; one that was asked for and not given becomes a hole.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F

from accounts.models import MailAccount
from mailsync.errors import LeaseLost
from mailsync.extract.indexed import header_text
from mailsync.message.facts import ParsedHeader
from mailsync.message.lexemes import Vector, build_vector
from mailsync.message.plain import plain, plain_json
from mailsync.message.subject import is_reply_subject
from mailsync.models import ONLY_HERE_EPOCH, Folder, Message, Placement
from mailsync.plan.threading import ThreadFacts
from mailsync.store import leases
from mailsync.store.arrivals import note_arrivals
from mailsync.store.bulk import copy_new_rows, copy_rows
from mailsync.store.filed import SUBJECT_LENGTH
from mailsync.store.holes import fill_holes, note_holes
from mailsync.store.mail_sums import note_mail
from mailsync.store.pending import pending_flags, show_flags
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.text_index import write_vectors
from mailsync.store.threads import assign_threads, delete_empty_threads, refresh_threads
from mailsync.types import Address, FetchedHeader, Role

#: Before this there was no mail; a Date header that says so is not believed.
_OLDEST_DATE = datetime(1980, 1, 1, tzinfo=UTC)
#: Seen in practice: INTERNALDATE of the year 1 or 9999. A list can be sorted by these, and days added to them.
_FIRST_DATE, _LAST_DATE = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

NOT_GIVEN = "The server did not give this message."


_Read = tuple[FetchedHeader, ParsedHeader]


@dataclass(frozen=True, slots=True)
class CursorMove:
    """Columns of the folder that move in the same transaction; None leaves one as it is."""

    uidnext_seen: int | None = None
    header_cursor: int | None = None
    highestmodseq: int | None = None
    exists_seen: int | None = None

    def with_header_cursor(self, uid: int) -> "CursorMove":
        return replace(self, header_cursor=uid)

    def as_columns(self) -> dict[str, int]:
        pairs = {
            "uidnext_seen": self.uidnext_seen,
            "header_cursor": self.header_cursor,
            "highestmodseq": self.highestmodseq,
            "exists_seen": self.exists_seen,
        }
        return {name: value for name, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True)
class HeaderChunk:
    """What one FETCH gave: ``asked`` are the UIDs asked for, ``got`` headers with what parsing made of them."""

    folder_id: int
    epoch: int
    asked: Sequence[int]
    got: Sequence[tuple[FetchedHeader, ParsedHeader]]
    cursor: CursorMove = CursorMove()
    #: Why the others did not come, for their holes.
    reason: str = NOT_GIVEN
    #: What to index, by UID, where it has been worked out already.
    vectors: Mapping[int, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """What a chunk did: ``new`` placements, how many ``matched`` messages we had, ``holes``, and the new counts."""

    new: int
    matched: int
    holes: int
    counts: tuple[FolderCounts, ...]


def record_headers(lease: leases.HeldLease, chunk: HeaderChunk) -> Intake:
    """Store one chunk. Raises ``LeaseLost`` when the lane or the folder's epoch is another's by now."""
    chunk = replace(chunk, got=[(_with_believable_date(fetched), parsed) for fetched, parsed in chunk.got])
    with leases.commit(lease):
        folder = lock_epoch(chunk.folder_id, chunk.epoch)
        placed = set(
            Placement.objects.filter(folder=folder, epoch=chunk.epoch, uid__in=chunk.asked).values_list(
                "uid", flat=True
            )
        )
        fresh = [item for item in chunk.got if item[0].uid not in placed]
        matches = _Matches.load(folder, fresh)
        messages = {item[0].uid: found for item in fresh if (found := matches.find(*item)) is not None}
        unmatched = [item for item in fresh if item[0].uid not in messages]
        assigned = assign_threads(folder.account_id, [thread_facts(*item) for item in unmatched])
        if assigned.pairs or assigned.merged:
            _follow_threads(messages.values())
        messages |= _create_messages(folder.account_id, unmatched, assigned.threads, chunk.vectors)
        touched = _place(folder, [(item[0], messages[item[0].uid]) for item in fresh], matches)
        _note_arrivals(folder, fresh, unmatched)
        given = [fetched.uid for fetched, _ in chunk.got]
        fill_holes(folder, given)
        missing = set(chunk.asked) - placed - set(given)
        note_holes(folder, missing, chunk.reason)
        pairs = {(folder.pk, thread) for thread in touched} | assigned.pairs
        counts = refresh(pairs)
        refresh_threads({thread for _, thread in pairs})
        delete_empty_threads(assigned.merged)
        bodiless = sum(message.raw_id is None for message in messages.values())
        columns: dict[str, Any] = chunk.cursor.as_columns()
        Folder.objects.filter(pk=folder.pk).update(bodies_pending=F("bodies_pending") + bodiless, **columns)
    return Intake(len(fresh), len(fresh) - len(unmatched), len(missing), tuple(counts))


def _note_arrivals(folder: Folder, fresh: Sequence[_Read], unmatched: Sequence[_Read]) -> None:
    """What has come into an inbox since it was first looked at waits for the rules; its old mail does not."""
    if folder.role != Role.INBOX or folder.uidnext_seen is None:
        return
    uids = [fetched.uid for fetched, _ in fresh if fetched.uid >= folder.uidnext_seen]
    new = {fetched.uid for fetched, _ in unmatched}
    from_gmail = {fetched.uid for fetched, _ in fresh if fetched.provider.message_id}
    note_arrivals(
        folder.pk,
        folder.epoch,
        [uid for uid in uids if uid in new or uid in from_gmail],
        [uid for uid in uids if uid not in new],
    )


def _with_believable_date(fetched: FetchedHeader) -> FetchedHeader:
    if _FIRST_DATE <= fetched.internal_date <= _LAST_DATE:
        return fetched
    return replace(fetched, internal_date=min(max(fetched.internal_date, _FIRST_DATE), _LAST_DATE))


def lock_epoch(folder_id: int, epoch: int) -> Folder:
    """The folder's row, locked. Raises ``LeaseLost`` when the folder is gone or in another epoch."""
    lock_folders([folder_id])
    folder = Folder.objects.filter(pk=folder_id, epoch=epoch).first()
    if folder is None:
        raise LeaseLost(f"Folder {folder_id} has been removed or has begun a new epoch.")
    return folder


class _Matches:
    """Messages of the account that a fetched header may be another copy of.

    The same by the provider's id; or by the header's bytes and the size, where a server stamped the
    header (Received) or it once lay in this very folder. Never by Message-ID alone: that is the
    sender's to choose. ``waiting`` are placements of this folder that a fetched message may turn out
    to be: one under way (no UID yet), one of an earlier epoch, or one that is only here.
    """

    def __init__(self) -> None:
        self._by_provider: dict[str, Message] = {}
        self._by_header: dict[tuple[bytes, int], Message] = {}
        self._under_way: dict[str, Message] = {}
        self._waiting: dict[int, list[Placement]] = {}
        self._nameless: set[int] = set()

    @classmethod
    def load(cls, folder: Folder, fresh: Sequence[tuple[FetchedHeader, ParsedHeader]]) -> "_Matches":
        providers = {fetched.provider.message_id for fetched, _ in fresh} - {""}
        hashes = {header_hash(fetched) for fetched, _ in fresh}
        names = {plain(parsed.message_id) for _, parsed in fresh}
        account = Message.objects.filter(account_id=folder.account_id)
        found = list(account.filter(message_id__in=names, header_sha256__in=hashes))
        if providers:
            found += account.filter(provider_id__in=providers)
        mine = Placement.objects.filter(folder=folder).select_related("message")
        under_way = list(mine.filter(uid__isnull=True, gone_phase=0))
        # Mail that is only here may come back, too: a server restored from its backup lists it again.
        earlier = mine.filter(epoch__lt=folder.epoch, gone_phase=0, message__in=found) if found else ()
        matches = cls()
        for placement in (*under_way, *earlier):
            matches._waiting.setdefault(placement.message_id, []).append(placement)
            found.append(placement.message)
            if placement.epoch == ONLY_HERE_EPOCH and not placement.message.message_id:
                # Kept for years: another message may well have the same few header fields by now.
                matches._nameless.add(placement.message_id)
        matches._under_way = {placement.message.message_id: placement.message for placement in under_way}
        matches.add(found)
        return matches

    def add(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message.provider_id:
                self._by_provider.setdefault(message.provider_id, message)
            if message.header_sha256 is not None:
                self._by_header.setdefault((bytes(message.header_sha256), message.size_bytes), message)

    def find(self, fetched: FetchedHeader, parsed: ParsedHeader) -> Message | None:
        if fetched.provider.message_id:
            by_provider = self._by_provider.get(fetched.provider.message_id)
            if by_provider is not None:
                return by_provider
        found = self._by_header.get((header_hash(fetched), fetched.size_bytes))
        is_waiting = found is not None and found.pk in self._waiting and found.pk not in self._nameless
        if found is not None and (is_waiting or _is_stamped(fetched.header)):
            return found
        return self._under_way.get(parsed.message_id) if parsed.message_id else None

    def take_waiting(self, message: Message) -> Placement | None:
        """A placement that this message's arrival fulfils, each once."""
        waiting = self._waiting.get(message.pk)
        return waiting.pop(0) if waiting else None


def _follow_threads(messages: Iterable[Message]) -> None:
    """Stored messages whose conversation has just become part of another are placed there."""
    rows = {message.pk: message for message in messages}
    for pk, thread_id in Message.objects.filter(pk__in=rows).values_list("pk", "thread_id"):
        rows[pk].thread_id = thread_id


def _is_stamped(header: bytes) -> bool:
    return header[:9].lower() == b"received:" or b"\nreceived:" in header.lower()


def header_hash(fetched: FetchedHeader) -> bytes:
    return hashlib.sha256(fetched.header).digest()


def _place(folder: Folder, fresh: Sequence[tuple[FetchedHeader, Message]], matches: _Matches) -> set[int]:
    """Placements for these; returns the threads they are of."""
    new: list[Placement] = []
    taken: list[Placement] = []
    for fetched, message in fresh:
        placement = matches.take_waiting(message)
        (new if placement is None else taken).append(
            _fill(
                placement
                or Placement(
                    account_id=folder.account_id, folder=folder, message=message, received_at=message.received_at
                ),
                folder.epoch,
                fetched,
                message.thread_id,
            )
        )
    _let_go(folder, taken)
    pending = pending_flags(placement.pk for placement in taken) if taken else {}
    for placement in (*new, *taken):
        show_flags(placement, pending.get(placement.pk, {}))
    copy_new_rows(new)
    columns = ["uid", "epoch", "modseq", "server_flags", "seen", "flagged", "answered", "draft", "keywords", "kept"]
    Placement.objects.bulk_update(taken, columns, batch_size=200)
    return {placement.thread_id for placement in (*new, *taken)}


def _let_go(folder: Folder, taken: Sequence[Placement]) -> None:
    """What was only here and is on the server again is mail like any other, but for what archive mode has kept."""
    kept = [placement for placement in taken if placement.kept]
    if kept and MailAccount.objects.filter(pk=folder.account_id, keep_days=None).exists():
        for placement in kept:
            placement.kept = False


def _fill(placement: Placement, epoch: int, fetched: FetchedHeader, thread_id: int) -> Placement:
    placement.thread_id = thread_id
    placement.epoch, placement.uid, placement.modseq = epoch, fetched.uid, fetched.modseq
    if fetched.flags is not None:
        placement.server_flags = [plain(name) for name in fetched.flags.names()]
    return placement


def _create_messages(
    account_id: int,
    items: Sequence[tuple[FetchedHeader, ParsedHeader]],
    threads: Sequence[int],
    vectors: Mapping[int, Vector],
) -> dict[int, Message]:
    """New rows by UID."""
    messages: dict[tuple[bytes, int] | int, Message] = {}
    keys: dict[int, tuple[bytes, int] | int] = {}
    for (fetched, parsed), thread_id in zip(items, threads, strict=True):
        # Two copies in one chunk are two placements of one message.
        key = (header_hash(fetched), fetched.size_bytes) if _is_stamped(fetched.header) else fetched.uid
        keys[fetched.uid] = key
        if key not in messages:
            messages[key] = new_message(account_id, fetched, parsed, thread_id)
    copy_rows(list(messages.values()))
    note_mail(account_id, messages=len(messages))
    write_vectors(
        account_id,
        {
            messages[keys[fetched.uid]].pk: vectors.get(fetched.uid) or build_vector(header_text(0, parsed))
            for fetched, parsed in items
        },
    )
    return {uid: messages[key] for uid, key in keys.items()}


def new_message(account_id: int, fetched: FetchedHeader, parsed: ParsedHeader, thread_id: int) -> Message:
    """An unsaved row with what the header tells."""
    return Message(
        account_id=account_id,
        thread_id=thread_id,
        provider_id=fetched.provider.message_id[:64],
        provider_thread_id=fetched.provider.thread_id[:64],
        header_sha256=header_hash(fetched),
        received_at=fetched.internal_date,
        size_bytes=fetched.size_bytes,
        **header_columns(parsed, fetched.internal_date),
    )


def header_columns(parsed: ParsedHeader, received_at: datetime) -> dict[str, Any]:
    """The columns of ``Message`` that a header fills."""
    people = {"to": parsed.to, "cc": parsed.cc, "bcc": parsed.bcc, "reply_to": parsed.reply_to}
    sent_at = parsed.sent_at
    if sent_at is not None and not _OLDEST_DATE <= sent_at <= received_at + timedelta(days=2):
        sent_at = None
    return {
        "message_id": plain(parsed.message_id),
        "in_reply_to": plain(parsed.in_reply_to),
        "references": [plain(name) for name in parsed.references],
        "subject": plain(parsed.subject),
        "lone_reply": _lone_reply(parsed),
        "from_name": plain(parsed.sender.name),
        "from_address": plain(parsed.sender.address),
        "recipients": {field: pairs(addresses) for field, addresses in people.items() if addresses},
        "sent_at": sent_at,
        "facts": plain_json(parsed.facts),
        "defects": [plain(defect) for defect in parsed.defects],
    }


def pairs(addresses: Iterable[Address]) -> list[list[str]]:
    """Addresses as the JSON columns keep them."""
    return [[plain(address.name), plain(address.address)] for address in addresses]


def _lone_reply(parsed: ParsedHeader) -> str:
    lone = is_reply_subject(parsed.subject) and not parsed.references and not parsed.in_reply_to
    return plain(parsed.base_subject)[:SUBJECT_LENGTH] if lone else ""


def thread_facts(fetched: FetchedHeader, parsed: ParsedHeader) -> ThreadFacts:
    """What threading reads of a fetched header."""
    return ThreadFacts(
        message_id=plain(parsed.message_id),
        references=tuple(plain(name) for name in parsed.references),
        in_reply_to=plain(parsed.in_reply_to),
        provider_thread_id=fetched.provider.thread_id[:64],
        base_subject=plain(parsed.base_subject),
        is_reply=is_reply_subject(parsed.subject),
        sender=parsed.sender.address.lower(),
        recipients=frozenset(address.address.lower() for address in (*parsed.to, *parsed.cc)),
        received_at=fetched.internal_date,
    )
