"""Copies of messages: in another folder of the account, or in another account. Database room.

In: placements (locked) and the folder the copies go to. Out: the copies as they are shown at once, and the changes
that make them on the server: COPY within an account (RFC 9051 §6.4.7), APPEND of the stored bytes into another one
(§6.3.12), which may be the only way out of a POP3 account.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils import timezone

from mailsync.models import Change, Folder, Placement
from mailsync.store import leases
from mailsync.store.authored import store_own_message
from mailsync.store.change_log import copy_rows, is_local, log_changes
from mailsync.store.changes import COLUMNS, record_append, take_local_uids
from mailsync.store.labelled import labelled_already
from mailsync.store.pushing import adopt, finish
from mailsync.store.raw import read_raw
from mailsync.store.schedule import make_folder_due
from mailsync.store.summary import remove_placements


def record_copies(placements: Sequence[Placement], target: Folder, *, group: UUID) -> list[Placement]:
    """Show copies in ``target``, a folder of the same account; in a POP3 account they are simply there.

    Returns those that are shown there now, of what had the label already (Gmail) the ones from before.
    """
    if not placements:
        return []
    # A label that is there already is given to nothing, so Undo leaves it.
    labelled = labelled_already(placements, target)
    copied = [row for row in placements if row.message_id not in labelled]
    arrived = copy_rows(copied, target)
    if is_local(target.account):
        for placement, uid in zip(arrived, take_local_uids(target, len(arrived)), strict=True):
            Placement.objects.filter(pk=placement.pk).update(uid=uid)
    log_changes(
        [row.pk for row in copied],
        Change.Kind.COPY,
        group,
        target_id=target.pk,
        arrived=[row.pk for row in arrived],
    )
    return [*arrived, *labelled.values()]


def record_transfers(
    placements: Sequence[Placement], target: Folder, *, group: UUID
) -> list[tuple[Placement, Change, Placement]]:
    """Show copies in a folder of another account; returns each with its change and its copy.

    Raises ``BodyNotFetched`` where only the header is here: there is nothing to copy yet.
    """
    made = []
    for row in placements:
        message = store_own_message(target.account_id, read_raw(row.message), row.message.received_at)
        # As they are shown: what was marked a moment ago may be on its way to the server yet.
        flags = [*(name for name, column in COLUMNS.items() if getattr(row, column)), *row.keywords]
        change, arrived = record_append(message, target, flags=flags, group=group)
        made.append((row, change, arrived))
    return made


def finish_copies(lease: leases.HeldLease, uids: Mapping[int, int | None], *, uidvalidity: int | None) -> None:
    """Copied: change id → UID in the target, None where the next pull has to find it."""
    with leases.commit(lease):
        adopt(uids, uidvalidity)
        finish(uids)
        unmet = [change for change, uid in uids.items() if uid is None]
        for target_id in set(Change.objects.filter(id__in=unmet).values_list("target_id", flat=True)):
            if target_id is not None:
                make_folder_due(target_id)


def unmake_copies(copied: Sequence[Change]) -> list[Placement] | None:
    """Take copies away again: those that have not left, at once; those that a server has are returned, to be expunged.

    None if one of them has gone elsewhere meanwhile.
    """
    rows = Placement.objects.select_related("folder", "account").in_bulk(
        [change.target_placement_id for change in copied if change.target_placement_id is not None]
    )
    made: list[Placement] = []
    for change in copied:
        arrived = rows.get(change.target_placement_id or 0)
        if arrived is None or not arrived.shown:
            return None
        if change.state == Change.State.QUEUED:
            Change.objects.filter(pk=change.pk).update(state=Change.State.CANCELLED, finished_at=timezone.now())
            remove_placements([arrived.pk])
        else:
            made.append(arrived)
    return made
