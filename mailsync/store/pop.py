"""The ledger of a POP3 mailbox, and its mail on the way in. Database room.

In: whole messages of one session, retrieved and parsed outside any transaction, and what the plan says
of the listing. Out: messages in the local INBOX under UIDs of our own, and ledger rows that know them
again, in one transaction that commits only while the lease is held. Only what has gone through here may
be deleted on its server.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import uuid4

from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts.models import MailAccount
from mailsync.message.facts import ParsedHeader, ParsedMessage
from mailsync.message.plain import plain
from mailsync.models import Folder, Message, Placement, PopMessage
from mailsync.plan.pop import Entry, Listed, Look, SessionPlan, name_by_content
from mailsync.plan.pop import State as LedgerState
from mailsync.store import leases
from mailsync.store.arrivals import note_arrivals
from mailsync.store.bodies import record_raw
from mailsync.store.changes import take_local_uids
from mailsync.store.intake import new_message, thread_facts
from mailsync.store.mail_sums import note_mail
from mailsync.store.specials import find_role_folder, role_folder
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.threads import assign_threads, delete_empty_threads, refresh_threads
from mailsync.types import FetchedHeader, FetchedMessage, Role

#: What a POP3 server does not keep, we do.
LOCAL_ROLES = (Role.SENT, Role.DRAFTS, Role.ARCHIVE, Role.JUNK, Role.TRASH)
#: A row of a message that its server no longer lists is kept so long: servers have listed mail anew after weeks.
KEEP_TOMBSTONES = timedelta(days=90)
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 900, 7 * 24 * 3600

State = PopMessage.State


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A whole message: ``listed`` as the session showed it, ``look`` as its header will be known again."""

    listed: Listed
    raw: bytes
    parsed: ParsedMessage
    look: Look
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PopIntake:
    """``entries``: message number → its row, as it stands now. ``new`` counts messages that were not here before."""

    entries: Mapping[int, Entry]
    new: int
    counts: tuple[FolderCounts, ...]


def make_local_folders(lease: leases.HeldLease, account: MailAccount) -> Folder:
    """The folders that a POP3 account has here alone, each made once; returns the inbox."""
    with leases.commit(lease):
        roles = set(Folder.objects.filter(account=account).values_list("role", flat=True))
        if Role.INBOX.value not in roles:
            Folder.objects.create(
                account=account, path="INBOX", name="INBOX", role=Role.INBOX.value, is_local=True, header_cursor=1
            )
        for role in LOCAL_ROLES:
            if role.value not in roles:
                role_folder(account, role, uuid4())
    inbox = find_role_folder(account.pk, Role.INBOX)
    assert inbox is not None
    return inbox


def load_ledger(account_id: int) -> list[Entry]:
    """Every message that the mailbox has shown of late."""
    return _entries(PopMessage.objects.filter(account_id=account_id))


def _entries(rows: QuerySet[PopMessage]) -> list[Entry]:
    here = Exists(Placement.objects.filter(message=OuterRef("message_id"), gone_phase=0))
    facts = rows.annotate(now=Now(), here=here, raw_id=F("message__raw_id")).order_by("id")
    return [
        Entry(
            id=row.pk,
            name=row.uidl,
            ordinal=row.ordinal,
            state=cast(LedgerState, row.state),
            size_bytes=row.size_bytes,
            header_sha256=bytes(row.header_sha256) if row.header_sha256 is not None else None,
            age_days=(row.now - row.first_seen_at) / timedelta(days=1),
            removed_here=row.sha256 is not None and not row.here,
            kept_here=row.raw_id is not None,
            may_try=row.next_try_at is None or row.next_try_at <= row.now,
        )
        for row in facts
    ]


def apply_listing(lease: leases.HeldLease, plan: SessionPlan) -> None:
    """What the listing tells of known messages. Absence marks a row and touches no mail. Raises ``LeaseLost``."""
    if not (plan.gone or plan.returned or plan.resized):
        return
    with leases.commit(lease):
        rows = PopMessage.objects.filter(account_id=lease.account_id)
        rows.filter(id__in=plan.gone).update(state=State.GONE, gone_at=Now())
        back = rows.filter(id__in=plan.returned)
        back.filter(sha256__isnull=False).update(state=State.STORED, gone_at=None)
        back.filter(sha256__isnull=True).update(state=State.SEEN, gone_at=None)
        resized = dict(plan.resized)
        changed = list(rows.filter(id__in=resized))
        for row in changed:
            row.size_bytes = resized[row.pk]
        PopMessage.objects.bulk_update(changed, ["size_bytes"], batch_size=500)


