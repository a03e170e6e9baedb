"""How much mail carries each label: summed from the changes that placements leave behind, and audited. Database room.

Whoever changes mail only adds rows of ``LabelChange`` (a trigger does, migration 0053), so nobody waits for another.
The sums in ``LabelTally`` and the changes that are not in them yet are true together at any moment: a message's changes
undone from what its placements are now give what it has been counted as. So reading costs as much as there are labels
and unsummed changes; the clock sums those up.
"""

from dataclasses import dataclass

from django.db import connection, transaction

from mailsync.models import LabelChange

#: So many changes an account may have before they are summed at the next tick of the clock, and not at leisure.
MANY_CHANGES = 200
#: Changes that are summed in one transaction.
SLICE_CHANGES = 2000
#: Slices of one task; what is left is the next one's.
SLICES_AT_ONCE = 40

#: A chain of a WITH, from ``touched`` (rows of ``LabelChange``, all that a message has) to ``pending``: by how much the
#: sums of its account are to change.
PENDING = """
    piece AS (
        SELECT account_id, message_id, keyword, spelled, folder_id, unread, -difference AS was, 0 AS is_now FROM touched
         UNION ALL
        SELECT t.account_id, t.message_id, l.keyword COLLATE "C", l.spelled COLLATE "C", p.folder_id, NOT p.seen, 1, 1
          FROM (SELECT DISTINCT account_id, message_id FROM touched) AS t
          -- OFFSET 0: message by message, by its key, however many the planner expects.
         CROSS JOIN LATERAL (
             SELECT * FROM mailsync_placement p WHERE p.message_id = t.message_id AND p.shown OFFSET 0) AS p
         CROSS JOIN LATERAL mailsync_labels(p.keywords) AS l
    ), held AS (
        SELECT account_id, message_id, keyword, spelled, folder_id, unread, sum(was) AS was, sum(is_now) AS is_now
          FROM piece GROUP BY account_id, message_id, keyword, spelled, folder_id, unread
    ), arranged AS (
        SELECT held.account_id, held.keyword, min(held.spelled) AS spelled, side.n,
               array_agg(DISTINCT held.folder_id ORDER BY held.folder_id) AS folder_ids,
               coalesce(array_agg(DISTINCT held.folder_id ORDER BY held.folder_id) FILTER (WHERE held.unread), '{}')
                   AS unread_ids
          FROM held CROSS JOIN LATERAL (VALUES (-1, held.was), (1, held.is_now)) AS side (n, placements)
         WHERE side.placements > 0
         GROUP BY held.account_id, held.message_id, held.keyword, side.n
    ), pending AS (
        SELECT account_id, keyword, spelled, folder_ids, unread_ids, sum(n)::integer AS messages
          FROM arranged GROUP BY account_id, keyword, spelled, folder_ids, unread_ids HAVING sum(n) <> 0
    )
"""
#: The end of it: the sums of one account, which is locked, are changed by ``difference``.
_ADD = """
    changed AS (
        UPDATE mailsync_labeltally t SET messages = t.messages + d.messages FROM difference d
         WHERE t.account_id = d.account_id AND t.keyword = d.keyword AND t.spelled = d.spelled
           AND t.folder_ids = d.folder_ids AND t.unread_ids = d.unread_ids
        RETURNING t.keyword, t.spelled, t.folder_ids, t.unread_ids
    ), added AS (
        INSERT INTO mailsync_labeltally (account_id, keyword, spelled, folder_ids, unread_ids, messages)
        SELECT account_id, keyword, spelled, folder_ids, unread_ids, messages FROM difference d
         WHERE NOT EXISTS (SELECT FROM changed c WHERE (c.keyword, c.spelled, c.folder_ids, c.unread_ids)
                                                     = (d.keyword, d.spelled, d.folder_ids, d.unread_ids))
    )
"""
_SUM_UP = f"""
    WITH touched AS (
        DELETE FROM mailsync_labelchange WHERE account_id = %(account)s AND message_id <= (
            SELECT max(message_id) FROM (
                SELECT message_id FROM mailsync_labelchange WHERE account_id = %(account)s
                 ORDER BY account_id, message_id LIMIT %(limit)s) AS oldest)
        RETURNING account_id, message_id, keyword, spelled, folder_id, unread, difference
    ), {PENDING}, difference AS (SELECT * FROM pending), {_ADD}
    SELECT count(*) FROM touched
"""  # noqa: S608 (constants)
_COUNT_ANEW = f"""
    WITH touched AS (SELECT * FROM mailsync_labelchange WHERE account_id = %(account)s), {PENDING},
    truth AS (
        SELECT account_id, keyword, spelled, folder_ids, unread_ids, count(*) AS messages FROM (
            SELECT p.account_id, l.keyword COLLATE "C" AS keyword, min(l.spelled COLLATE "C") AS spelled,
                   array_agg(DISTINCT p.folder_id ORDER BY p.folder_id) AS folder_ids,
                   coalesce(array_agg(DISTINCT p.folder_id ORDER BY p.folder_id) FILTER (WHERE NOT p.seen), '{{}}')
                       AS unread_ids
              FROM mailsync_placement p CROSS JOIN LATERAL mailsync_labels(p.keywords) AS l
             WHERE p.account_id = %(account)s AND p.shown
             GROUP BY p.account_id, p.message_id, l.keyword COLLATE "C") AS message
         GROUP BY account_id, keyword, spelled, folder_ids, unread_ids
    ), difference AS (
        SELECT account_id, keyword, spelled, folder_ids, unread_ids, sum(messages)::integer AS messages FROM (
            SELECT * FROM truth
             UNION ALL SELECT account_id, keyword, spelled, folder_ids, unread_ids, -messages FROM mailsync_labeltally
                        WHERE account_id = %(account)s
             UNION ALL SELECT account_id, keyword, spelled, folder_ids, unread_ids, -messages FROM pending) AS side
         GROUP BY account_id, keyword, spelled, folder_ids, unread_ids HAVING sum(messages) <> 0
    ), {_ADD}
    SELECT DISTINCT keyword FROM difference ORDER BY keyword
"""  # noqa: S608 (constants)
_LINES = """
    SELECT p.id, l.keyword COLLATE "C" AS keyword, p.folder_id, p.received_at
      FROM mailsync_placement p CROSS JOIN LATERAL mailsync_labels(p.keywords) AS l
     WHERE p.folder_id = %(folder)s AND p.shown
"""
_TAKE_LINES = f"""
    DELETE FROM mailsync_labelled l WHERE folder_id = %(folder)s
       AND (placement_id, keyword, folder_id, received_at) NOT IN ({_LINES}) RETURNING keyword
"""  # noqa: S608 (constants)
_ADD_LINES = f"""
    INSERT INTO mailsync_labelled AS l (placement_id, keyword, folder_id, received_at)
    SELECT * FROM ({_LINES}) AS line WHERE NOT EXISTS (
        SELECT FROM mailsync_labelled l WHERE (l.placement_id, l.keyword, l.folder_id, l.received_at)
                                            = (line.id, line.keyword, line.folder_id, line.received_at))
        ON CONFLICT (placement_id, keyword)
        DO UPDATE SET folder_id = excluded.folder_id, received_at = excluded.received_at
    RETURNING keyword
"""  # noqa: S608 (constants)


