"""Flags that the user set and the server may not know yet: a pull must let them win. Database room."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from mailsync.models import Change


def pending_flags(placement_ids: Iterable[int]) -> dict[int, dict[str, bool]]:
    """What the user set and the server may not know yet: placement → flag → on or off; the latest word counts.

    A pull must let these win over what it reads.
    """
    open_changes = Q(state__in=Change.OPEN, finished_at__isnull=True)
    return _wanted_flags(placement_ids, open_changes)


def flags_sent_since(when: datetime, placement_ids: Iterable[int]) -> dict[int, dict[str, bool]]:
    """The same of what has been told to the server since then."""
    return _wanted_flags(placement_ids, Q(state=Change.State.DONE, finished_at__gte=when))


def _wanted_flags(placement_ids: Iterable[int], which: Q) -> dict[int, dict[str, bool]]:
    wanted: dict[int, dict[str, bool]] = {}
    rows = Change.objects.filter(which, placement__in=list(placement_ids), kind=Change.Kind.FLAGS).order_by("id")
    for placement_id, add, remove in rows.values_list("placement_id", "add_flags", "remove_flags"):
        if placement_id is not None:
            flags = wanted.setdefault(placement_id, {})
            flags.update(dict.fromkeys(add, True))
            flags.update(dict.fromkeys(remove, False))
    return wanted
