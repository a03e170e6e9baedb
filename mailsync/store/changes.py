"""The change log, written in the transaction that shows the change on the screen. Database room.

In: placements (locked by ``store.locking``) and what the user wants of them. Out: rows as the user
shall see them, and a ``Change`` for each message that really differs, which ``engine.push`` carries to
the server. POP3 accounts have no remote folders: their changes are done when they are shown, and are
written down all the same, so that Undo works alike.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F, Max
from django.utils import timezone

from accounts.models import MailAccount, Protocol
from accounts.ready import cursor_for, prepared_cursor
from mailsync.models import ONLY_HERE_EPOCH, AccountSync, Change, Folder, Message, Placement
from mailsync.types import Role

#: IMAP system flags (RFC 9051 §2.3.2) and the columns that hold them; all other flags are keywords.
COLUMNS = {"\\Seen": "seen", "\\Flagged": "flagged", "\\Answered": "answered", "\\Draft": "draft"}


def has_flag(placement: Placement, name: str) -> bool:
    if name in COLUMNS:
        return bool(getattr(placement, COLUMNS[name]))
    return name in placement.keywords


def set_flags(placement: Placement, add: Iterable[str], remove: Iterable[str]) -> tuple[list[str], list[str]]:
    """Flags as the user sees them, on the row in memory; returns what really differed, added and removed."""
    added = [name for name in add if not has_flag(placement, name)]
    removed = [name for name in remove if has_flag(placement, name)]
    for names, value in ((added, True), (removed, False)):
        for name in names:
            if name in COLUMNS:
                setattr(placement, COLUMNS[name], value)
            elif value:
                placement.keywords = sorted({*placement.keywords, name})
            else:
                placement.keywords = [word for word in placement.keywords if word != name]
    return added, removed


def record_flags(
    placements: Sequence[Placement], *, add: Sequence[str] = (), remove: Sequence[str] = (), group: UUID
) -> list[Placement]:
    """Set and clear flags; returns the placements that changed. Nothing is recorded for the others."""
    touched: list[Placement] = []
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for placement in placements:
        added, removed = set_flags(placement, add, remove)
        if added or removed:
            touched.append(placement)
            alike.setdefault((tuple(added), tuple(removed)), []).append(placement.pk)
    _save_flags(touched, (*add, *remove))
    for (added_flags, removed_flags), ids in alike.items():
        log_changes(ids, Change.Kind.FLAGS, group, add=added_flags, remove=removed_flags)
    _wake(touched, None)
    return touched


def _save_flags(placements: Sequence[Placement], names: Iterable[str]) -> None:
    """One statement for a system flag however many messages have it; keywords differ from row to row."""
    names = set(names)
    for column in {COLUMNS[name] for name in names if name in COLUMNS}:
        for value in (True, False):
            ids = [placement.pk for placement in placements if getattr(placement, column) is value]
            if not ids:
                continue
            with cursor_for(len(ids)) as cursor:
                cursor.execute(f"UPDATE mailsync_placement SET {column} = %s WHERE id = ANY(%s)", [value, ids])  # noqa: S608
    if not names <= COLUMNS.keys():
        Placement.objects.bulk_update(placements, ["keywords"], batch_size=500)


def record_moves(
    placements: Sequence[Placement], target: Folder, *, group: UUID, hold_until: datetime | None
) -> list[Placement]:
    """Take placements out of their folders and show them in ``target``; returns the new placements.

    The new ones have no UID until the server has told it. In a POP3 account the same rows simply go there.
    """
    moving = [placement for placement in placements if placement.folder_id != target.pk]
    if is_local(target.account):
        return _move_locally(moving, target, group, numbered=True)
    only_here = [placement for placement in moving if placement.epoch == ONLY_HERE_EPOCH]
    if only_here:
        rest = [placement for placement in moving if placement.epoch != ONLY_HERE_EPOCH]
        arrived = record_moves(rest, target, group=group, hold_until=hold_until)
        return [*_move_locally(only_here, target, group, numbered=False), *arrived]
    if Role.ALL in {target.role, *(old.folder.role for old in moving)} and is_gmail(target.account_id):
        return _relabel(moving, target, group=group, hold_until=hold_until)
    arrived = copy_rows(moving, target)
    _log_moves(moving, arrived, target, group=group, hold_until=hold_until)
    return arrived


def _log_moves(
    moving: Sequence[Placement],
    arrived: Sequence[Placement],
    target: Folder,
    *,
    group: UUID,
    hold_until: datetime | None,
    kind: Change.Kind = Change.Kind.MOVE,
) -> None:
    if kind is Change.Kind.MOVE:
        hide(moving)
    log_changes(
        [old.pk for old in moving],
        kind,
        group,
        hold_until=hold_until,
        target_id=target.pk,
        arrived=[new.pk for new in arrived],
    )
    _wake(moving, hold_until)


def _relabel(
    moving: Sequence[Placement], target: Folder, *, group: UUID, hold_until: datetime | None
) -> list[Placement]:
    """Gmail's All Mail: nothing comes into it that is not there, and only Trash and Spam take anything out of it."""
    standing: dict[int, Placement] = {}
    if target.role == Role.ALL:
        rows = Placement.objects.select_related("account", "folder").filter(
            folder=target, message__in=[old.message_id for old in moving], shown=True, uid__isnull=False
        )
        standing = {row.message_id: row for row in rows}
    made = iter(copy_rows([old for old in moving if old.message_id not in standing], target))
    arrived = [standing.get(old.message_id) or next(made) for old in moving]
    for kind in (Change.Kind.MOVE, Change.Kind.COPY):
        stays = kind is Change.Kind.COPY
        pairs = [
            pair
            for pair in zip(moving, arrived, strict=True)
            if stays is (pair[0].folder.role == Role.ALL and target.role not in {Role.TRASH, Role.JUNK})
        ]
        if pairs:
            old_rows, new_rows = zip(*pairs, strict=True)
            _log_moves(old_rows, new_rows, target, group=group, hold_until=hold_until, kind=kind)
    return arrived


