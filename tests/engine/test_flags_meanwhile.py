"""What the server says of flags while an act waits stays true when the act is undone, or fails: both are equal."""

from uuid import UUID

import pytest

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected
from mailsync.models import Change, Folder, Placement
from mailsync.store import folders
from mailsync.types import ActionResult
from tests.engine.filled import filled
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullServer

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE])]

REFUSED = Rejected("no", code="NOPERM", line="NO [NOPERM] not here")


@pytest.fixture
def account() -> MailAccount:
    return make_account()


@pytest.fixture
def server(account: MailAccount, capabilities: tuple[str, ...]) -> PullServer:
    server = filled(3, capabilities)
    pull(account, server)
    return server


def message(uid: int = 1) -> Placement:
    return Placement.objects.get(folder__path="INBOX", uid=uid)


def shown(uid: int = 1) -> Placement:
    return Placement.objects.get(message=message(uid).message_id, shown=True)


def archived(account: MailAccount, uid: int = 1) -> UUID:
    target = Folder.objects.get(path="Archive")
    return made(actions.move(account.user_id, [message(uid).pk], target.pk))


def made(result: ActionResult) -> UUID:
    assert result.group is not None
    return result.group


def let_go(account: MailAccount, server: PullServer) -> None:
    """The time in which it can be undone is over, and all of it is pushed."""
    Change.objects.filter(finished_at=None).update(hold_until=None, due_at=None)
    push_changes(account.pk, open_source=server.connect)


def test_a_move_that_is_undone(account: MailAccount, server: PullServer) -> None:
    """Another program has read it, then the person flags it where it went, then takes the move back."""
    group = archived(account)
    server.boxes["INBOX"].messages[1].flags = {"\\Seen", "$Work"}
    pull(account, server)
    actions.flag(account.user_id, [shown().pk], True)
    assert actions.undo(account.user_id, group)
    row = shown()
    assert (row.folder.path, row.seen, row.keywords, row.flagged) == ("INBOX", True, ["$Work"], True)
    let_go(account, server)
    pull(account, server)
    assert_in_step(account, server)
    assert server.boxes["INBOX"].messages[1].flags == {"\\Seen", "$Work", "\\Flagged"}


def test_a_move_that_fails(account: MailAccount, server: PullServer) -> None:
    archived(account)
    server.boxes["INBOX"].messages[1].flags = {"\\Seen"}
    pull(account, server)
    actions.flag(account.user_id, [shown().pk], True)
    server.fail("move" if "MOVE" in server.capabilities else "copy", REFUSED)
    let_go(account, server)
    let_go(account, server)
    row = shown()
    assert (row.folder.path, row.seen, row.flagged) == ("INBOX", True, True)
    pull(account, server)
    assert_in_step(account, server)


def test_a_mark_that_is_undone(account: MailAccount, server: PullServer) -> None:
    """Another program has marked it so as well: then it stays so."""
    group = made(actions.mark_read(account.user_id, [message(1).pk, message(2).pk], True))
    server.boxes["INBOX"].messages[1].flags = {"\\Seen"}
    pull(account, server)
    assert actions.undo(account.user_id, group)
    assert (message(1).seen, message(2).seen) == (True, False)
    let_go(account, server)
    pull(account, server)
    assert_in_step(account, server)


def test_a_mark_that_fails(account: MailAccount, server: PullServer) -> None:
    actions.flag(account.user_id, [message().pk], True)
    actions.mark_read(account.user_id, [message().pk], True)
    server.boxes["INBOX"].messages[1].flags = {"\\Flagged"}
    pull(account, server)
    server.fail("store_flags", REFUSED, REFUSED)
    let_go(account, server)
    assert (message().seen, message().flagged) == (False, True)
    pull(account, server)
    assert_in_step(account, server)


def test_a_message_that_a_pull_meets_first_in_its_new_folder(account: MailAccount, server: PullServer) -> None:
    """The reply to the move is lost. Another program reads the message where it went, the person flags it here."""
    which = message().message_id
    archived(account)
    server.boxes["INBOX"].messages[1].flags = {"\\Seen"}
    server.fail("move" if "MOVE" in server.capabilities else "copy", "after")
    let_go(account, server)
    server.boxes["Archive"].messages[1].flags = {"\\Seen", "\\Answered"}
    actions.flag(account.user_id, [Placement.objects.get(message=which, shown=True).pk], True)
    for _ in range(3):
        pull(account, server)
        let_go(account, server)
    pull(account, server)
    assert_in_step(account, server)
    assert server.boxes["Archive"].messages[1].flags == {"\\Seen", "\\Answered", "\\Flagged"}


def test_what_is_shown_otherwise_than_it_is_is_mended(account: MailAccount, server: PullServer) -> None:
    """As an earlier version left it, the server's word is known and another is shown, until all is compared."""
    server.boxes["INBOX"].messages[1].flags = {"\\Seen"}
    pull(account, server)
    Placement.objects.filter(pk=message().pk).update(seen=False)
    folders.distrust(account.pk)
    actions.flag(account.user_id, [message(2).pk], True)
    let_go(account, server)
    pull(account, server)
    assert message().seen
    assert_in_step(account, server)
