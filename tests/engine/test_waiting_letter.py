"""A letter that waits in the outbox has one place: its copy in Drafts stays out of sight until it is back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.models import Change, Draft, Folder, Outgoing, Placement
from mailsync.store.filing import file_sent
from tests.engine.in_step import pull
from tests.factories import make_account
from tests.fakes import BASELINE, QRESYNC, PullServer

pytestmark = pytest.mark.django_db


def push(account: MailAccount, server: PullServer) -> None:
    Draft.objects.update(store_due_at=timezone.now())
    Change.objects.filter(finished_at=None).update(hold_until=None, due_at=None)
    push_changes(account.pk, open_source=server.connect)


def copies() -> list[bool]:
    """Of the copies in the Drafts folder that are not gone: whether each is shown. The count agrees."""
    there = list(Placement.objects.filter(folder__path="Drafts", gone_phase=0).values_list("shown", flat=True))
    assert Folder.objects.get(path="Drafts").total == there.count(True)
    return there


def begin(*capabilities: str) -> tuple[MailAccount, PullServer, Outgoing]:
    """A letter that is to leave in three days, whose draft the server has had a copy of."""
    account, server = make_account(), PullServer("INBOX", "Sent", "Drafts", capabilities=capabilities)
    pull(account, server)
    draft = actions.start_draft(account.user_id, to="bob@example.org", subject="Plan")
    push(account, server)
    assert copies() == [True]
    letter = actions.send(account.user_id, draft.pk, send_at=timezone.now() + timedelta(days=3))
    assert copies() == [False]
    return account, server, letter


def look_again(account: MailAccount, server: PullServer) -> None:
    account.folders.update(deep_scan_at=None)
    pull(account, server)


@pytest.mark.parametrize("event", ["nothing", "flagged elsewhere", "renumbered", "away for a while"])
@pytest.mark.parametrize("capabilities", [QRESYNC, BASELINE], ids=["qresync", "baseline"])
def test_a_pull_does_not_show_it_as_a_draft_again(capabilities: tuple[str, ...], event: str) -> None:
    account, server, letter = begin(*capabilities)
    messages = server.boxes["Drafts"].messages
    if event == "flagged elsewhere":
        messages[1].flags.add("\\Flagged")
    elif event == "renumbered":
        server.renumber("Drafts", first_uid=40)
    elif event == "away for a while":
        stored = messages.pop(1)
        look_again(account, server)
        messages[1] = stored
    look_again(account, server)
    assert copies() == [False]
    actions.undo_send(account.user_id, letter.pk)
    assert copies() == [True]
    assert Draft.objects.get().placement is not None


def test_once_it_has_left_its_copy_goes() -> None:
    account, server, letter = begin(*QRESYNC)
    look_again(account, server)
    Outgoing.objects.update(state="accepted")
    file_sent([letter.pk])
    push(account, server)
    look_again(account, server)
    assert copies() == []
    assert not server.boxes["Drafts"].messages
    assert len(server.boxes["Sent"].messages) == 1


def test_one_that_failed_and_is_dismissed_leaves_its_copy_to_be_found() -> None:
    account, server, letter = begin(*QRESYNC)
    Outgoing.objects.update(state="failed", finished_at=timezone.now())
    look_again(account, server)
    assert copies() == [False]
    actions.dismiss_outgoing(account.user_id, letter.pk)
    assert copies() == [True]
