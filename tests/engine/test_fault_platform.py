"""Faults of the machine below: a full database, a flushed Redis, a clock that jumps, a task delivered twice."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import tasks
from mailsync.engine.pull import Outcome, pull_account
from mailsync.errors import LeaseLost
from mailsync.models import AccountSync, Lease, Placement
from mailsync.store import intake, leases
from tests.engine.in_step import assert_in_step, pull, snapshot
from tests.engine.test_fault_list import account, filled, inbox

__all__ = ["account"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("chunk", [1, 2])
def test_postgres_full_in_the_middle_moves_no_cursor(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("mailsync.plan.pull.FIRST_CHUNK", 2)
    monkeypatch.setattr("mailsync.plan.pull.CHUNK", 2)
    server = filled(6)
    real = intake.refresh
    calls = 0

    def full(pairs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == chunk:
            raise OperationalError("could not extend file: No space left on device")
        return real(pairs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(intake, "refresh", full)
        with pytest.raises(OperationalError):
            pull_account(account.pk, connect=server.opener)
    assert inbox().total == Placement.objects.count() == 2 * (chunk - 1)
    assert inbox().header_cursor == (None if chunk == 1 else 5)
    pull(account, server)
    assert_in_step(account, server)


def test_a_flushed_redis_loses_no_work(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """All hints are gone; Postgres gives every piece of work again, once its claim has run out."""
    given: list[tuple[str, int]] = []
    for name in ("account_pull", "folder_pull", "changes_push", "outgoing_deliver", "bodies_pull"):
        monkeypatch.setattr(
            getattr(tasks, name), "apply_async", lambda ids, name=name, **more: given.append((name, *ids))
        )
    server = filled()
    AccountSync.objects.update(due_at=timezone.now() - timedelta(minutes=10))
    tasks.dispatch()
    assert given == [("account_pull", account.pk)]
    given.clear()  # as FLUSHALL does
    AccountSync.objects.update(due_at=timezone.now() - timedelta(minutes=10))
    tasks.dispatch()
    assert given == [("account_pull", account.pk)]
    pull(account, server)
    assert_in_step(account, server)


def test_a_jump_of_the_clock_neither_frees_nor_steals_a_lane(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases go by the database's clock: a worker whose own clock is hours ahead takes nothing over."""
    lease = leases.claim(account.pk, "pull")
    assert lease is not None
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(hours=5))
    assert leases.claim(account.pk, "pull") is None
    monkeypatch.setattr(timezone, "now", lambda: real() - timedelta(hours=5))
    assert leases.claim(account.pk, "pull") is None
    leases.heartbeat(lease)
    leases.release(lease)
    assert leases.claim(account.pk, "pull") is not None


def test_a_task_delivered_twice_changes_nothing(account: MailAccount) -> None:
    server = filled()
    pull(account, server)
    before = snapshot()
    for _ in range(2):
        pull(account, server)
    assert snapshot() == before
    # Delivered again while the first is still at it: fenced.
    held = leases.claim(account.pk, "pull")
    assert held is not None
    assert pull_account(account.pk, connect=server.opener) is Outcome.BUSY
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert leases.claim(account.pk, "pull") is not None
    with pytest.raises(LeaseLost):
        leases.heartbeat(held)
