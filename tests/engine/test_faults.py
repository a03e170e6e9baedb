"""What a server may do wrong in a pull, and what stands in the tables afterwards."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.ahead import ahead
from mailsync.engine.pull import Outcome, fetch_message, pull_account, pull_bodies, pull_one
from mailsync.engine.push import push_changes
from mailsync.engine.session import Session
from mailsync.errors import NeedsUser, Rejected, TryLater
from mailsync.models import AccountSync, Change, Folder, Hole, Lease, Message, Placement, SyncRun, Thread
from mailsync.store import bodies, flags, intake, leases, schedule, vanish
from mailsync.store.listing import list_rows
from mailsync.types import FetchedHeader
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullServer, PullSource

pytestmark = pytest.mark.django_db


def filled(count: int = 6, capabilities: tuple[str, ...] = QRESYNC) -> PullServer:
    server = PullServer(capabilities=capabilities)
    for n in range(count):
        server.boxes["INBOX"].add(raw_message(f"Inbox {n}", Message_ID=f"<i{n}@x>"))
    return server


@pytest.fixture
def account() -> MailAccount:
    return make_account()


def inbox() -> Folder:
    return Folder.objects.get(path="INBOX")


# What one message does to a batch. --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["poison", "lethal", "lost"])
def test_one_bad_message_is_a_hole_and_the_rest_syncs(account: MailAccount, kind: str) -> None:
    server = filled(9)
    getattr(server, kind).add(4)
    pull(account, server)
    assert_in_step(account, server, holes={4})
    hole = Hole.objects.get()
    assert hole.next_try_at is not None
    # Nothing more is asked while the hole's time has not come.
    server.log.clear()
    pull(account, server)
    assert "fetch_headers" not in server.log
    # When the server can give it, it comes.
    getattr(server, kind).clear()
    Hole.objects.update(next_try_at=timezone.now() - timedelta(days=1))  # now() is when the transaction began
    server.boxes["INBOX"].messages[1].flags.add("\\Seen")
    pull(account, server)
    assert_in_step(account, server)


def test_a_message_that_the_tables_refuse_is_a_hole_and_the_rest_syncs(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = filled(5)
    real = PullSource.fetch_headers

    def too_large(self: PullSource, uids: Sequence[int]) -> Iterator[FetchedHeader]:
        for header in real(self, uids):
            yield replace(header, size_bytes=2**70) if header.uid == 3 else header

    monkeypatch.setattr(PullSource, "fetch_headers", too_large)
    pull(account, server)
    assert_in_step(account, server, holes={3})
    assert Hole.objects.get().reason == "This message cannot be stored."
    monkeypatch.undo()
    Hole.objects.update(next_try_at=timezone.now() - timedelta(days=1))  # now() is when the transaction began
    server.boxes["INBOX"].add(raw_message("New", Message_ID="<new@x>"))
    pull(account, server)
    assert_in_step(account, server)


def test_a_body_that_the_tables_refuse_keeps_no_other_away(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = filled(5)
    real = bodies.body_columns

    def refused(message: Message, raw_id: int, parsed: Any) -> dict[str, Any]:
        columns = real(message, raw_id, parsed)
        return columns | {"attachment_count": 10**6} if message.subject == "Inbox 2" else columns

    monkeypatch.setattr(bodies, "body_columns", refused)
    pull(account, server)
    assert [message.subject for message in Message.objects.filter(raw=None)] == ["Inbox 2"]
    assert Hole.objects.get().uid == 3


def test_whoever_is_ended_for_anothers_sake_begins_again(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    server = filled(2)
    real = intake.record_headers

    def deadlock(*args: Any) -> Any:
        monkeypatch.setattr(intake, "record_headers", real)
        raise OperationalError from psycopg.errors.DeadlockDetected()

    monkeypatch.setattr(intake, "record_headers", deadlock)
    assert pull_account(account.pk, connect=server.opener) is Outcome.MORE
    pull(account, server)
    assert_in_step(account, server)
    assert AccountSync.objects.get().failures == 0


@pytest.mark.parametrize("zone", [UTC, timezone.get_fixed_timezone(-720), timezone.get_fixed_timezone(720)])
@pytest.mark.parametrize("day", [datetime.min, datetime(1899, 1, 1), datetime.max])
def test_a_date_that_cannot_be_true_stops_nothing(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch, day: datetime, zone: tzinfo
) -> None:
    server = filled(2)
    server.boxes["INBOX"].add(raw_message("Re: Inbox 1", Message_ID="<re@x>"))
    monkeypatch.setattr("tests.fakes.START", day.replace(tzinfo=zone))
    pull(account, server)
    monkeypatch.undo()
    assert_in_step(account, server)
    for by_conversation in (True, False):
        assert list_rows([inbox().pk], by_conversation=by_conversation).rows


def test_a_hole_whose_message_has_gone_is_filled(account: MailAccount) -> None:
    server = filled(5)
    server.poison.add(2)
    pull(account, server)
    del server.boxes["INBOX"].messages[2]
    Hole.objects.update(next_try_at=timezone.now() - timedelta(days=1))  # now() is when the transaction began
    pull(account, server)
    assert_in_step(account, server)


def test_a_body_that_never_comes_waits_longer_each_time(account: MailAccount) -> None:
    server = filled(3)
    pull_account(account.pk, connect=server.opener)
    server.poison.add(2)
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.DONE
    assert set(Message.objects.filter(raw__isnull=True).values_list("subject", flat=True)) == {"Inbox 1"}
    first = Hole.objects.get()
    assert (first.uid, first.attempts) == (2, 1)
    Hole.objects.update(next_try_at=timezone.now() - timedelta(days=1))  # now() is when the transaction began
    Folder.objects.update(bodies_pending=1)
    pull_bodies(account.pk, connect=server.opener)
    second = Hole.objects.get()
    assert second.attempts == 2
    assert second.next_try_at is not None
    assert second.next_try_at - timezone.now() > timedelta(minutes=25)


# What the connection does. ----------------------------------------------------------------------


def test_a_body_that_did_not_come_is_asked_for_again(account: MailAccount) -> None:
    server = filled(3)
    pull_account(account.pk, connect=server.opener)
    server.poison.add(2)
    pull_bodies(account.pk, connect=server.opener)
    assert inbox().bodies_pending == 0
    for attempt in (2, 3):
        Hole.objects.update(next_try_at=timezone.now() - timedelta(days=1))  # now() is when the transaction began
        server.boxes["INBOX"].messages[1].flags = {f"n{attempt}"}
        pull_account(account.pk, connect=server.opener)
        assert inbox().bodies_pending == 1
        if attempt == 3:
            server.poison.clear()
        pull_bodies(account.pk, connect=server.opener)
        assert list(Hole.objects.values_list("attempts", flat=True)) == ([2] if attempt == 2 else [])
    assert_in_step(account, server)


def test_a_dropped_line_is_taken_up_within_the_visit(account: MailAccount) -> None:
    server = filled(6)
    server.fail("fetch_headers", "before")
    server.fail("fetch_messages", "before", "before")
    pull(account, server)
    assert_in_step(account, server)
    assert server.connections > 2


def test_a_server_that_keeps_dropping_is_left_alone_for_a_while(account: MailAccount) -> None:
    server = filled(6)
    server.fail("fetch_headers", *["before"] * 50)
    assert pull_account(account.pk, connect=server.opener) is Outcome.FAILED
    sync = AccountSync.objects.get()
    assert sync.failures == 1
    assert sync.due_at is not None
    assert "keeps closing" in sync.last_error
    server.faults.clear()
    pull(account, server)
    assert_in_step(account, server)
    assert AccountSync.objects.get().failures == 0


@pytest.mark.parametrize("failures", [1, 2])
def test_a_refused_password_asks_the_user_at_the_second_time(account: MailAccount, failures: int) -> None:
    server = filled()
    for _ in range(failures):
        server.fail("connect", NeedsUser("The password was refused.", code="password"))
        assert pull_account(account.pk, connect=server.opener) is Outcome.FAILED
    account.refresh_from_db()
    asked = failures > 1
    assert account.state == ("needs_user" if asked else "active")
    assert account.state_reason == ("The password was refused." if asked else "")
    # A login that works again ends it.
    pull(account, server)
    account.refresh_from_db()
    assert (account.state, account.state_reason) == ("active", "")


def test_a_throttle_is_obeyed(account: MailAccount) -> None:
    server = filled()
    server.fail("connect", TryLater("Too many requests.", after_seconds=1234))
    pull_account(account.pk, connect=server.opener)
    due = AccountSync.objects.get().due_at
    assert due is not None
    assert abs((due - timezone.now()).total_seconds() - 1234) < 30


def test_a_folder_that_refuses_to_open_is_parked_and_the_others_go_on(account: MailAccount) -> None:
    server = filled()
    server.boxes["Sent"].add(raw_message("Sent"))
    for _ in range(5):
        # INBOX is first; the second SELECT is that of Sent.
        server.boxes["INBOX"].add(raw_message("More"))
        server.faults.clear()
        real = server.connect

        def broken(given: object, real=real):  # type: ignore[no-untyped-def]
            source = real(given)
            select = source.select

            def refuse(folder, **more):  # type: ignore[no-untyped-def]
                if folder.path == "Sent":
                    raise Rejected("The folder cannot be opened.", code="NOPERM")
                return select(folder, **more)

            source.select = refuse
            return source

        server.connect = broken  # type: ignore[method-assign]
        assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
        server.connect = real  # type: ignore[method-assign]
    sent = Folder.objects.get(path="Sent")
    assert sent.parked_at is not None
    assert sent.last_error == "The folder cannot be opened."
    assert inbox().total == 11
    assert SyncRun.objects.filter(folder=sent, error="The folder cannot be opened.").count() == 5


# What the server says is there. -----------------------------------------------------------------


def test_an_empty_list_wipes_no_folder(account: MailAccount) -> None:
    server = filled()
    pull(account, server)
    server.hide_list = True
    pull_account(account.pk, connect=server.opener)
    assert not Folder.objects.filter(missing_since__isnull=False).exists()
    server.hide_list = False
    pull(account, server)
    assert_in_step(account, server)


def test_a_folder_that_list_leaves_out_is_marked_and_comes_back(account: MailAccount) -> None:
    server = filled()
    server.boxes["Archive"].add(raw_message("Kept"))
    pull(account, server)
    box = server.boxes.pop("Archive")
    pull(account, server)
    archive = Folder.objects.get(path="Archive")
    assert archive.missing_since is not None
    assert Placement.objects.filter(folder=archive).count() == 1
    server.boxes["Archive"] = box
    pull(account, server)
    assert_in_step(account, server)
    # So it does after a long absence, in which its mail counted as gone.
    server.boxes.pop("Archive")
    pull(account, server)
    Folder.objects.filter(path="Archive").update(missing_since=timezone.now() - timedelta(days=3))
    pull(account, server)
    assert not Placement.objects.filter(folder=archive, shown=True).exists()
    server.boxes["Archive"] = box
    pull(account, server)
    assert_in_step(account, server)


@pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE])
def test_an_empty_search_where_mail_exists_deletes_nothing(account: MailAccount, capabilities: tuple[str, ...]) -> None:
    server = filled(4, capabilities)
    pull(account, server)
    Folder.objects.update(deep_scan_at=None)
    server.hide_uids = 1
    pull(account, server)
    assert_in_step(account, server)
    Folder.objects.update(deep_scan_at=None)
    server.hide_uids = 100
    pull_account(account.pk, connect=server.opener)
    assert inbox().total == 4


def test_a_first_pull_that_lists_nothing_is_tried_again(account: MailAccount) -> None:
    server = filled()
    server.hide_uids = 1
    assert pull_account(account.pk, connect=server.opener) is Outcome.FAILED
    assert inbox().header_cursor is None
    pull(account, server)
    assert_in_step(account, server)


@pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE])
def test_mass_vanishing_is_asked_for_twice(account: MailAccount, capabilities: tuple[str, ...]) -> None:
    server = filled(80, capabilities)
    pull(account, server)
    for uid in range(1, 71):
        del server.boxes["INBOX"].messages[uid]
    connections = server.connections
    assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
    assert server.connections == connections + 2
    pull(account, server)
    assert_in_step(account, server)


def test_what_vanished_may_come_back_and_is_purged_only_after_a_month(account: MailAccount) -> None:
    server = filled(3)
    pull(account, server)
    stored = server.boxes["INBOX"].messages.pop(2)
    pull(account, server)
    pull(account, server)
    gone = Placement.objects.get(uid=2)
    assert (gone.gone_phase, gone.shown) == (2, False)
    assert vanish.purge_gone() == 0
    server.boxes["INBOX"].messages[2] = stored
    pull(account, server)
    assert_in_step(account, server)
    del server.boxes["INBOX"].messages[2]
    for _ in range(2):
        pull(account, server)
    Placement.objects.filter(uid=2).update(gone_at=timezone.now() - timedelta(days=31))
    assert vanish.purge_gone() == 1
    assert Message.objects.count() == 2
    assert_in_step(account, server)


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
