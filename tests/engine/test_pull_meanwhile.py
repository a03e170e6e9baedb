"""What happens beside a pull: the user acts, another works, a server is renumbered between two looks."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.ahead import ahead
from mailsync.engine.pull import Outcome, fetch_message, pull_account, pull_bodies, pull_one
from mailsync.engine.push import push_changes
from mailsync.engine.session import Session
from mailsync.errors import Rejected
from mailsync.models import AccountSync, Change, Folder, Lease, Message, Placement, Thread
from mailsync.store import flags, leases, schedule
from tests.engine.filled import filled, inbox
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


# What the user did meanwhile. -------------------------------------------------------------------


@pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE])
def test_a_pending_flag_wins_over_what_the_server_says(account: MailAccount, capabilities: tuple[str, ...]) -> None:
    server = filled(3, capabilities)
    pull(account, server)
    placement = Placement.objects.get(uid=1)
    Placement.objects.filter(pk=placement.pk).update(seen=True)
    change = Change.objects.create(
        account=account,
        kind=Change.Kind.FLAGS,
        message_id=placement.message_id,
        placement=placement,
        source_id=placement.folder_id,
        add_flags=["\\Seen"],
    )
    server.boxes["INBOX"].messages[1].flags = {"\\Flagged"}
    pull(account, server)
    placement.refresh_from_db()
    assert (placement.seen, placement.flagged, placement.server_flags) == (True, True, ["\\Flagged"])
    # Once the change has failed for good, the server's word counts again.
    Change.objects.filter(pk=change.pk).update(state=Change.State.FAILED, finished_at=timezone.now())
    server.boxes["INBOX"].messages[1].flags = {"\\Answered"}
    pull(account, server)
    placement.refresh_from_db()
    assert (placement.seen, placement.answered) == (False, True)


@pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE])
def test_a_flag_pushed_while_the_pull_was_asking_is_not_set_back(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch, capabilities: tuple[str, ...]
) -> None:
    server = filled(3, capabilities)
    pull(account, server)
    server.boxes["INBOX"].messages[1].flags = {"$Work"}
    placement = Placement.objects.get(uid=1)
    actions.mark_read(account.user_id, [placement.pk], True)
    real = flags.apply_flags

    def push_first(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(flags, "apply_flags", real)
        push_changes(account.pk, open_source=server.connect)
        return real(*args, **more)

    # The answer was read before the push told the server, and is stored after it.
    monkeypatch.setattr(flags, "apply_flags", push_first)
    pull_account(account.pk, connect=server.opener)
    placement.refresh_from_db()
    assert (placement.seen, placement.keywords) == (True, ["$Work"])
    pull(account, server)
    assert_in_step(account, server)


@pytest.mark.parametrize(("path", "count"), [("Archive", 1), ("Archive", 200), ("Plans", 1)])
def test_the_bodies_of_messages_that_are_moved_before_they_have_come(
    account: MailAccount, path: str, count: int
) -> None:
    """As during a first pull, which lists what its person may put away at once, into a new folder too."""
    server = filled(300)
    pull_account(account.pk, connect=server.opener)
    moved = Placement.objects.filter(folder=inbox(), message__raw=None)[:count].values_list("pk", flat=True)
    assert len(moved) == count
    if path == "Plans":
        actions.create_folder(account.user_id, account.pk, path)
    actions.move(account.user_id, list(moved), Folder.objects.get(path=path).pk)
    Change.objects.update(hold_until=None)
    push_changes(account.pk, open_source=server.connect)
    pull(account, server)
    assert not Message.objects.filter(raw=None).exists()
    assert_in_step(account, server)


def test_a_body_that_nobody_counts_is_found_once_a_day(account: MailAccount) -> None:
    server = filled(300)
    pull_account(account.pk, connect=server.opener)
    Folder.objects.update(bodies_pending=0)
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.IDLE
    Folder.objects.update(deep_scan_at=timezone.now() - timedelta(minutes=1))
    pull(account, server)
    assert not Message.objects.filter(raw=None).exists()
    assert_in_step(account, server)


def test_a_conversation_without_what_another_program_marked_deleted(account: MailAccount) -> None:
    server = filled(1)
    server.boxes["INBOX"].add(raw_message("Re: Inbox 0", Message_ID="<re@x>", In_Reply_To="<i0@x>"))
    pull(account, server)
    assert Thread.objects.get().message_count == 2
    server.boxes["INBOX"].messages[2].flags = {"\\Deleted"}
    pull(account, server)
    assert Thread.objects.get().message_count == 1


def test_a_message_the_user_moved_away_stays_out_of_sight(account: MailAccount) -> None:
    server = filled(3)
    pull(account, server)
    placement = Placement.objects.get(uid=1)
    archive = Folder.objects.get(path="Archive")
    Placement.objects.filter(pk=placement.pk).update(shown=False)
    target = Placement.objects.create(
        account=account,
        folder=archive,
        epoch=archive.epoch,
        message_id=placement.message_id,
        thread_id=placement.thread_id,
        received_at=placement.received_at,
    )
    Change.objects.create(
        account=account,
        kind=Change.Kind.MOVE,
        message_id=placement.message_id,
        placement=placement,
        source_id=placement.folder_id,
        target=archive,
        target_placement=target,
    )
    server.boxes["INBOX"].messages[1].flags.add("\\Seen")
    pull(account, server)
    placement.refresh_from_db()
    assert (placement.seen, placement.shown) == (True, False)
    # The move reaches the server (here: another connection of ours); the pull meets its own copy and links it.
    stored = server.boxes["INBOX"].messages.pop(1)
    uid = server.boxes["Archive"].add(stored.raw, sorted(stored.flags))
    Change.objects.update(state=Change.State.DONE, finished_at=timezone.now())
    pull(account, server)
    target.refresh_from_db()
    assert target.uid == uid
    assert_in_step(account, server)


# Who works. -------------------------------------------------------------------------------------


def test_a_second_worker_finds_the_lane_taken(account: MailAccount) -> None:
    server = filled()
    with leases.held(account.pk, "pull") as held:
        assert held is not None
        assert pull_account(account.pk, connect=server.opener) is Outcome.BUSY
    assert server.connections == 0
    pull(account, server)


def test_the_lane_is_kept_while_a_slow_server_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.engine.ahead._WAITING_SECONDS", 0.02)
    beats: list[int] = []

    def slowly() -> Iterator[int]:
        for number in range(2):
            time.sleep(0.1)
            yield number

    assert list(ahead(slowly(), waiting=lambda: beats.append(1))) == [0, 1]
    assert len(beats) >= 2


def test_a_worker_thought_dead_can_commit_nothing(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    server = filled(6)
    real = leases.heartbeat

    def stall(lease: leases.HeldLease) -> None:
        monkeypatch.setattr(leases, "heartbeat", real)
        Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
        assert leases.claim(account.pk, "pull") is not None

    monkeypatch.setattr(leases, "heartbeat", stall)
    assert pull_account(account.pk, connect=server.opener) is Outcome.BUSY
    assert not Placement.objects.exists()
    assert inbox().header_cursor is None
    assert AccountSync.objects.get().failures == 0


@pytest.mark.parametrize("how", ["paused", "inactive", "gone"])
def test_nothing_is_done_for_those_who_are_away(account: MailAccount, how: str) -> None:
    server = filled()
    if how == "paused":
        MailAccount.objects.update(state="paused")
    elif how == "inactive":
        account.user.is_active = False
        account.user.save()
    number = account.pk + (1000 if how == "gone" else 0)
    assert pull_account(number, connect=server.opener) is Outcome.IDLE
    assert server.connections == 0


# One folder, one message. -----------------------------------------------------------------------


def test_a_folder_alone_is_visited_without_listing_the_others(account: MailAccount) -> None:
    server = filled()
    pull(account, server)
    server.boxes["INBOX"].add(raw_message("Now"))
    server.boxes["Sent"].add(raw_message("Not now"))
    server.log.clear()
    assert pull_one(inbox().pk, connect=server.opener) is Outcome.DONE
    assert "list_folders" not in server.log
    assert set(
        Placement.objects.filter(message__subject__endswith="ow").values_list("message__subject", flat=True)
    ) == {"Now"}
    assert Message.objects.get(subject="Now").raw_id is not None
    assert inbox().due_at is None


def test_a_folder_that_becomes_due_while_another_works_is_visited_by_that_one(account: MailAccount) -> None:
    server = filled()
    pull(account, server)
    with leases.held(account.pk, "pull"):
        assert pull_one(inbox().pk, connect=server.opener) is Outcome.BUSY
    assert inbox().due_at is not None
    server.boxes["INBOX"].add(raw_message("Found"))
    pull_account(account.pk, connect=server.opener)
    assert inbox().due_at is None
    assert inbox().total == 7


def test_the_message_that_somebody_reads_comes_first(account: MailAccount) -> None:
    server = filled()
    pull_account(account.pk, connect=server.opener)
    message = Message.objects.get(subject="Inbox 2")
    assert message.raw_id is None
    assert fetch_message(message.pk, connect=server.opener) is Outcome.DONE
    message.refresh_from_db()
    assert message.raw_id is not None
    assert server.bodies_given == 1
    assert fetch_message(message.pk, connect=server.opener) is Outcome.IDLE
    assert inbox().bodies_pending == 5


def test_a_slice_that_ends_goes_on_where_it_was(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.plan.pull.FIRST_CHUNK", 2)
    monkeypatch.setattr("mailsync.plan.pull.CHUNK", 2)
    monkeypatch.setattr(Session, "is_over", property(lambda self: True))
    server = filled(6)
    outcomes = []
    totals = []
    for _ in range(12):
        outcomes.append(pull_account(account.pk, connect=server.opener))
        totals.append(inbox().total)
        if outcomes[-1] is not Outcome.MORE:
            break
    assert totals[:3] == [2, 4, 6]
    newest = Placement.objects.order_by("id").values_list("uid", flat=True)
    assert list(newest) == [5, 6, 3, 4, 1, 2]
    monkeypatch.undo()
    pull(account, server)
    assert_in_step(account, server)


# What happens between the headers and the bodies. -----------------------------------------------


def test_a_body_is_never_fetched_by_a_uid_that_means_another_message(account: MailAccount) -> None:
    server = filled(4)
    pull_account(account.pk, connect=server.opener)
    box = server.boxes["INBOX"]
    box.messages = dict(zip(sorted(box.messages), reversed(box.messages.values()), strict=True))
    server.renumber("INBOX")
    opened = Message.objects.get(subject="Inbox 0")
    fetch_message(opened.pk, connect=server.opener)
    pull_bodies(account.pk, connect=server.opener)
    assert not Message.objects.exclude(raw=None).exists()
    assert inbox().due_at is not None
    pull(account, server)
    assert_in_step(account, server)


def test_a_server_renumbered_between_two_connections_of_a_visit(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsync.plan.pull.FIRST_CHUNK", 2)
    server = filled(6)
    real = Session.reconnect

    def renumbered(self: Session) -> None:
        server.boxes["INBOX"].messages.pop(3)
        server.renumber("INBOX")
        server.lethal.clear()
        real(self)

    monkeypatch.setattr(Session, "reconnect", renumbered)
    server.lethal.add(4)
    assert pull_account(account.pk, connect=server.opener) is Outcome.FAILED
    monkeypatch.undo()
    pull(account, server)
    assert_in_step(account, server)


def test_a_folder_that_refuses_to_open_keeps_no_bodies_from_the_others(account: MailAccount) -> None:
    server = filled(2)
    server.boxes["Sent"].add(raw_message("Sent"))
    pull_account(account.pk, connect=server.opener)
    message = Message.objects.get(subject="Inbox 1")
    server.fail("select", Rejected("It cannot be opened.", code="NOPERM"))
    assert fetch_message(message.pk, connect=server.opener) is Outcome.IDLE
    server.fail("select", Rejected("It cannot be opened.", code="NOPERM"))
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.DONE
    assert Message.objects.get(subject="Sent").raw_id is not None
    assert inbox().failures == 2
    # The account is not to blame.
    assert AccountSync.objects.get().failures == 0
    assert "LOGIN" in inbox().transcript
    pull(account, server)
    assert inbox().transcript == ""


def test_what_is_heard_during_a_visit_is_visited_next(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    server = filled(2)
    pull(account, server)
    server.boxes["INBOX"].add(raw_message("First"))
    real = schedule.record_folder_success

    def heard(folder_id: int, *, finished: bool) -> None:
        monkeypatch.setattr(schedule, "record_folder_success", real)
        server.boxes["INBOX"].add(raw_message("Second"))
        schedule.make_folder_due(folder_id)
        real(folder_id, finished=finished)

    monkeypatch.setattr(schedule, "record_folder_success", heard)
    assert pull_one(inbox().pk, connect=server.opener) is Outcome.DONE
    assert inbox().total == 4
    assert inbox().due_at is None
