"""Folders that are labels, as Gmail has them: what moving and copying mean where all messages lie in one store and a
folder only shows some. Database room.

In: placements (locked by ``store.locking``) and where they go. Out: the placements that are shown there, with the
changes that bring it about: nothing comes into All Mail that is not there, only Trash and Spam take anything out of it,
and nothing has a label twice.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mailsync.models import Change, Folder, Placement
from mailsync.store.change_log import copy_rows, log_moves
from mailsync.types import Role


def labelled_already(rows: Sequence[Placement], target: Folder) -> dict[int, Placement]:
    """Where folders are labels (Gmail): by message, the placements of these in ``target``, which can have no second."""
    if not rows or target.role in {Role.TRASH, Role.JUNK}:
        return {}
    found = Placement.objects.select_related("account", "folder").filter(
        account__sync__capabilities__contains="X-GM-EXT-1",
        folder=target,
        message__in=[row.message_id for row in rows],
        shown=True,
        uid__isnull=False,
    )
    return {row.message_id: row for row in found}


def take_off(
    moving: Sequence[Placement], target: Folder, *, group: UUID, hold_until: datetime | None
) -> tuple[list[Placement], list[Placement]]:
    """What has the label that it is moved to loses the one it is moved from, and no more: it goes into All Mail, so
    Undo brings that label back and leaves the other. Returns what is shown of it now, and what is still to be moved.
    """
    standing = labelled_already(moving, target)
    # All Mail takes no label off what it shows, so there nothing is left to be done.
    done = [standing[old.message_id] for old in moving if old.message_id in standing and old.folder.role == Role.ALL]
    rest = [old for old in moving if old.message_id not in standing]
    losing = [old for old in moving if old.message_id in standing and old.folder.role != Role.ALL]
    if losing:
        # Whoever has hidden All Mail from IMAP has it moved like any other.
        everything = Folder.objects.select_related("account").filter(account=target.account_id, role=Role.ALL).first()
        if everything is None or everything.missing_since:
            return done, [*rest, *losing]
        done += relabel(losing, everything, group=group, hold_until=hold_until)
    return done, rest


def relabel(
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
            log_moves(old_rows, new_rows, target, group=group, hold_until=hold_until, kind=kind)
    return arrived