def copy_rows(moving: Sequence[Placement], target: Folder) -> list[Placement]:
    """The same messages with the same flags in ``target``, in the order given: one statement for a whole folder."""
    with connection.cursor() as cursor:
        cursor.execute(_COPY, {"ids": [old.pk for old in moving], "folder": target.pk, "epoch": target.epoch})
        new_ids = dict(cursor.fetchall())
    return [
        Placement(
            pk=new_ids[old.pk],
            account_id=old.account_id,
            folder=target,
            epoch=ONLY_HERE_EPOCH if old.epoch == ONLY_HERE_EPOCH else target.epoch,
            message_id=old.message_id,
            thread_id=old.thread_id,
            received_at=old.received_at,
        )
        for old in moving
    ]


_COPY = """
    WITH old AS MATERIALIZED (
        SELECT p.*, nextval(pg_get_serial_sequence('mailsync_placement', 'id')) AS new_id
          FROM mailsync_placement p WHERE p.id = ANY(%(ids)s) ORDER BY p.id
    ), new AS (
        INSERT INTO mailsync_placement (id, account_id, folder_id, epoch, message_id, thread_id, received_at, seen,
                                        flagged, answered, draft, keywords, server_flags, gone_phase, shown, uid, kept)
        SELECT new_id, account_id, %(folder)s, CASE WHEN epoch = 0 THEN 0 ELSE %(epoch)s END, message_id, thread_id,
               received_at, seen, flagged, answered, draft, keywords, server_flags, 0, true,
               -- What is only here is copied here alone.
               CASE WHEN epoch = 0 THEN new_id END, epoch = 0 FROM old
    )
    SELECT id, new_id FROM old
"""


