"""Who writes to a user as a mailing list does (List-Unsubscribe, RFC 2369 §3.2), and how much of it is read. Database
room.

In: a user. Out: one entry a list and account: what several people write to one (by its List-ID, RFC 2919) is one, a
sender who names no list is one too. The senders are found one after the other in an index that holds such
mail alone, so that it costs as much as there are of them, however large the mailbox.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from mailsync.models import Message

#: What is told of how often somebody writes is of so long.
RECENT = timedelta(days=90)
#: A sender's letters are counted up to here.
MOST_COUNTED = 200
#: Senders looked at in an account; nobody reads more.
_MOST_SENDERS = 2000
#: Of a sender's newest letters so many are looked through for one that is still here.
_MOST_GONE = 50


@dataclass(frozen=True, slots=True)
class Subscription:
    """``message`` is the newest letter that is still here. ``count`` came in the last ``RECENT`` days, of the
    newest ``MOST_COUNTED``, and ``read`` of them were opened. What lies in junk and bin alone does not count: to answer
    junk only tells its sender that it is read. ``senders``: each with the time of their newest letter.
    """

    message: Message
    newest_at: datetime
    count: int
    read: int
    senders: tuple[tuple[str, datetime], ...] = ()

    @property
    def is_shared(self) -> bool:
        """Several people write to it."""
        return len(self.senders) > 1

    def joined(self, other: "Subscription") -> "Subscription":
        """Of the same list."""
        newer = max(self, other, key=lambda one: one.newest_at)
        count = min(self.count + other.count, MOST_COUNTED)
        read = min(self.read + other.read, count)
        return Subscription(newer.message, newer.newest_at, count, read, self.senders + other.senders)


# Where a letter ``m`` lies that counts, found by its id. What is set aside is asked once: where folders are joined, a
# planner that has counted the tables while they were empty goes through all that lies in one.
_ASIDE = """SELECT f.id FROM mailsync_folder f JOIN accounts_mailaccount o ON o.id = f.account_id
                                             WHERE o.user_id = %(user)s AND f.role IN ('junk', 'trash')"""
_HERE = f"""mailsync_placement p
              WHERE p.message_id = m.id AND p.shown AND p.folder_id <> ALL (ARRAY({_ASIDE}))"""
_SUBSCRIPTIONS = f"""
    WITH RECURSIVE sender AS (
        SELECT a.id AS account_id, n.address, 1 AS number
          FROM accounts_mailaccount a
         CROSS JOIN LATERAL (
             SELECT lower(m.from_address) AS address FROM mailsync_message m
              WHERE m.account_id = a.id AND m.facts ? 'list_unsubscribe'
              ORDER BY lower(m.from_address) LIMIT 1
         ) AS n
         WHERE a.user_id = %(user)s
         UNION ALL
        SELECT s.account_id, n.address, s.number + 1
          FROM sender s
         CROSS JOIN LATERAL (
             SELECT lower(m.from_address) AS address FROM mailsync_message m
              WHERE m.account_id = s.account_id AND lower(m.from_address) > s.address AND m.facts ? 'list_unsubscribe'
              ORDER BY lower(m.from_address) LIMIT 1
         ) AS n
         WHERE s.number < {_MOST_SENDERS}
    )
    SELECT newest.id, newest.received_at, lately.count, lately.read
      FROM sender s
     CROSS JOIN LATERAL (
         SELECT m.id, m.received_at FROM (
             SELECT m.id, m.received_at FROM mailsync_message m
              WHERE m.account_id = s.account_id AND lower(m.from_address) = s.address
                AND m.facts ? 'list_unsubscribe'
              ORDER BY m.received_at DESC LIMIT {_MOST_GONE}
         ) AS m
          WHERE EXISTS (SELECT FROM {_HERE} OFFSET 0)
          ORDER BY m.received_at DESC LIMIT 1
     ) AS newest
     CROSS JOIN LATERAL (
         SELECT count(*) AS count, count(*) FILTER (WHERE m.seen) AS read FROM (
             SELECT (SELECT bool_or(p.seen) FROM {_HERE}) AS seen
               FROM mailsync_message m
              WHERE m.account_id = s.account_id AND lower(m.from_address) = s.address
                AND m.facts ? 'list_unsubscribe' AND m.received_at > %(since)s
              ORDER BY m.received_at DESC LIMIT {MOST_COUNTED}
         ) AS m WHERE m.seen IS NOT NULL
     ) AS lately
"""  # noqa: S608  ours


# A range in the order of the index, as in ``store.first_mail``.
_SINCE = f"""
    SELECT count(*) FROM (
        SELECT FROM mailsync_message m
         WHERE m.account_id = %(account)s AND lower(m.from_address) BETWEEN %(sender)s AND %(sender)s
           AND m.facts ? 'list_unsubscribe' AND m.received_at > %(since)s AND EXISTS (SELECT FROM {_HERE} OFFSET 0)
         ORDER BY lower(m.from_address), m.received_at DESC LIMIT {MOST_COUNTED}
    ) AS letters
"""  # noqa: S608  ours


def load_subscriptions(user_id: int, *, limit: int) -> list[Subscription]:
    """Who wrote most in the last days comes first."""
    with connection.cursor() as cursor:
        cursor.execute(_SUBSCRIPTIONS, {"user": user_id, "since": timezone.now() - RECENT})
        found = cursor.fetchall()
    messages = Message.objects.select_related("account").defer("parts").in_bulk([row[0] for row in found])
    lists: dict[tuple[int, str], Subscription] = {}
    for pk, at, count, read in found:
        if (message := messages.get(pk)) is None:
            continue
        sender = message.from_address.lower()
        one = Subscription(message, at, count, read, ((sender, at),))
        key = message.account_id, str(message.facts.get("list_id") or sender)
        lists[key] = lists[key].joined(one) if key in lists else one
    return sorted(lists.values(), key=lambda one: (-one.count, -one.newest_at.timestamp()))[:limit]


def count_since(one: Subscription, moment: datetime) -> int:
    """How many letters have come of it since then, up to ``MOST_COUNTED``, that lie elsewhere than in junk and bin:
    those of a sender who has been blocked trouble nobody."""
    values: dict[str, Any] = {
        "user": one.message.account.user_id,
        "account": one.message.account_id,
        "since": moment,
    }
    total = 0
    with connection.cursor() as cursor:
        for sender, newest_at in one.senders:
            if newest_at > moment and total < MOST_COUNTED:
                cursor.execute(_SINCE, {**values, "sender": sender})
                total += int(cursor.fetchone()[0])
    return min(total, MOST_COUNTED)
