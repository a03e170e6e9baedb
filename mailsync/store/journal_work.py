"""Long acts as work: which are due, which one is ours, how far it is. Database room; due times are the database's."""

from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from mailsync.models import Act, Change

#: A run that has not written for so long has died.
RECLAIM_SECONDS = 60


def claim_acts(*, limit: int = 50) -> list[int]:
    """Acts whose time has come; each is given out once, and again only when its run has died."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailsync_act a SET due_at = clock_timestamp() + make_interval(secs => %(reclaim)s) FROM (
                SELECT o.id FROM mailsync_act o JOIN accounts_user u ON u.id = o.user_id AND u.is_active
                 WHERE o.due_at <= clock_timestamp()
                 ORDER BY o.due_at LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
            ) AS due WHERE a.id = due.id RETURNING a.id
            """,
            {"limit": limit, "reclaim": RECLAIM_SECONDS},
        )
        return [row[0] for row in cursor.fetchall()]


def lock_act(act_id: int) -> Act | None:
    """The act, locked until the commit; None when it is over, another run has it, or its person is deactivated: it
    goes on when they are let in again."""
    rows = Act.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.filter(pk=act_id, state__in=Act.UNDER_WAY, user__is_active=True).first()


def save_progress(act: Act, *, more: bool) -> None:
    act.save(update_fields=["state", "count", "detail", "place", "rows_done", "error"])
    due = Now() + timedelta(seconds=RECLAIM_SECONDS) if more else None
    Act.objects.filter(pk=act.pk).update(due_at=due)


def put_off(act_id: int, *, seconds: float) -> None:
    """Nothing can be done about this act just now: again in a while."""
    Act.objects.filter(pk=act_id, due_at__isnull=False).update(due_at=Now() + timedelta(seconds=seconds))


def begin_undo(act: Act) -> None:
    """From now on the act is taken back, wherever it stood."""
    total = Change.objects.filter(group=act.group).count()
    Act.objects.filter(pk=act.pk).update(state=Act.State.UNDOING, place="", rows_done=0, total=total, due_at=Now())
