"""Taking a change back: cancelled while it waits, reversed once the server may know. Database room.

In: the changes of one group. Out: the (folder, thread) pairs to refresh, or None when something of it
cannot be taken back, and then nothing was.
"""

from collections.abc import Sequence
from uuid import uuid4

from django.db import transaction

from mailsync.models import Change, Placement
from mailsync.store import changes
from mailsync.store.summary import lock_folders, remove_placements

Pair = tuple[int, int]


class _TooLate(Exception):
    """Rolls the whole group back."""


def take_back(group: Sequence[Change]) -> list[Pair] | None:
    """Undo these changes, newest first, all or none."""
    lock_folders(folder for change in group for folder in (change.source_id, change.target_id) if folder)
    locked = {row.pk: row for row in Change.objects.select_for_update().filter(id__in=[row.pk for row in group])}
    pairs: list[Pair] = []
    try:
        with transaction.atomic():
            for change in sorted(locked.values(), key=lambda row: row.pk, reverse=True):
                pairs += _take_back(change)
    except _TooLate:
        return None
    return pairs


def _take_back(change: Change) -> list[Pair]:
    if change.state in {Change.State.CANCELLED, Change.State.FAILED}:
        return []
    if change.kind == Change.Kind.FLAGS:
        return _take_back_flags(change)
    if change.kind == Change.Kind.MOVE:
        return _take_back_move(change)
    if change.kind == Change.Kind.EXPUNGE:
        return _take_back_expunge(change)
    # A folder that was made for the purpose stays: it may hold other mail by now.
    return []


def _take_back_flags(change: Change) -> list[Pair]:
    placements = changes.lock_placements([change.placement_id] if change.placement_id else [])
    if not placements:
        return []
    placement = placements[0]
    if change.state == Change.State.QUEUED:
        changes.set_flags(placement, change.remove_flags, change.add_flags)
        placement.save(update_fields=[*changes.COLUMNS.values(), "keywords"])
        changes.settle_cancelled([change])
    else:
        changes.record_flags([placement], add=change.remove_flags, remove=change.add_flags, group=uuid4())
    return [_pair(placement)]


def _take_back_move(change: Change) -> list[Pair]:
    arrived = _standing(change.target_placement_id)
    if arrived is None or not arrived.shown or arrived.folder_id != change.target_id or change.source is None:
        raise _TooLate
    left = _standing(change.placement_id)
    if change.state == Change.State.QUEUED and left is not None and left.pk != arrived.pk:
        # What was flagged in the meantime is kept: it belongs to the message, wherever it lies.
        for column in (*changes.COLUMNS.values(), "keywords"):
            setattr(left, column, getattr(arrived, column))
        left.shown = left.gone_phase == 0
        left.save(update_fields=[*changes.COLUMNS.values(), "keywords", "shown"])
        Change.objects.filter(placement=arrived).update(placement=left, source=left.folder_id)
        changes.settle_cancelled([change])
        remove_placements([arrived.pk])
        return [_pair(left), _pair(arrived)]
    back = changes.record_moves([arrived], change.source, group=uuid4(), hold_until=None)
    return [_pair(arrived), (change.target_id, arrived.thread_id), *map(_pair, back)]


def _take_back_expunge(change: Change) -> list[Pair]:
    placement = _standing(change.placement_id)
    if change.state != Change.State.QUEUED or placement is None:
        raise _TooLate
    Placement.objects.filter(pk=placement.pk).update(shown=True)
    changes.settle_cancelled([change])
    return [_pair(placement)]


def _standing(placement_id: int | None) -> Placement | None:
    return Placement.objects.select_related("folder", "account").filter(id=placement_id or 0).first()


def _pair(placement: Placement) -> Pair:
    return placement.folder_id, placement.thread_id