def _move_locally(moving: Sequence[Placement], target: Folder, group: UUID, *, numbered: bool) -> list[Placement]:
    """Of what no server has, the rows themselves go. ``numbered``: they get UIDs of the folder; else theirs stay."""
    changes = [
        Change(
            account_id=placement.account_id,
            kind=Change.Kind.MOVE,
            group=group,
            message_id=placement.message_id,
            placement=placement,
            source_id=placement.folder_id,
            target=target,
            target_placement=placement,
            state=Change.State.DONE,
            finished_at=timezone.now(),
        )
        for placement in moving
    ]
    now = timezone.now()
    uids = take_local_uids(target, len(moving)) if numbered else [placement.uid for placement in moving]
    for placement, uid in zip(moving, uids, strict=True):
        placement.folder, placement.uid, placement.placed_at = target, uid, now
        placement.epoch = target.epoch if numbered else placement.epoch
    Placement.objects.bulk_update(moving, ["folder", "epoch", "uid", "placed_at"], batch_size=500)
    Change.objects.bulk_create(changes)
    return list(moving)


def take_local_uids(folder: Folder, count: int) -> list[int]:
    """The next ``count`` UIDs of a folder that no server numbers; the row stays locked until the commit."""
    locked = Folder.objects.select_for_update(no_key=True).get(pk=folder.pk)
    highest = Placement.objects.filter(folder=folder, epoch=folder.epoch).aggregate(highest=Max("uid"))["highest"]
    first = max(locked.uidnext_seen or 1, (highest or 0) + 1)
    Folder.objects.filter(pk=folder.pk).update(uidnext_seen=first + count)
    return list(range(first, first + count))


def record_expunges(placements: Sequence[Placement], *, group: UUID, hold_until: datetime | None) -> list[Placement]:
    """Hide placements for good: the server's copies are expunged once the hold is over."""
    hide(placements)
    log_changes([row.pk for row in placements], Change.Kind.EXPUNGE, group, hold_until=hold_until, waits=True)
    _wake(placements, hold_until, even_local=True)
    return list(placements)


def record_append(
    message: Message, target: Folder, *, flags: Sequence[str], group: UUID, hold_until: datetime | None = None
) -> tuple[Change, Placement]:
    """Show a message of ours in ``target`` and have its bytes appended there (RFC 9051 §6.3.12)."""
    return record_appends([(message, hold_until)], target, flags=flags, group=group)[0]


def record_appends(
    messages: Sequence[tuple[Message, datetime | None]], target: Folder, *, flags: Sequence[str], group: UUID
) -> list[tuple[Change, Placement]]:
    """As above, for many: each message with the time until which the server is left to file it by itself."""
    if not messages:
        return []
    local = is_local(target.account)
    uids = take_local_uids(target, len(messages)) if local else [None] * len(messages)
    placements = []
    for (message, _), uid in zip(messages, uids, strict=True):
        placement = Placement(
            account_id=target.account_id,
            folder=target,
            epoch=target.epoch,
            uid=uid,
            message=message,
            thread_id=message.thread_id,
            received_at=message.received_at,
        )
        set_flags(placement, flags, ())
        placement.server_flags = list(flags)
        placements.append(placement)
    Placement.objects.bulk_create(placements)
    now = timezone.now()
    changes = [
        Change(
            account_id=target.account_id,
            kind=Change.Kind.APPEND,
            group=group,
            message=message,
            target=target,
            target_placement=placement,
            add_flags=list(flags),
            hold_until=hold_until,
            state=Change.State.DONE if local else Change.State.QUEUED,
            finished_at=now if local else None,
        )
        for (message, hold_until), placement in zip(messages, placements, strict=True)
    ]
    Change.objects.bulk_create(changes)
    if not local:
        holds = [hold_until for _, hold_until in messages if hold_until is not None]
        wake_account(target.account_id, min(holds) if len(holds) == len(messages) else None)
    return list(zip(changes, placements, strict=True))


def hide(placements: Sequence[Placement]) -> None:
    with connection.cursor() as cursor:
        ids = [placement.pk for placement in placements]
        cursor.execute("UPDATE mailsync_placement SET shown = false WHERE id = ANY(%s)", [ids])
    for placement in placements:
        placement.shown = False