def record_retrieved(
    lease: leases.HeldLease, inbox_id: int, items: Sequence[Retrieved], *, present: Collection[int]
) -> PopIntake:
    """Store these messages. ``present``: rows that others in the listing are known to be. Raises ``LeaseLost``.

    Bytes that the ledger has under a name no longer listed are that message under a new name (a server
    that renames its mail): known again, not imported again, whatever its user has done with it.
    """
    with leases.commit(lease):
        lock_folders([inbox_id])
        inbox = Folder.objects.get(pk=inbox_id, account_id=lease.account_id)
        names = _Names(lease.account_id, [_name(item) for item in items])
        renamed = _Renamed(lease.account_id, [_digest(item) for item in items], present)
        rows: dict[int, PopMessage] = {}
        new: list[Retrieved] = []
        for item in items:
            row = renamed.take(_digest(item))
            if row is None:
                row = names.tried(_name(item)) or PopMessage(account_id=lease.account_id)
                new.append(item)
            rows[item.listed.number] = _fill(row, item, names)
        messages, counts = _take_in(inbox, new)
        for item in new:
            rows[item.listed.number].message_id = messages[_digest(item)].pk
        for row in rows.values():
            row.save()
        entries = {
            entry.id: entry for entry in _entries(PopMessage.objects.filter(id__in=[r.pk for r in rows.values()]))
        }
    return PopIntake({number: entries[row.pk] for number, row in rows.items()}, len(new), tuple(counts))


def _fill(row: PopMessage, item: Retrieved, names: "_Names") -> PopMessage:
    name = _name(item)
    if row.pk is None or row.uidl != name:
        row.uidl, row.ordinal = name, names.next_ordinal(name)
    if row.state in (State.SEEN, State.GONE):
        row.state = State.STORED
    row.sha256, row.header_sha256, row.size_bytes = _digest(item), item.look.header_sha256, item.listed.size_bytes
    row.gone_at, row.next_try_at, row.error = None, None, ""
    return row


def _name(item: Retrieved) -> str:
    return item.listed.name or name_by_content(item.look)


def _digest(item: Retrieved) -> bytes:
    return hashlib.sha256(item.raw).digest()


class _Names:
    """The rows that bear the names of this batch: which ordinal is free, and which wait for their bytes."""

    def __init__(self, account_id: int, names: Iterable[str]) -> None:
        rows = PopMessage.objects.filter(account_id=account_id, uidl__in=set(names))
        self._highest: dict[str, int] = dict(rows.values_list("uidl").annotate(highest=Max("ordinal")))
        self._tried = {row.uidl: row for row in rows.filter(sha256__isnull=True)}

    def next_ordinal(self, name: str) -> int:
        self._highest[name] = self._highest.get(name, -1) + 1
        return self._highest[name]

    def tried(self, name: str) -> PopMessage | None:
        return self._tried.pop(name, None)


class _Renamed:
    """Rows by the bytes they stand for, that no other message of the listing is known to be; each taken once."""

    def __init__(self, account_id: int, digests: Iterable[bytes], present: Collection[int]) -> None:
        rows = PopMessage.objects.filter(account_id=account_id, sha256__in=set(digests)).exclude(id__in=present)
        self._rows: dict[bytes, list[PopMessage]] = {}
        for row in rows.order_by("id"):
            self._rows.setdefault(bytes(row.sha256 or b""), []).append(row)

    def take(self, digest: bytes) -> PopMessage | None:
        waiting = self._rows.get(digest)
        return waiting.pop(0) if waiting else None