@dataclass(frozen=True, slots=True)
class LabelCorrection:
    """Labels, in lower case, whose counts or lists of one account were wrong."""

    account_id: int
    keywords: tuple[str, ...]


def accounts_with_changes(least: int = MANY_CHANGES) -> list[int]:
    """Accounts that have so many changes to be summed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id FROM mailsync_labelchange GROUP BY account_id HAVING count(*) >= %s ORDER BY account_id",
            [least],
        )
        return [row[0] for row in cursor.fetchall()]


def sum_up(account_id: int, slices: int = SLICES_AT_ONCE) -> bool:
    """Sum an account's changes. True where more is to be done."""
    return all(_sum_slice(account_id) for _ in range(slices))


@transaction.atomic
def _sum_slice(account_id: int) -> bool:
    if not _lock(account_id):
        LabelChange.objects.filter(account=account_id).delete()
        return False
    with connection.cursor() as cursor:
        cursor.execute(_SUM_UP, {"account": account_id, "limit": SLICE_CHANGES})
        ((count,),) = cursor.fetchall()
        cursor.execute("DELETE FROM mailsync_labeltally WHERE account_id = %s AND messages = 0", [account_id])
    return int(count) >= SLICE_CHANGES


@transaction.atomic
def recount_labels(account_id: int) -> list[str]:
    """Count an account's labels anew; returns those whose counts were wrong."""
    if not _lock(account_id):
        return []
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ANEW, {"account": account_id})
        wrong = [row[0] for row in cursor.fetchall()]
        cursor.execute("DELETE FROM mailsync_labeltally WHERE account_id = %s AND messages = 0", [account_id])
    return wrong


def recount_lines(folder_id: int) -> list[str]:
    """Write the lines of labels of a folder, which is locked, anew; returns the labels whose lines were wrong."""
    with connection.cursor() as cursor:
        wrong: set[str] = set()
        for sql in (_TAKE_LINES, _ADD_LINES):
            cursor.execute(sql, {"folder": folder_id})
            wrong |= {row[0] for row in cursor.fetchall()}
    return sorted(wrong)


def _lock(account_id: int) -> bool:
    """One at a time sums up an account; False where it is gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM accounts_mailaccount WHERE id = %s FOR NO KEY UPDATE", [account_id])
        return bool(cursor.fetchall())
