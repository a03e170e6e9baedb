"""The flags on the screen: what the server has told, and over it what the user has done since. Database room.

A placement's ``server_flags`` are the server's word, and its open changes the user's. Whoever takes a change away,
or meets another word, shows the flags anew from both; what was on the screen before may be older than either.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db.models import Q

from mailsync.models import ONLY_HERE_EPOCH, Change, Placement
from mailsync.plan.flags import plan_flags

#: What ``show_flags`` sets of a placement that is stored already.
FLAG_COLUMNS = ("seen", "flagged", "answered", "draft", "keywords")


def show_flags(placement: Placement, pending: Mapping[str, bool]) -> None:
    """Set the columns the user sees from ``server_flags`` and what is pending.

    What another client marked \\Deleted is hidden: it awaits that client's expunge.
    """
    flags = plan_flags(placement.server_flags, pending)
    placement.seen, placement.flagged = flags.seen, flags.flagged
    placement.answered, placement.draft = flags.answered, flags.draft
    placement.keywords = list(flags.keywords)
    if placement.pk is None:
        placement.shown = not flags.deleted


def show_flags_anew(placement_ids: Collection[int]) -> None:
    """As ``show_flags``, of rows that the caller has locked, from the changes that are open by now.

    What is only here has no other word than what is shown, and stays.
    """
    rows = list(Placement.objects.filter(id__in=placement_ids).exclude(epoch=ONLY_HERE_EPOCH))
    pending = pending_flags(row.pk for row in rows)
    for row in rows:
        show_flags(row, pending.get(row.pk, {}))
    Placement.objects.bulk_update(rows, FLAG_COLUMNS, batch_size=500)


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
