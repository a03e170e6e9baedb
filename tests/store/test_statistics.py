"""A mailbox that is being filled: foreign keys are checked by key all the while, and grown tables are counted anew."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from mailsync.store.statistics import MANY_ROWS, analyze_grown, renew_plans
from tests.factories import make_account, make_folder, make_message
from tests.store.big_folder import fill, uncounted_tables

_THREADS = """
    INSERT INTO mailsync_thread (account_id, provider_thread_id, base_subject, message_count, participants, muted)
    SELECT %s, '', 'subject ' || n, 0, '[]', false FROM generate_series(1, %s) AS n RETURNING id
"""
_READ = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'mailsync_thread'"
_THREAD_COUNT = 20_000


@pytest.mark.django_db
def test_the_foreign_keys_of_a_batch_are_checked_by_key() -> None:
    with connection.cursor() as cursor:
        # What other tests left, of rows and of plans, is not this one's.
        cursor.execute("TRUNCATE mailsync_thread CASCADE")
        cursor.execute("DISCARD PLANS")
    folder = make_folder()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        make_message(folder)
        # One row, and PostgreSQL knows it: reading the table whole is cheapest, until it has grown.
        cursor.execute("ANALYZE mailsync_thread")
        for _ in range(10):
            make_message(folder)
        cursor.execute(_THREADS, [folder.account_id, _THREAD_COUNT])
        threads = [pk for (pk,) in cursor.fetchall()]

        def read_by(threads: list[int]) -> int:
            cursor.execute(_READ)
            (before,) = cursor.fetchone()
            cursor.execute(
                "UPDATE mailsync_message m SET thread_id = given.thread"
                " FROM unnest(%s::bigint[]) AS given(thread) WHERE m.id ="
                " (SELECT max(id) FROM mailsync_message WHERE account_id = %s)",
                [threads, folder.account_id],
            )
            cursor.execute(_READ)
            (after,) = cursor.fetchone()
            return int(after - before)

        renew_plans(MANY_ROWS - 1)
        assert read_by(threads[-1:]) >= _THREAD_COUNT, "a plan of the nearly empty table, as a session keeps it"
        renew_plans(MANY_ROWS)
        assert read_by(threads[-2:-1]) == 0


@pytest.fixture
def grown(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Committed, as the counters of changes move when a transaction ends."""
    with django_db_blocker.unblock(), uncounted_tables(), connection.cursor() as cursor:
        fill(make_account(), "INBOX", 20)
        fill(make_account(), "INBOX", 3000, analyze=False)
        cursor.execute("SELECT pg_stat_force_next_flush()")
        yield


def test_tables_that_have_doubled_are_counted_once(grown: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        assert analyze_grown(MANY_ROWS - 1) == []
        assert "mailsync_placement" in analyze_grown(MANY_ROWS)
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'mailsync_placement'::regclass")
        assert cursor.fetchone() == (3020,)
        cursor.execute("SELECT pg_stat_force_next_flush()")
        assert analyze_grown(MANY_ROWS) == []
