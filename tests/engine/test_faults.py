"""What a server may do wrong in a pull, and what stands in the tables afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.errors import NeedsUser, Rejected, TryLater
from mailsync.models import AccountSync, Folder, Hole, Message, Placement, SyncRun
from mailsync.store import bodies, intake, vanish
from mailsync.store.listing import list_rows
from mailsync.types import FetchedHeader
from tests.engine.filled import filled, inbox
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullSource

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


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
    server.boxes["Sent"].add(raw_message("Sent"))
    server.hide_uids = 1
    assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
    assert (inbox().header_cursor, inbox().failures) == (None, 1)
    assert Folder.objects.get(path="Sent").total == 1
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