def _take_in(inbox: Folder, items: Sequence[Retrieved]) -> tuple[dict[bytes, Message], list[FolderCounts]]:
    """A placement in the inbox for each, and a message for all bytes that we do not have; messages by hash."""
    if not items:
        return {}, []
    by_hash = {_digest(item): item for item in items}
    account_id = inbox.account_id
    known = Message.objects.filter(account_id=account_id, raw__sha256__in=list(by_hash)).select_related("raw")
    have = {bytes(message.raw.sha256) for message in known if message.raw is not None}
    fresh = [item for digest, item in by_hash.items() if digest not in have]
    headers = [_header(item) for item in fresh]
    assigned = assign_threads(account_id, [thread_facts(*pair) for pair in headers])
    made = [new_message(account_id, *pair, thread) for pair, thread in zip(headers, assigned.threads, strict=True)]
    Message.objects.bulk_create(made)
    note_mail(account_id, messages=len(made))
    record_raw(
        account_id,
        [
            (message, FetchedMessage(uid=0, raw=item.raw, internal_date=item.received_at, flags=None), item.parsed)
            for message, item in zip(made, fresh, strict=True)
        ],
    )
    messages = {bytes(message.raw.sha256): message for message in known.all() if message.raw is not None}
    placements = [
        Placement(
            account_id=account_id,
            folder=inbox,
            epoch=inbox.epoch,
            uid=uid,
            message=messages[_digest(item)],
            thread_id=messages[_digest(item)].thread_id,
            received_at=messages[_digest(item)].received_at,
        )
        # The list comes newest first, and the newest shall have the highest UID.
        for item, uid in zip(reversed(items), take_local_uids(inbox, len(items)), strict=True)
    ]
    Placement.objects.bulk_create(placements)
    # The mail of a mailbox that has just been connected is old; what was here before under another name is not new.
    # Received has whole seconds.
    since, fresh_digests = inbox.account.created_at.replace(microsecond=0), {_digest(item) for item in fresh}
    digests = [_digest(item) for item in reversed(items)]
    arrived = [
        placement.uid
        for placement, digest in zip(placements, digests, strict=True)
        if digest in fresh_digests and placement.received_at >= since and placement.uid is not None
    ]
    note_arrivals(inbox.pk, inbox.epoch, arrived)
    pairs = {(inbox.pk, placement.thread_id) for placement in placements} | assigned.pairs
    counts = refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    delete_empty_threads(assigned.merged)
    return messages, counts


def _header(item: Retrieved) -> tuple[FetchedHeader, ParsedHeader]:
    end = item.raw.find(b"\r\n\r\n")
    header = item.raw if end < 0 else item.raw[: end + 4]
    fetched = FetchedHeader(uid=0, size_bytes=len(item.raw), internal_date=item.received_at, header=header, flags=None)
    return fetched, item.parsed.header


def note_failure(lease: leases.HeldLease, listed: Listed, words: str) -> None:
    """This message could not be had: tried again later, with longer waits, and holds up no other."""
    if not listed.name:
        return
    with leases.commit(lease):
        row, _ = PopMessage.objects.get_or_create(
            account_id=lease.account_id,
            uidl=listed.name,
            sha256=None,
            defaults={
                "size_bytes": listed.size_bytes,
                "ordinal": _Names(lease.account_id, [listed.name]).next_ordinal(listed.name),
            },
        )
        # A line that dropped once accuses nobody: the first new attempt is at once.
        wait = 0 if row.attempts == 0 else min(_FIRST_WAIT_SECONDS * 2 ** min(row.attempts, 12), _LONGEST_WAIT_SECONDS)
        PopMessage.objects.filter(pk=row.pk).update(
            attempts=min(row.attempts + 1, 32_000),
            next_try_at=Now() + timedelta(seconds=wait),
            error=plain(words)[:500],
        )


def distrust_names(account_id: int) -> None:
    """The account leads to what may be another mailbox: a UIDL that is listed there again is compared by its header
    before it counts as known."""
    rows = PopMessage.objects.filter(account_id=account_id, sha256__isnull=False)
    rows.update(state=State.GONE, gone_at=Now())


def record_dele(lease: leases.HeldLease, entry_ids: Collection[int]) -> None:
    """These are about to be deleted on the server. Committed before the first DELE. Raises ``LeaseLost``."""
    with leases.commit(lease):
        PopMessage.objects.filter(id__in=entry_ids, account_id=lease.account_id).update(state=State.DELE_SENT)


def is_stored_as(entry_id: int, raw: bytes) -> bool:
    """Whether these very bytes are what this row stands for."""
    return PopMessage.objects.filter(pk=entry_id, sha256=hashlib.sha256(raw).digest()).exists()


def count_only_here(account_id: int) -> int:
    """Messages that the server has no more, or never had (it keeps nothing that is sent): they go with the account."""
    there = PopMessage.objects.filter(message=OuterRef("message_id"), state__in=(State.SEEN, State.STORED))
    rows = Placement.objects.filter(~Exists(there), account_id=account_id, gone_phase=0)
    return rows.values("message_id").distinct().count()


def forget_tombstones() -> int:
    """Rows of messages that have not been listed for a long time; the messages themselves stay."""
    old = PopMessage.objects.filter(state=State.GONE, gone_at__lt=Now() - KEEP_TOMBSTONES)
    return old.delete()[0]
