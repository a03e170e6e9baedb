"""A folder of any size, made inside the database in seconds: messages, placements, threads, lines, text."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from accounts.models import MailAccount
from mailsync.models import Folder
from tests.factories import make_folder

_FILL = """
    INSERT INTO mailsync_thread (id, account_id, provider_thread_id, base_subject, message_count, newest_at,
                                 participants, muted)
    SELECT %(first)s + n, %(account)s, '', 'subject ' || n, 1, %(start)s::timestamptz + n * interval '1 minute',
           '[["Ada", "ada@example.test"]]', false FROM generate_series(1, %(count)s) AS n;
    INSERT INTO mailsync_message (id, account_id, thread_id, provider_id, message_id, in_reply_to, "references",
                                  subject, lone_reply, from_name, from_address, recipients, received_at,
                                  size_bytes, preview, attachment_count, facts, defects, parser_version, created_at)
    SELECT %(first)s + n, %(account)s, %(first)s + n, '', 'big' || (%(first)s + n) || '@example.test', '', '{}',
           'Subject ' || n, '', 'Ada', 'ada@example.test', '{"to": [["Bob", "bob@example.test"]]}',
           %(start)s::timestamptz + n * interval '1 minute', 1000, 'A preview of about the length that previews have.',
           (n %% 10 = 0)::int, '{}', '{}', 1, now() FROM generate_series(1, %(count)s) AS n;
    INSERT INTO mailsync_placement (id, account_id, folder_id, epoch, uid, message_id, thread_id, received_at, seen,
                                    flagged, answered, draft, keywords, server_flags, gone_phase, shown)
    SELECT %(first)s + n, %(account)s, %(folder)s, 1, n, %(first)s + n, %(first)s + n,
           %(start)s::timestamptz + n * interval '1 minute', n %% 5 <> 0, n %% 50 = 0, false, false, '{}', '{}', 0, true
      FROM generate_series(1, %(count)s) AS n;
    INSERT INTO mailsync_threadrow (folder_id, thread_id, newest_id, newest_at, message_count, unread_count,
                                    flagged_count, has_attachment, to_me, sender_key, subject_key, size_bytes)
    SELECT folder_id, thread_id, id, received_at, 1, (NOT seen)::int, flagged::int, uid %% 10 = 0, uid %% 4 = 0,
           'sender ' || least(uid %% 1000, 500), 'subject ' || uid, uid %% 50 * 1000
      FROM mailsync_placement WHERE folder_id = %(folder)s;
    UPDATE mailsync_folder SET total = %(count)s, unread = %(count)s / 5 WHERE id = %(folder)s;
"""
_FILL_BY_MESSAGE = """
    INSERT INTO mailsync_messagerow (placement_id, folder_id, received_at, unread, flagged, has_attachment, to_me,
                                     sender_key, subject_key, size_bytes)
    SELECT newest_id, folder_id, newest_at, unread_count > 0, flagged_count > 0, has_attachment, to_me,
           sender_key, subject_key, size_bytes
      FROM mailsync_threadrow WHERE folder_id = %(folder)s
"""
_ANALYZE = "ANALYZE mailsync_thread, mailsync_message, mailsync_placement, mailsync_threadrow, mailsync_messagerow"

_TABLES = [
    *("mailsync_thread", "mailsync_message", "mailsync_placement", "mailsync_threadrow", "mailsync_folder"),
    *("mailsync_messagetext", "mailsync_rawmessage", "mailsync_messagerow"),
    *("mailsync_labelled", "mailsync_labeltally", "mailsync_labelchange"),
]


def forget_statistics() -> None:
    """What has been counted of tables is not known any more: of one test's mail to the planner of another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM pg_statistic WHERE starelid IN"
            " (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
        )


@contextmanager
def uncounted_tables() -> Iterator[None]:
    """Empty before and after, of no statistics, and none come by themselves: autovacuum would count in the middle."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_user, mailsync_message, mailsync_thread CASCADE")
        forget_statistics()
        try:
            for table in _TABLES:
                cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
            yield
        finally:
            cursor.execute("TRUNCATE accounts_user, mailsync_message, mailsync_thread CASCADE")
            for table in _TABLES:
                cursor.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")


def fill(account: MailAccount, path: str, count: int, *, analyze: bool = True, by_message: bool = False) -> Folder:
    """A folder of ``count`` messages, each a conversation: a fifth unread, a fiftieth flagged, half from one sender.

    Without ``analyze`` the planner is told nothing of it; ``by_message`` adds the lines of single messages.
    """
    folder = make_folder(account, path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) + 1000000 FROM mailsync_message")
        (first,) = cursor.fetchone()
        # The plans that check foreign keys are kept by a session: made while a table was nearly empty, they read
        # it whole for each row, and a hundred thousand rows take minutes.
        cursor.execute("DISCARD PLANS; SET enable_seqscan = off")
        cursor.execute(
            _FILL,
            {
                "first": first,
                "account": account.pk,
                "folder": folder.pk,
                "count": count,
                "start": "2020-01-01T00:00:00Z",
            },
        )
        if by_message:
            cursor.execute(_FILL_BY_MESSAGE, {"folder": folder.pk})
        cursor.execute("RESET enable_seqscan")
        if analyze:
            cursor.execute(_ANALYZE)
    folder.refresh_from_db()
    return folder
