"""One draft has one copy on its server, whatever became of the copy of the version before, and none once it is gone."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected, TryLater
from mailsync.models import Change, Draft, Outgoing, Placement
from mailsync.store.filing import file_sent
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account
from tests.fakes import PullServer

pytestmark = pytest.mark.django_db

FULL = Rejected("no", code="OVERQUOTA", line="NO [OVERQUOTA] full")
#: What becomes of the second version's copy: the method that fails, and how.
FAULTS: dict[str, tuple[str, str | BaseException]] = {
    "out of reach": ("connect", TryLater("down")),
    "put off": ("append", TryLater("later")),
    "full": ("append", FULL),
    "reply lost": ("append", "after"),
}


def push(account: MailAccount, server: PullServer) -> None:
    Draft.objects.exclude(store_due_at=None).update(store_due_at=timezone.now())
    Change.objects.filter(finished_at=None).update(hold_until=None, due_at=None)
    push_changes(account.pk, open_source=server.connect)


def type_on(user_id: int, draft_id: int, body: str = "Three") -> None:
    actions.save_draft(user_id, draft_id, Draft.objects.get(pk=draft_id).version, body=body)


def send(user_id: int, draft_id: int) -> None:
    letter = actions.send(user_id, draft_id, hold_seconds=0)
    Outgoing.objects.filter(pk=letter.pk).update(state="accepted")
    file_sent([letter.pk])


def send_and_stop(user_id: int, draft_id: int) -> None:
    actions.undo_send(user_id, actions.send(user_id, draft_id).pk)


ENDS: dict[str, tuple[Callable[[int, int], object], int]] = {
    "typed on": (type_on, 1),
    "discarded": (actions.discard_draft, 0),
    "sent": (send, 0),
    "stopped": (send_and_stop, 1),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_copy_that_did_not_get_there_leaves_no_other_behind(fault: str, end: str) -> None:
    account, server = make_account(), PullServer("INBOX", "Sent", "Drafts")
    draft = actions.start_draft(account.user_id, to="bob@example.org", subject="Plan")
    type_on(account.user_id, draft.pk, "One")
    pull(account, server)
    push(account, server)
    type_on(account.user_id, draft.pk, "Two")
    method, how = FAULTS[fault]
    server.fail(method, how)
    push(account, server)
    finish, copies = ENDS[end]
    finish(account.user_id, draft.pk)
    for _ in range(3):
        push(account, server)
        pull(account, server)
    assert not Change.objects.filter(finished_at=None).exists()
    assert len(server.boxes["Drafts"].messages) == copies
    assert Placement.objects.filter(folder__path="Drafts", shown=True).count() == copies
    assert Draft.objects.filter(placement__shown=True).count() == Draft.objects.count() == copies
    assert len(server.boxes["Sent"].messages) == (end == "sent")
    assert_in_step(account, server)


@pytest.mark.parametrize("fault", ["out of reach", "full"])
def test_a_letter_that_waits_hides_the_copy_that_stayed(fault: str) -> None:
    account, server = make_account(), PullServer("INBOX", "Sent", "Drafts")
    draft = actions.start_draft(account.user_id, to="bob@example.org", subject="Plan")
    type_on(account.user_id, draft.pk, "One")
    pull(account, server)
    push(account, server)
    type_on(account.user_id, draft.pk, "Two")
    server.fail("connect", TryLater("down"))
    push(account, server)
    letter = actions.send(account.user_id, draft.pk, hold_seconds=60)
    if fault == "full":
        server.fail("append", FULL)
    push(account, server)
    pull(account, server)
    assert not Placement.objects.filter(folder__path="Drafts", shown=True).exists()
    Outgoing.objects.update(state="accepted")
    file_sent([letter.pk])
    push(account, server)
    pull(account, server)
    assert not server.boxes["Drafts"].messages
    assert_in_step(account, server)


def test_a_sent_copy_that_its_server_refuses_is_only_here_from_then_on() -> None:
    account, server = make_account(), PullServer("INBOX", "Sent", "Drafts")
    pull(account, server)
    send(account.user_id, actions.start_draft(account.user_id, to="bob@example.org", subject="Plan").pk)
    server.fail("append", FULL)
    push(account, server)
    # Another letter comes into Sent by another hand, so that the folder is looked into.
    server.boxes["Sent"].add(b"Subject: Else\r\n\r\nElse.\r\n")
    pull(account, server)
    assert_in_step(account, server)
    row = Placement.objects.get(folder__path="Sent", message__subject="Plan")
    assert row.shown
    # It can be put away like any other.
    actions.move(account.user_id, [row.pk], account.folders.get(path="INBOX").pk)
    push(account, server)
    pull(account, server)
    assert Placement.objects.get(folder__path="INBOX", shown=True).message_id == row.message_id
    assert not Change.objects.filter(finished_at=None).exists()
    assert_in_step(account, server)
