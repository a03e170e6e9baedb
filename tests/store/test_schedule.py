"""Due times: what is claimed when, for whom, and what a failure means."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.errors import MailError, NeedsUser, TryLater, TryNow
from mailsync.models import AccountSync, Folder, Lease, Outgoing, SchedulerTick
from mailsync.store import leases, schedule, turns
from tests.factories import make_account, make_folder

pytestmark = pytest.mark.django_db


def due(account: MailAccount, seconds: float = -1, **fields: object) -> None:
    AccountSync.objects.filter(account=account).update(due_at=timezone.now() + timedelta(seconds=seconds), **fields)


def test_a_due_account_is_claimed_once() -> None:
    account = make_account()
    due(account)
    assert schedule.claim_accounts() == [account.pk]
    assert schedule.claim_accounts() == []
    sync = AccountSync.objects.get()
    assert sync.due_at is not None
    assert timedelta(minutes=5) < sync.due_at - timezone.now() < timedelta(minutes=7)


def test_nothing_of_the_paused_the_inactive_and_the_undue() -> None:
    paused, inactive, later, never = make_account(state="paused"), make_account(), make_account(), make_account()
    inactive.user.is_active = False
    inactive.user.save()
    for account in (paused, inactive):
        due(account)
    due(later, 60)
    assert schedule.claim_accounts() == []
    assert AccountSync.objects.get(account=never).due_at is None


def test_one_host_does_not_take_all_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "PER_HOST", 3)
    big = [make_account(host="imap.big.test", port=993) for _ in range(5)]
    small = make_account(host="imap.small.test")
    for account in big:
        due(account, -60)
    due(small, -1)
    with leases.held(big[0].pk, "push"):
        claimed = schedule.claim_accounts()
    assert small.pk in claimed
    assert len(set(claimed) & {account.pk for account in big}) == 2


def test_pushes_have_a_due_time_of_their_own() -> None:
    account = make_account()
    AccountSync.objects.update(push_due_at=timezone.now())
    assert schedule.claim_accounts("push_due_at") == [account.pk]
    assert schedule.claim_accounts() == []
    with pytest.raises(ValueError, match="id"):
        schedule.claim_accounts("id")


def test_a_due_folder_is_claimed_once_and_never_while_parked() -> None:
    account = make_account()
    folder, parked = make_folder(account), make_folder(account, "Broken", parked_at=timezone.now())
    assert schedule.make_folder_due(folder.pk)
    assert not schedule.make_folder_due(folder.pk)
    assert not schedule.make_folder_due(parked.pk)
    assert schedule.claim_folders() == [folder.pk]
    assert schedule.claim_folders() == []


def test_a_hint_gives_the_worker_a_head_start() -> None:
    folder = make_folder()
    assert schedule.make_folder_due(folder.pk, seconds=20)
    assert schedule.claim_folders() == []
    # What is wanted sooner moves the time forward, never back.
    assert not schedule.make_folder_due(folder.pk, seconds=40)
    assert schedule.make_folder_due(folder.pk)
    assert schedule.claim_folders() == [folder.pk]


@pytest.mark.parametrize(
    ("error", "failures", "seconds", "needs_user"),
    [
        (TryNow("dropped"), 0, 15, False),
        (TryNow("dropped"), 3, 120, False),
        (TryLater("down"), 50, 600, False),
        (TryLater("throttled", after_seconds=77), 4, 77, False),
        (NeedsUser("no", code="password"), 0, 900, False),
        (NeedsUser("no", code="password"), 1, 3600, True),
        (NeedsUser("no", code="token"), 9, 86400, True),
        (NeedsUser("no", code="timeout"), 0, 15, False),
        (NeedsUser("no", code="refused"), 2, 60, False),
        (NeedsUser("no", code="certificate"), 0, 900, True),
        (NeedsUser("no", code="forbidden_host"), 0, 900, True),
    ],
)
def test_what_a_failure_means(error: MailError, failures: int, seconds: float, needs_user: bool) -> None:
    verdict = schedule.judge(error, failures)
    assert (verdict.due_seconds, verdict.needs_user) == (seconds, needs_user)


def test_after_three_days_only_the_user_can_mend_it() -> None:
    account = make_account()
    error = NeedsUser("The password was refused.", code="password")
    for _ in range(3):
        schedule.record_failure(account.pk, error, transcript="A1 LOGIN ***\nA1 NO")
    assert AccountSync.objects.get().due_at is not None
    MailAccount.objects.update(state_since=timezone.now() - timedelta(days=3, minutes=1))
    assert schedule.record_failure(account.pk, error).due_seconds is None
    assert AccountSync.objects.get().due_at is None


@pytest.mark.parametrize(
    ("fields", "low", "high"),
    [
        ({"active_at": timedelta(0)}, 50, 70),
        ({"active_at": timedelta(hours=2)}, 260, 340),
        ({"active_at": timedelta(days=3)}, 1600, 2000),
        ({}, 1600, 2000),
        ({"active_at": timedelta(0), "watched_at": timedelta(0)}, 800, 1000),
    ],
)
def test_how_often_an_account_is_polled(fields: dict[str, timedelta], low: float, high: float) -> None:
    account = make_account()
    AccountSync.objects.update(failures=3, **{name: timezone.now() - ago for name, ago in fields.items()})
    schedule.record_success(account.pk, capabilities={"IDLE", "CONDSTORE"})
    sync = AccountSync.objects.get()
    assert sync.due_at is not None
    assert low < (sync.due_at - timezone.now()).total_seconds() < high
    assert (sync.failures, sync.last_error, sync.capabilities) == (0, "", ["CONDSTORE", "IDLE"])


def test_accounts_whose_bodies_are_to_come() -> None:
    folder = make_folder(bodies_pending=3)
    make_folder(make_account(), bodies_pending=0)
    with leases.held(folder.account_id, "bodies"):
        assert schedule.claim_bodies() == []
    assert schedule.claim_bodies() == [folder.account_id]
    assert schedule.claim_bodies() == []
    assert not schedule.claim_bodies_of(folder.account_id)
    Lease.objects.update(until=timezone.now())
    AccountSync.objects.update(failures=1)
    assert schedule.claim_bodies() == []
    assert Folder.objects.count() == 2


def test_outgoing_mail_whose_time_has_come() -> None:
    account = make_account()
    common = {"user": account.user, "account": account, "mail_from": "a@example.test", "raw": b"x"}
    now = timezone.now()
    ready = Outgoing.objects.create(message_id="1", due_at=now, **common)
    Outgoing.objects.create(message_id="2", due_at=now + timedelta(minutes=1), **common)
    Outgoing.objects.create(message_id="3", due_at=now, finished_at=now, **common)
    Outgoing.objects.create(message_id="4", **common)
    assert turns.due_outgoing() == [ready.pk]


def test_the_tick() -> None:
    assert schedule.last_tick_seconds() is None
    schedule.stamp_tick()
    schedule.stamp_tick()
    assert SchedulerTick.objects.count() == 1
    seconds = schedule.last_tick_seconds()
    assert seconds is not None
    assert seconds < 5
