"""Mail that has just come into an inbox and that the rules have yet to see. Database room.

In: UIDs in the transaction that stores their messages. Out: rows, locked by whoever runs the rules and deleted with
what those did. For people without rules, blocked senders, automatic replies and answers that
they wait for nothing is written.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from mailsync.models import Arrival, Placement

#: When the clock sees to it, in case the worker that brought it has died.
CLOCK_SECONDS = 30
#: So long rules wait for the text of a message; then they judge by what is there.
TEXT_SECONDS = 120
#: What could not be treated for so long is left alone.
_GIVEN_UP = timedelta(days=1)
_AT_ONCE = 1000

_NOTE = """
    INSERT INTO mailsync_arrival (placement_id, account_id, ran, due_at)
    SELECT p.id, p.account_id, '{}', now() + make_interval(secs => %(clock)s)
      FROM mailsync_placement p
      JOIN accounts_mailaccount a ON a.id = p.account_id
      JOIN mailsync_message m ON m.id = p.message_id
     WHERE p.folder_id = %(folder)s AND p.epoch = %(epoch)s AND p.uid = ANY(%(uids)s) AND p.shown
       AND (EXISTS (SELECT FROM mailsync_rule r WHERE r.user_id = a.user_id AND r.enabled)
            OR EXISTS (SELECT FROM mailsync_blockedsender b WHERE b.user_id = a.user_id)
            OR EXISTS (SELECT FROM mailsync_autoreply v WHERE v.account_id = a.id AND v.enabled)
            OR EXISTS (SELECT FROM mailsync_followup w WHERE w.user_id = a.user_id))
       -- Gmail: what comes in may have been met in All Mail a moment before. All else that was here has been moved.
       AND (p.uid <> ALL(%(known)s) OR (m.created_at > now() - interval '1 hour' AND NOT EXISTS (
            SELECT FROM mailsync_placement o JOIN mailsync_folder f ON f.id = o.folder_id
             WHERE o.message_id = m.id AND o.id <> p.id AND f.role <> 'all')))
        ON CONFLICT DO NOTHING
"""


def note_arrivals(folder_id: int, epoch: int, uids: Sequence[int], known: Collection[int] = ()) -> None:
    """These have come into this inbox; ``known`` among them are copies of messages that were here before."""
    if uids:
        values: dict[str, Any] = {
            "folder": folder_id,
            "epoch": epoch,
            "uids": list(uids),
            "known": list(known),
            "clock": CLOCK_SECONDS,
        }
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, values)


def lock_arrivals(account_id: int) -> tuple[list[Arrival], dict[int, Placement]]:
    """The oldest, with the placements that are still where they came in; another run's are left to it.

    What has gone elsewhere meanwhile is nobody's business any more and is struck off. What came for somebody who was
    deactivated in that moment waits for them.
    """
    found = Arrival.objects.select_for_update(skip_locked=True, of=("self",))
    rows = list(found.filter(account=account_id, account__user__is_active=True).order_by("pk")[:_AT_ONCE])
    here = Placement.objects.select_related("message").filter(pk__in=[row.pk for row in rows], shown=True)
    placements = {one.pk: one for one in here}
    strike_off([row.pk for row in rows if row.pk not in placements])
    return [row for row in rows if row.pk in placements], placements


def has_arrivals(account_id: int) -> bool:
    return Arrival.objects.filter(account=account_id).exists()


def is_overdue(row: Arrival, now_seconds: float) -> bool:
    """Whether its text has been waited for long enough."""
    return now_seconds - row.created_at.timestamp() >= TEXT_SECONDS


def strike_off(placement_ids: Collection[int]) -> None:
    if placement_ids:
        Arrival.objects.filter(pk__in=list(placement_ids)).delete()


def put_back(waiting: Mapping[int, Sequence[int]]) -> None:
    """These wait for their text, having been seen by these rules; each once."""
    # Of what came in together, as a rule all has been seen by the same rules.
    alike: dict[tuple[int, ...], list[int]] = {}
    for placement_id, ran in waiting.items():
        alike.setdefault(tuple(ran), []).append(placement_id)
    for ran, placement_ids in alike.items():
        Arrival.objects.filter(pk__in=placement_ids).update(
            ran=list(ran), waited=True, due_at=Now() + timedelta(seconds=TEXT_SECONDS)
        )


def put_off(account_id: int, *, seconds: int) -> None:
    """The rules could not be run: again later, but not for ever."""
    Arrival.objects.filter(account=account_id, created_at__lt=Now() - _GIVEN_UP).delete()
    Arrival.objects.filter(account=account_id).update(due_at=Now() + timedelta(seconds=seconds))


def due_accounts(*, limit: int = 50) -> list[int]:
    """Accounts whose arrivals the clock has to see to; each is given out once a minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailsync_arrival SET due_at = clock_timestamp() + interval '1 minute' WHERE account_id IN"
            " (SELECT r.account_id FROM mailsync_arrival r JOIN accounts_mailaccount a ON a.id = r.account_id"
            " JOIN accounts_user u ON u.id = a.user_id AND u.is_active"
            " WHERE r.due_at <= clock_timestamp() ORDER BY r.due_at LIMIT %s)"
            " RETURNING account_id",
            [limit],
        )
        return sorted({account_id for (account_id,) in cursor.fetchall()})
