"""Mailing lists that a user has left, or asked to. Database room.

A row is claimed before its server is asked and settled after; whatever ends in between, it is asked again, which
RFC 8058 §3.1 makes harmless.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.ready import prepared_cursor
from mailsync.message.plain import plain
from mailsync.models import Outgoing, Unsubscription

#: Longer than one request may take.
_CLAIM = timedelta(minutes=2)
#: After a try that failed for the moment; then it is the user's to open the list's page.
_RETRY_SECONDS = (60, 600, 3600)
_ASKED_FOR = "SELECT id FROM mailsync_unsubscription WHERE user_id = %s AND list_key = %s"


#: What ``engine.unsubscribe`` says of an answer. 429 asks to come again (RFC 6585 §4).
_REFUSED = re.compile(r"answered (?!429)[34]\d\d\.$")


def is_refused(row: Unsubscription) -> bool:
    """Whether the list's server has refused the request itself, so that the same one would be refused again."""
    return row.state == Unsubscription.State.FAILED and bool(row.url and _REFUSED.search(row.error))


def request_by_post(user_id: int, list_key: str, url: str, now: datetime) -> Unsubscription:
    return _asked(user_id, list_key, url=plain(url), outgoing=None, due_at=now, now=now)


def request_by_mail(user_id: int, list_key: str, outgoing: Outgoing, now: datetime) -> Unsubscription:
    """Whether it left is told by the outbox."""
    return _asked(user_id, list_key, url="", outgoing=outgoing, due_at=None, now=now)


def _asked(
    user_id: int, list_key: str, *, url: str, outgoing: Outgoing | None, due_at: datetime | None, now: datetime
) -> Unsubscription:
    row, _ = Unsubscription.objects.update_or_create(
        user_id=user_id,
        list_key=plain(list_key),
        defaults={
            "state": Unsubscription.State.ASKED,
            "url": url,
            "outgoing": outgoing,
            "error": "",
            "attempts": 0,
            "due_at": due_at,
            "asked_at": now,
        },
    )
    return row


def load_unsubscription(user_id: int, list_key: str) -> Unsubscription | None:
    with prepared_cursor() as cursor:  # few have left a list whose letters they open
        cursor.execute(_ASKED_FOR, [user_id, plain(list_key)])
        row = cursor.fetchone()
    return None if row is None else _with_letters().filter(pk=row[0]).first()


def load_unsubscriptions(user_id: int, list_keys: Iterable[str]) -> dict[str, Unsubscription]:
    """Those of these lists, by their keys as they were given."""
    keys = {plain(key): key for key in list_keys}
    return {keys[row.list_key]: row for row in _with_letters().filter(user_id=user_id, list_key__in=list(keys))}


def _with_letters() -> QuerySet[Unsubscription]:
    return Unsubscription.objects.select_related("outgoing").defer("outgoing__raw", "outgoing__raw_sent_copy")


def due_unsubscriptions(*, limit: int = 100) -> list[int]:
    due = Unsubscription.objects.filter(due_at__lte=timezone.now(), user__is_active=True)
    return list(due.order_by("due_at").values_list("pk", flat=True)[:limit])


def claim(row_id: int) -> Unsubscription | None:
    """Take a due request for one try; None when it is settled or another worker's."""
    now = timezone.now()
    taken = Unsubscription.objects.filter(pk=row_id, due_at__lte=now).update(
        due_at=now + _CLAIM, attempts=F("attempts") + 1
    )
    return Unsubscription.objects.get(pk=row_id) if taken else None


def settle(row: Unsubscription, *, error: str = "") -> None:
    """It is done, or it has failed for good; a request made anew meanwhile is left alone."""
    state = Unsubscription.State.FAILED if error else Unsubscription.State.DONE
    rows = Unsubscription.objects.filter(pk=row.pk, attempts=row.attempts, asked_at=row.asked_at)
    rows.update(state=state, error=plain(error), due_at=None)


def postpone(row: Unsubscription, error: str) -> None:
    """Try again later, or give up after the last time."""
    if row.attempts > len(_RETRY_SECONDS):
        settle(row, error=error)
        return
    later = timezone.now() + timedelta(seconds=_RETRY_SECONDS[row.attempts - 1])
    rows = Unsubscription.objects.filter(pk=row.pk, attempts=row.attempts, asked_at=row.asked_at)
    rows.update(due_at=later, error=plain(error))
