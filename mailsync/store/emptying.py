"""Bins that empty themselves: whose turn it is, and what has lain there long enough. Database room.

A message's time counts from when it came into the folder (``Placement.placed_at``), not from its date. What is
flagged or pinned stays, and so does all mail of a paused account.
"""

from datetime import timedelta

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import MailAccount
from mailsync.models import Emptying, Placement
from mailsync.types import Role

#: What a person may choose from.
OFFERED_DAYS = (7, 14, 30, 60, 90)
#: Looked at so often, and again when a run has died.
PACE_SECONDS, RECLAIM_SECONDS = 6 * 3600, 900
#: So long what was emptied is only hidden, here and on its server: Undo brings it back.
GRACE = timedelta(days=1)


def load_emptying(user_id: int) -> Emptying:
    """What this person has chosen; unsaved, and never, where they have not."""
    return Emptying.objects.filter(user_id=user_id).first() or Emptying(user_id=user_id)


def save_emptying(user_id: int, *, trash_days: int | None, junk_days: int | None) -> None:
    """Due at once, unless nothing is to be emptied."""
    due = None if trash_days is None and junk_days is None else Now()
    Emptying.objects.update_or_create(
        user_id=user_id, defaults={"trash_days": trash_days, "junk_days": junk_days, "due_at": due}
    )


def days_of(emptying: Emptying) -> dict[Role, int]:
    """The folders to empty, and after how many days."""
    chosen = {Role.TRASH: emptying.trash_days, Role.JUNK: emptying.junk_days}
    return {role: days for role, days in chosen.items() if days is not None}


def overstayed(user_id: int, role: Role, days: int) -> QuerySet[Placement]:
    """What has lain in this person's folders of this role for so many days, and is not spared."""
    return (
        Placement.objects.filter(account__user_id=user_id, folder__role=role.value, folder__missing_since=None)
        .filter(shown=True, flagged=False, thread__pinned=False, placed_at__lt=Now() - timedelta(days=days))
        .exclude(account__state=MailAccount.State.PAUSED)
    )


def claim_emptyings(*, limit: int = 500) -> list[int]:
    """Persons whose bins are to be looked at; each is given out once, and again only when its run has died."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailsync_emptying e SET due_at = clock_timestamp() + make_interval(secs => %(reclaim)s) FROM (
                SELECT o.user_id FROM mailsync_emptying o JOIN accounts_user u ON u.id = o.user_id
                 WHERE o.due_at <= clock_timestamp() AND u.is_active
                 ORDER BY o.due_at LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
            ) AS due WHERE e.user_id = due.user_id RETURNING e.user_id
            """,
            {"limit": limit, "reclaim": RECLAIM_SECONDS},
        )
        return [row[0] for row in cursor.fetchall()]


def lock_emptying(user_id: int) -> Emptying | None:
    """The wish as it stands now, locked until the commit: None when nothing is wished, or another run has it."""
    rows = Emptying.objects.select_for_update(skip_locked=True, of=("self",)).select_related("user")
    return rows.filter(user_id=user_id, due_at__isnull=False, user__is_active=True).first()


def settle_emptying(user_id: int) -> None:
    """All is empty: looked at again after a while."""
    Emptying.objects.filter(user_id=user_id, due_at__isnull=False).update(
        due_at=Now() + timedelta(seconds=PACE_SECONDS)
    )
