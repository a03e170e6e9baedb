"""How much mail of each account is kept here: messages, bodies, bytes. Database room.

In: what a transaction brings or takes away, noted in that transaction. Out: sums, at the cost of a few rows however
large the mailbox. ``manage.py recount`` audits them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Sum

from mailsync.models import MailSum

#: Lines that are older are put together: nobody asks any more when what they tell of came.
FOLD_AFTER = timedelta(minutes=10)

_NOTE = """
    INSERT INTO mailsync_mailsum (account_id, messages, bodies, size_bytes)
    VALUES (%(account)s, %(messages)s, %(bodies)s, %(size_bytes)s)
"""
_FOLD = """
    WITH folded AS (
        DELETE FROM mailsync_mailsum
         WHERE at < now() - make_interval(secs => %(after)s) AND account_id IN (
               SELECT account_id FROM mailsync_mailsum WHERE at < now() - make_interval(secs => %(after)s)
                GROUP BY account_id HAVING count(*) > 1)
        RETURNING account_id, at, messages, bodies, size_bytes
    )
    INSERT INTO mailsync_mailsum (account_id, at, messages, bodies, size_bytes)
    SELECT account_id, max(at), sum(messages), sum(bodies), sum(size_bytes) FROM folded GROUP BY account_id
"""
# Rows and sums of one moment, in which each transaction has both or neither.
_RECOUNT = """
    INSERT INTO mailsync_mailsum (account_id, messages, bodies, size_bytes)
    SELECT %(account)s, m.messages - s.messages, r.bodies - s.bodies, r.size_bytes - s.size_bytes
      FROM (SELECT count(*) AS messages FROM mailsync_message WHERE account_id = %(account)s) AS m
     CROSS JOIN (SELECT count(*) AS bodies, coalesce(sum(size_bytes), 0) AS size_bytes
                   FROM mailsync_rawmessage WHERE account_id = %(account)s) AS r
     CROSS JOIN (SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(bodies), 0) AS bodies,
                        coalesce(sum(size_bytes), 0) AS size_bytes
                   FROM mailsync_mailsum WHERE account_id = %(account)s) AS s
     WHERE (m.messages, r.bodies, r.size_bytes) <> (s.messages, s.bodies, s.size_bytes)
    RETURNING messages, bodies, size_bytes
"""


@dataclass(frozen=True, slots=True)
class MailSize:
    """Of an account: messages, those whose bytes are here, and these bytes."""

    messages: int = 0
    bodies: int = 0
    size_bytes: int = 0


def note_mail(account_id: int, *, messages: int = 0, bodies: int = 0, size_bytes: int = 0) -> None:
    """So many have come, or gone where negative; in the transaction that writes or deletes their rows."""
    if messages or bodies or size_bytes:
        values = {"account": account_id, "messages": messages, "bodies": bodies, "size_bytes": size_bytes}
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, values)


def load_sizes(account_ids: Iterable[int]) -> dict[int, MailSize]:
    """Of each of these that has, or had, any mail."""
    rows = MailSum.objects.filter(account__in=list(account_ids)).values("account_id").order_by()
    summed = rows.annotate(all_messages=Sum("messages"), all_bodies=Sum("bodies"), bytes=Sum("size_bytes"))
    return {
        account_id: MailSize(messages, bodies, int(size_bytes))
        for account_id, messages, bodies, size_bytes in summed.values_list(
            "account_id", "all_messages", "all_bodies", "bytes"
        )
    }


def bodies_since(account_id: int, moment: datetime) -> int:
    """How many have come since then; ``moment`` is no longer ago than ``FOLD_AFTER``."""
    came = MailSum.objects.filter(account=account_id, at__gt=moment, bodies__gt=0)
    return came.aggregate(all=Sum("bodies"))["all"] or 0


def fold_sums() -> None:
    """Put together what is old. May be repeated, by two at once too: a line is deleted once."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, {"after": FOLD_AFTER.total_seconds()})


def recount_mail(account_id: int) -> MailSize | None:
    """Count an account's rows anew. Returns by how much the sums were too small; None if they were right, as always."""
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT, {"account": account_id})
        row = cursor.fetchone()
    return None if row is None else MailSize(*map(int, row))
