"""The journal of what users did: written with each verb, read by the page of activity, purged after 30 days.

Database room. In: a user and what a verb answered. Out: acts with what became of them.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NewType
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from accounts.ready import prepared_cursor
from mailsync.models import Act, Change
from mailsync.types import ActionResult

KEPT = timedelta(days=30)
#: A draft thrown away is kept, files and all, for so long: it takes room, and nobody wanted it.
DISCARDED_KEPT = timedelta(days=7)
#: Subjects named beside an act.
_SUBJECTS = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server refused of an act, and why."""

    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An act, some subjects of its messages, what was refused of it, and how much has yet to reach a server."""

    act: Act
    subjects: tuple[str, ...]
    refused: tuple[Refusal, ...]
    waiting: int


#: A line of the journal: what ``NOTE`` is executed with.
Line = NewType("Line", dict[str, Any])


def line_of(user_id: int, verb: str, result: ActionResult) -> Line:
    return Line(
        {
            "group": result.group,
            "user": user_id,
            "verb": verb,
            "label": str(result.label),
            "state": Act.State.DONE.value,
            "count": result.count,
            "detail": json.dumps(result.detail),
            "now": timezone.now(),
        }
    )


def note(line: Line) -> None:
    """Write down what a verb did; a group that is noted already is left as it is."""
    with prepared_cursor() as cursor:
        cursor.execute(NOTE, line)


#: Also as part of a statement that writes what was done.
NOTE = """
    INSERT INTO mailsync_act ("group", user_id, verb, label, state, count, detail, created_at, argument, place,
                              rows_done, error)
    VALUES (%(group)s, %(user)s, %(verb)s, %(label)s, %(state)s, %(count)s, %(detail)s, %(now)s, '', '', 0, '')
    ON CONFLICT DO NOTHING
"""


def note_run(
    user: User, group: UUID, verb: str, count: int, words: Callable[[int], str], *, argument: str = ""
) -> None:
    """One line for all that one run by the clock does, in its person's language; ``words`` of how many it is by now."""
    act, _ = Act.objects.get_or_create(
        group=group, defaults={"user": user, "verb": verb, "argument": argument, "label": ""}
    )
    act.count += count
    with override(user.language or settings.LANGUAGE_CODE):
        act.label = words(act.count)
    act.save(update_fields=["count", "label"])


def load_acts(user_id: int, *, before: int | None = None, limit: int = 50) -> list[Entry]:
    """A page of what this user did in the last 30 days, newest first; four queries."""
    acts = Act.objects.filter(user_id=user_id, created_at__gt=Now() - KEPT)
    if before is not None:
        acts = acts.filter(pk__lt=before)
    page = list(acts.order_by("-created_at", "-id")[:limit])
    groups = [act.group for act in page]
    refused: dict[UUID, list[Refusal]] = {}
    failed = Change.objects.filter(group__in=groups, state=Change.State.FAILED)
    for group, why, count in failed.values_list("group", "error").annotate(count=Count("id")).order_by("group"):
        refused.setdefault(group, []).append(Refusal(count, why))
    open_changes = Change.objects.filter(
        group__in=groups, message__isnull=False, state__in=Change.OPEN, finished_at=None
    )
    waiting = dict(open_changes.values_list("group").annotate(count=Count("id")))
    subjects = _subjects(groups)
    return [
        Entry(act, subjects.get(act.group, ()), tuple(refused.get(act.group, ())), waiting.get(act.group, 0))
        for act in page
    ]


def _subjects(groups: Sequence[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Some subjects of each group; a group may hold a whole folder, so no more than a few of its rows are read."""
    found: dict[UUID, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SOME_SUBJECTS, {"groups": list(groups), "few": _SUBJECTS})
        for group, subject in cursor.fetchall():
            if subject not in found.setdefault(group, []):
                found[group].append(subject)
    return {group: tuple(named) for group, named in found.items()}


_SOME_SUBJECTS = """
    SELECT g.id, m.subject FROM unnest(%(groups)s::uuid[]) AS g (id)
     CROSS JOIN LATERAL (SELECT c.id, c.message_id FROM mailsync_change c
                          WHERE c."group" = g.id AND c.message_id IS NOT NULL LIMIT %(few)s) AS c
      JOIN mailsync_message m ON m.id = c.message_id
     ORDER BY c.id
"""


def load_missed(user_id: int, group: UUID) -> int:
    """How many messages an Undo has left where they are, as they had changed since."""
    detail = Act.objects.filter(user_id=user_id, group=group).values_list("detail", flat=True).first() or {}
    return int(detail.get("missed", 0))


def load_under_way(user_id: int) -> list[Act]:
    """What is still being worked off, oldest first."""
    return list(Act.objects.filter(user_id=user_id, due_at__isnull=False).order_by("id"))


def forget_old() -> None:
    Act.objects.filter(created_at__lt=Now() - KEPT).exclude(state__in=Act.UNDER_WAY).delete()
    Act.objects.filter(created_at__lt=Now() - DISCARDED_KEPT, verb=Act.DISCARD).delete()
