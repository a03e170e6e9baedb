"""One slice of an act on a whole list: the same effects as the verbs of the screens, set by set. Database room.

In: placements of one user, a verb and its argument, in the caller's transaction. Out: how many messages changed,
and the folders' new counts.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from mailsync.errors import CannotDo
from mailsync.models import Folder, Placement
from mailsync.store import changes, specials
from mailsync.store.locking import lock_placements
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Role

#: How long the toast offers Undo; a move or delete leaves two seconds later.
TOAST_SECONDS = 8

_ROLES = {"archive": Role.ARCHIVE, "trash": Role.TRASH, "junk": Role.JUNK, "notjunk": Role.INBOX}
_FLAGS: dict[str, Callable[[str], tuple[list[str], list[str]]]] = {
    "read": lambda _: (["\\Seen"], []),
    "unread": lambda _: ([], ["\\Seen"]),
    "flag": lambda _: (["\\Flagged"], []),
    "unflag": lambda _: ([], ["\\Flagged"]),
    "label": lambda keyword: ([keyword], []),
    "unlabel": lambda keyword: ([], [keyword]),
    "relabel": lambda pair: ([pair.partition(" ")[2]], [pair.partition(" ")[0]]),
    "junk": lambda _: (["$Junk"], ["$NotJunk"]),
    "notjunk": lambda _: (["$NotJunk"], ["$Junk"]),
}
#: Of a bin or of Junk alone: all goes for good. No list asks for it by name.
EMPTY = "empty_folder"
#: What may be done to a whole list. Copies, and moves into another account, are made by ``transfers``.
VERBS = frozenset({*_ROLES, *_FLAGS, "move", "copy"})


def hold_until() -> datetime:
    """Until when a change stays here, so that Undo costs the server nothing."""
    return timezone.now() + timedelta(seconds=TOAST_SECONDS + 2)


def apply_verb(
    verb: str, argument: str, placement_ids: Sequence[int], group: UUID, *, held: bool = True
) -> tuple[int, list[FolderCounts]]:
    """Do it to these; ``held`` while a toast offers Undo. Raises ``CannotDo`` where it makes no sense any more."""
    hold = hold_until() if held else None
    rows = list(Placement.objects.select_related("account").filter(pk__in=placement_ids))
    targets = _targets(verb, argument, rows, group)
    lock_folders([*(row.folder_id for row in rows), *(folder.pk for folder in targets.values())])
    locked = lock_placements(placement_ids)
    pairs: list[tuple[int, int]] = []
    touched: set[int] = set()
    if verb in _FLAGS:
        add, remove = _FLAGS[verb](argument)
        flagged = changes.record_flags(locked, add=add, remove=remove, group=group)
        touched = {row.pk for row in flagged}
        pairs += [(row.folder_id, row.thread_id) for row in flagged]
    if verb == EMPTY:
        gone = changes.record_expunges(locked, group=group, hold_until=hold)
        touched = {row.pk for row in gone}
        pairs += [(row.folder_id, row.thread_id) for row in gone]
    for account_id, target in targets.items():
        mine = [row for row in locked if row.account_id == account_id]
        lying = [row for row in mine if row.folder_id == target.pk]
        for_good = lying if verb == "trash" else []
        pairs += [(row.folder_id, row.thread_id) for row in mine]
        arrived = changes.record_moves(mine, target, group=group, hold_until=hold)
        pairs += [(row.folder_id, row.thread_id) for row in arrived]
        changes.record_expunges(for_good, group=group, hold_until=hold)
        touched |= {row.pk for row in mine if row not in lying} | {row.pk for row in for_good}
    counts = refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    return len(touched), counts


def _targets(verb: str, argument: str, rows: Sequence[Placement], group: UUID) -> dict[int, Folder]:
    """Where the messages of each account go."""
    accounts = {row.account_id: row.account for row in rows}
    if verb == "move":
        target = Folder.objects.select_related("account").filter(pk=int(argument), missing_since=None).first()
        if target is None or not target.selectable or accounts.keys() - {target.account_id}:
            raise CannotDo("The folder to move to is no longer there. Choose another one.", field="folder")
        return {target.account_id: target}
    if verb not in _ROLES:
        return {}
    return {pk: specials.role_folder(account, _ROLES[verb], group) for pk, account in accounts.items()}
