"""What PostgreSQL believes of the tables of mail, kept in step while a mailbox is being filled. Database room.

In: how many rows a batch has. A session keeps the plans by which foreign keys are checked; made while a table was
nearly empty they read it whole for each row, and a first fetch of a hundred thousand messages would grow quadratic.
Statistics come from autovacuum, once a minute at best, while a first fetch doubles the tables within seconds.
"""

from django.db import connection

#: Fewer new rows are an everyday pull: they cannot make a plan or a statistic wrong.
MANY_ROWS = 50
#: A table is counted again when it has grown by as much as it held, and by this many rows.
_LEAST_GROWTH = 1000
_TABLES = [
    *("mailsync_message", "mailsync_placement", "mailsync_thread", "mailsync_threadrow"),
    *("mailsync_messagetext", "mailsync_rawmessage", "mailsync_messagerow", "mailsync_labelled"),
]
_GROWN = """
    SELECT c.relname FROM pg_class c
     WHERE c.oid = ANY(%s::regclass[]) AND pg_stat_get_mod_since_analyze(c.oid) > greatest(c.reltuples, %s)
     ORDER BY c.relname
"""


def renew_plans(rows: int) -> None:
    """Before a batch of many ``rows``: let this session plan anew, by what the tables hold now."""
    if rows >= MANY_ROWS:
        with connection.cursor() as cursor:
            cursor.execute("DISCARD PLANS")


def analyze_grown(rows: int) -> list[str]:
    """After a batch of many ``rows``: count those tables again that have doubled since; returns their names.

    Not in the batch's transaction: the counter it goes by moves when a transaction has ended.
    """
    if rows < MANY_ROWS:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_GROWN, [_TABLES, _LEAST_GROWTH])
        grown = [name for (name,) in cursor.fetchall()]
        for name in grown:
            # Another worker, or autovacuum, that is at it already does it for all.
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {connection.ops.quote_name(name)}")
    return grown
