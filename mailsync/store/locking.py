"""Placements as somebody is about to change them: locked, and where a move under way has put them. Database room."""

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.ready import ReadyQuery
from mailsync.models import Change, Placement


def lock_placements(placement_ids: Iterable[int]) -> list[Placement]:
    """The rows that still exist, locked, with folder and account; ordered by id so that nobody deadlocks.

    A placement that a pending move has hidden stands for the one it is moving to.
    """
    rows = _locked(placement_ids)
    hidden = [row.pk for row in rows if not row.shown]
    for _ in range(5):
        if not hidden:
            break
        moved = dict(
            Change.objects.filter(
                placement__in=hidden, kind=Change.Kind.MOVE, state__in=Change.OPEN, target_placement__isnull=False
            ).values_list("placement_id", "target_placement_id")
        )
        found = _locked(target for target in moved.values() if target is not None)
        rows = [row for row in rows if row.pk not in moved] + found
        hidden = [row.pk for row in found if not row.shown]
    return [row for row in rows if row.shown]


def _locked(placement_ids: Iterable[int]) -> list[Placement]:
    ids = set(placement_ids)
    if len(ids) == 1:  # what a person does most: open one, archive one
        row = _ONE_LOCKED.one(*ids)
        return [] if row is None else [row]
    return list(_lock().filter(id__in=ids).order_by("id"))


def _lock() -> QuerySet[Placement]:
    return Placement.objects.select_for_update(of=("self",), no_key=True).select_related("folder", "account")


_ONE_LOCKED = ReadyQuery(lambda placement_id: _lock().filter(id=placement_id))
