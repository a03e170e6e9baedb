"""What is done while a push ends is due afterwards, whoever commits first: two connections to PostgreSQL."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import connection, transaction

from mailsync import actions
from mailsync.models import AccountSync, Change
from mailsync.store import pushing
from tests.engine.pushed_box import Mailbox


def end_push(account_id: int) -> None:
    with closing(connection):
        pushing.schedule_next(account_id)


def wait_for_who_waits_for_us(seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone() != (0,):
                return
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_what_is_being_done_as_a_push_ends_stays_due() -> None:
    box = Mailbox()
    row = box.add()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            actions.mark_read(box.user_id, [row.pk], True)
            ending = pool.submit(end_push, box.account.pk)
            wait_for_who_waits_for_us()
        ending.result(timeout=20)
    assert Change.objects.filter(finished_at=None).count() == 1
    assert AccountSync.objects.get(account=box.account).push_due_at is not None
