"""What a user wants of messages, written down in the transaction that shows it on the screen. Database room.

In: placements (locked by ``store.locking``) and what the user wants of them. Out: rows as the user
shall see them, and a ``Change`` for each message that really differs, which ``engine.push`` carries to
the server. POP3 accounts have no remote folders: their changes are done when they are shown, and are
written down all the same, so that Undo works alike.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from accounts.ready import cursor_for
from mailsync.models import ONLY_HERE_EPOCH, Change, Folder, Message, Placement
from mailsync.store import labelled
from mailsync.store.change_log import (
    copy_rows,
    hide,
    is_gmail,
    is_local,
    log_changes,
    log_moves,
    wake_account,
    wake_accounts,
)
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
    wake_accounts(touched, None)
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
    done: list[Placement] = []
    if target.role != Role.ALL:
        done, moving = labelled.take_off(moving, target, group=group, hold_until=hold_until)
    if Role.ALL in {target.role, *(old.folder.role for old in moving)} and is_gmail(target.account_id):
        return [*done, *labelled.relabel(moving, target, group=group, hold_until=hold_until)]
    arrived = copy_rows(moving, target)
    log_moves(moving, arrived, target, group=group, hold_until=hold_until)
    return [*done, *arrived]


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
    wake_accounts(placements, hold_until, even_local=True)
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