def put_away(placement_ids: Iterable[int]) -> None:
    """Hidden placements are gone for good; their bytes are kept for a while, like those of vanished mail."""
    Placement.objects.filter(id__in=list(placement_ids)).update(gone_phase=2, gone_at=timezone.now(), shown=False)


def is_local(account: MailAccount) -> bool:
    """Whether the account's folders are ours alone."""
    return account.protocol == Protocol.POP3


def is_gmail(account_id: int) -> bool:
    """Whether the folders are labels, views of one store of messages (Gmail's X-GM-EXT-1)."""
    return AccountSync.objects.filter(account_id=account_id, capabilities__contains="X-GM-EXT-1").exists()


def wake_account(account_id: int, hold_until: datetime | None) -> None:
    """Note when the account's changes are due, never later than already noted. Redis may be gone: this stays."""
    with prepared_cursor() as cursor:
        cursor.execute(_NOTE_DUE, {"due": hold_until or timezone.now(), "account": account_id})


_NOTE_DUE = """
    UPDATE mailsync_accountsync SET push_due_at = %(due)s
     WHERE account_id = %(account)s AND (push_due_at IS NULL OR push_due_at > %(due)s)
"""


def log_changes(
    placement_ids: Sequence[int],
    kind: Change.Kind,
    group: UUID,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    hold_until: datetime | None = None,
    target_id: int | None = None,
    arrived: Sequence[int] | None = None,
    waits: bool = False,
) -> None:
    """A change to each of these, in one statement for a whole folder.

    In a POP3 account, or where the message is only here, it is done as soon as it is shown, unless it ``waits``.
    """
    values = {
        "ids": list(placement_ids),
        "arrived": list(arrived) if arrived is not None else [None] * len(placement_ids),
        "kind": kind.value,
        "group": group,
        "target": target_id,
        "add": list(add),
        "remove": list(remove),
        "hold": hold_until,
        "waits": waits,
        "now": timezone.now(),
    }
    with cursor_for(len(placement_ids)) as cursor:
        cursor.execute(_LOG, values)


_LOG = """
    INSERT INTO mailsync_change (account_id, kind, state, "group", message_id, placement_id, source_id, target_id,
                                 target_placement_id, add_flags, remove_flags, path, hold_until, attempts, error,
                                 created_at, finished_at)
    SELECT p.account_id, %(kind)s, CASE WHEN l.done THEN 'done' ELSE 'queued' END, %(group)s, p.message_id, p.id,
           p.folder_id, %(target)s::bigint, given.arrived, %(add)s::text[], %(remove)s::text[], '',
           %(hold)s::timestamptz, 0, '', %(now)s, CASE WHEN l.done THEN %(now)s::timestamptz END
      FROM unnest(%(ids)s::bigint[], %(arrived)s::bigint[]) WITH ORDINALITY AS given(id, arrived, place)
      JOIN mailsync_placement p ON p.id = given.id
      JOIN accounts_mailaccount a ON a.id = p.account_id
     CROSS JOIN LATERAL (SELECT (a.protocol = 'pop3' OR p.epoch = 0) AND NOT %(waits)s AS done) AS l
     ORDER BY given.place
"""


def _wake(placements: Sequence[Placement], hold_until: datetime | None, *, even_local: bool = False) -> None:
    for account in {placement.account for placement in placements}:
        if even_local or not is_local(account):
            wake_account(account.pk, hold_until)


def settle_cancelled(changes: Iterable[Change]) -> None:
    """Mark changes as taken back before they left."""
    Change.objects.filter(id__in=[change.pk for change in changes]).update(
        state=Change.State.CANCELLED, finished_at=timezone.now()
    )


def remember_failure(change: Change, words: str) -> None:
    """Mark a change as impossible, with what to tell the user."""
    Change.objects.filter(pk=change.pk).update(
        state=Change.State.FAILED, error=words, finished_at=timezone.now(), attempts=F("attempts") + 1
    )
