"""Snoozed mail comes back: unread, on top of the folder it came from. The meeting room; database only."""

from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from mailsync.announce import announce_folders
from mailsync.models import Folder, Placement, Snooze
from mailsync.store import changes, device_reminders, snoozing, specials
from mailsync.store.locking import lock_placements
from mailsync.store.summary import lock_folders, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Role


@transaction.atomic
def wake(account_id: int) -> None:
    """Bring back what is due in this account; what has left the folder in which it waited is let go.

    That folder is the one it was, whatever another program has called it meanwhile.
    """
    due = snoozing.lock_due(account_id)
    inbox = specials.find_role_folder(account_id, Role.INBOX)
    back: set[int] = set()
    if due and inbox is not None:
        targets = {one.message_id: _back_to(one, inbox) for one in due}
        places = _places(due, account_id)
        lock_folders([*places.values(), *(folder.pk for folder in targets.values())])
        lying = Placement.objects.filter(folder__in=places.values(), message__in=targets, shown=True)
        waiting = [row.pk for row in lying if places.get(row.message_id) == row.folder_id]
        locked = lock_placements(waiting)
        _bring_back(locked, targets)
        back = {row.message_id for row in locked}
    Snooze.objects.filter(pk__in=[one.pk for one in due]).update(woken_at=timezone.now())
    if inbox is not None:
        came = [one.pk for one in due if one.message_id in back]
        device_reminders.note(inbox.account.user_id, "snoozed", came)


def _places(due: list[Snooze], account_id: int) -> dict[int, int]:
    """The folder in which each message waits; of an older Heron, or where that went, the one that is Snoozed now."""
    now = specials.find_role_folder(account_id, Role.SNOOZED)
    return {one.message_id: place for one in due if (place := one.place_id or (now.pk if now else None))}


def _back_to(snooze: Snooze, inbox: Folder) -> Folder:
    source = snooze.source
    if source is None or source.missing_since is not None or source.role == Role.SNOOZED or source == snooze.place:
        return inbox
    source.account = inbox.account
    return source


def _bring_back(locked: list[Placement], targets: dict[int, Folder]) -> None:
    group = uuid4()
    pairs = [(row.folder_id, row.thread_id) for row in locked]
    changes.record_flags(locked, remove=["\\Seen"], group=group)
    for target in {folder.pk: folder for folder in targets.values()}.values():
        mine = [row for row in locked if targets[row.message_id].pk == target.pk]
        arrived = changes.record_moves(mine, target, group=group, hold_until=None)
        # A list goes by this time, so it is what brings the message to the top.
        Placement.objects.filter(pk__in=[row.pk for row in arrived]).update(received_at=timezone.now())
        pairs += [(target.pk, row.thread_id) for row in arrived]
    counts = refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    announce_folders(counts)
