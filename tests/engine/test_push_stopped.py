"""Pushing that is held up: by the server, by the account, by a worker that dies at any commit."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import MailError, NeedsUser, TryLater, TryNow
from mailsync.models import AccountSync, Change, Placement
from mailsync.store import leases
from tests.engine.fake_server import FakeServer
from tests.engine.pushed_box import Mailbox
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


def test_a_throttled_server_is_left_alone_for_as_long_as_it_said() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    box.server.fail("select", TryLater("busy", after_seconds=120))
    box.push()
    due = AccountSync.objects.get(account=box.account).push_due_at
    assert due is not None
    assert timedelta(seconds=110) < due - timezone.now() < timedelta(seconds=125)


def test_tries_run_out() -> None:
    box = Mailbox()
    row = box.add()
    actions.flag(box.user_id, [row.pk], True)
    for _ in range(12):
        box.server.fail("store_flags", TryLater("busy"))
        box.push()
    # An hour of a busy server takes nothing back; two days of it do.
    assert Change.objects.get().state == "queued"
    Change.objects.update(created_at=timezone.now() - timedelta(days=3))
    box.server.fail("store_flags", TryLater("busy"))
    box.push()
    change = Change.objects.get()
    assert (change.state, change.attempts) == ("failed", 13)
    row.refresh_from_db()
    assert not row.flagged


@pytest.mark.parametrize("error", [TryLater("Cannot be reached."), TryNow("Hung up.")])
def test_a_server_out_of_reach_takes_nothing_back(error: MailError) -> None:
    box = Mailbox()
    row = box.add()
    actions.flag(box.user_id, [row.pk], True)
    Change.objects.update(created_at=timezone.now() - timedelta(days=9))
    box.server.fail("connect", *[error] * 40)
    for _ in range(15):
        box.push()
    assert (Change.objects.get().state, Change.objects.get().attempts) == ("queued", 0)
    box.server.faults.clear()
    box.push()
    assert box.server.boxes["INBOX"].messages[1].flags == {"\\Flagged"}
    box.agree()


def test_a_refused_password_keeps_the_changes() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    box.server.fail("connect", NeedsUser("no", code="password"))
    box.push()
    change = Change.objects.get()
    assert (change.state, change.attempts) == ("queued", 0)


class Killed(BaseException):
    """As by kill -9: nothing that would tidy up runs."""


def dying_commit(real: Callable[..., Any], fatal: int, when: str) -> Callable[..., Any]:
    count = itertools.count(1)

    @contextmanager
    def dying(lease: leases.HeldLease) -> Iterator[None]:
        number = next(count)
        if number == fatal and when == "before":
            raise Killed
        with real(lease):
            yield
        if number == fatal:
            raise Killed

    return dying


@pytest.mark.parametrize("capabilities", [("MOVE", "UIDPLUS"), ("MOVE",), ("UIDPLUS",), ()])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_commit(capabilities: tuple[str, ...], when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die before (or just after) the n-th commit of the run, start again, and end as if nothing had happened."""
    real: Callable[..., Any] = leases.commit
    for fatal in range(1, 12):
        box = Mailbox("Work", "Trash", capabilities=capabilities)
        moved, thrown, read = box.add(), box.add("Trash"), box.add()
        actions.mark_read(box.user_id, [read.pk], True)
        actions.move(box.user_id, [moved.pk], box.folders["Work"].pk)
        actions.trash(box.user_id, [thrown.pk])
        monkeypatch.setattr(leases, "commit", dying_commit(real, fatal, when))
        died = False
        try:
            box.push()
        except Killed:
            died = True
        monkeypatch.setattr(leases, "commit", real)
        for _ in range(4):
            box.push()
        assert box.ids("Work") == [moved.message.message_id]
        assert box.shown("Trash") == []
        assert "\\Seen" in box.server.boxes["INBOX"].messages[read.uid or 0].flags
        box.agree()
        if not died:
            assert fatal > 3
            return


def test_a_pop3_account_is_changed_here_and_no_server_is_asked() -> None:
    account = make_account(protocol="pop3")
    trash = make_folder(account, "Trash", role="trash", is_local=True)
    row = make_message(trash)
    actions.trash(account.user_id, [row.pk])
    draft = actions.start_draft(account.user_id, subject="One")
    actions.save_draft(account.user_id, draft.pk, 1, subject="Two")
    past = timezone.now() - timedelta(seconds=1)
    Change.objects.update(hold_until=past)
    type(draft).objects.update(store_due_at=past)
    server = FakeServer()
    push_changes(account.pk, open_source=server.connect)
    assert server.connections == 0
    row.refresh_from_db()
    assert row.gone_phase == 2
    assert Placement.objects.get(folder__role="drafts", shown=True).message.subject == "Two"
    actions.save_draft(account.user_id, draft.pk, 2, subject="Three")
    type(draft).objects.update(store_due_at=past)
    push_changes(account.pk, open_source=server.connect)
    assert Placement.objects.get(folder__role="drafts", shown=True).message.subject == "Three"
    assert not Change.objects.filter(finished_at=None).exists()


def test_a_paused_account_or_a_deactivated_user_pushes_nothing() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    actions.pause_account(box.user_id, box.account.pk)
    box.push()
    actions.resume_account(box.user_id, box.account.pk)
    type(box.account.user).objects.update(is_active=False)
    box.push()
    assert box.server.connections == 0
    assert Change.objects.get().state == "queued"


def test_one_worker_an_account() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    with leases.held(box.account.pk, "push"):
        box.push()
    assert box.server.connections == 0
    box.push()
    box.agree()
