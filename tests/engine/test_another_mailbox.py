"""An account that is led to another server, or to another mailbox of the same one, by its settings."""

from dataclasses import replace

import pytest

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.pop_pull import pull_maildrop
from mailsync.engine.pull import Outcome
from mailsync.engine.push import push_changes
from mailsync.models import ONLY_HERE_EPOCH, Change, Folder, Placement, PopMessage
from mailsync.store import leases
from mailsync.types import Secret, Security, ServerSettings
from tests.engine.boxes import shown
from tests.engine.in_step import assert_in_step, pull
from tests.engine.maildrop import Maildrop
from tests.factories import make_account, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullServer

pytestmark = pytest.mark.django_db

THERE = ServerSettings(
    protocol="imap",
    host="imap.new.test",
    port=993,
    security=Security.TLS,
    username="me@new.test",
    secret=Secret("password", "x"),
)


def lead(account: MailAccount, there: ServerSettings = THERE) -> MailAccount:
    return actions.update_account(account.user_id, account.pk, incoming=there)


def stamped(name: str) -> bytes:
    return b"Received: from mx by mail\r\n" + raw_message(name, Message_ID=f"<{name}@x>")


@pytest.mark.parametrize("capabilities", [QRESYNC, CONDSTORE, BASELINE])
def test_the_same_numbers_are_other_messages_in_another_mailbox(capabilities: tuple[str, ...]) -> None:
    """UIDVALIDITY 1 and UIDs from 1 on both sides, as each inbox of Gmail has them."""
    account, old, new = make_account(), PullServer(capabilities=capabilities), PullServer(capabilities=capabilities)
    for n in range(6):
        old.boxes["INBOX"].add(stamped(f"old{n}"))
        new.boxes["INBOX"].add(stamped(f"new{n}"))
    new.boxes["INBOX"].add(stamped("old5"))
    pull(account, old)
    doomed = Placement.objects.get(folder__path="INBOX", uid=2)
    kept = Placement.objects.get(folder__path="INBOX", uid=6)
    actions.flag(account.user_id, [doomed.pk, kept.pk], True)
    actions.move(account.user_id, [doomed.pk], Folder.objects.get(path="Archive").pk)
    lead(account)
    Change.objects.update(hold_until=None, due_at=None)
    push_changes(account.pk, open_source=new.connect)
    assert not any("\\Flagged" in one.flags for one in new.boxes["INBOX"].messages.values())
    pull(account, new)
    Change.objects.update(hold_until=None, due_at=None)
    push_changes(account.pk, open_source=new.connect)
    # What was done to a message that is there as well follows it; nothing else is touched.
    assert {uid for uid, one in new.boxes["INBOX"].messages.items() if "\\Flagged" in one.flags} == {7}
    assert len(new.boxes["INBOX"].messages) == 7
    assert new.bodies_given == 6
    pull(account, new)
    assert_in_step(account, new)
    # What only the old one had stays, where it was put.
    here = Placement.objects.filter(epoch=ONLY_HERE_EPOCH, shown=True).order_by("message__subject")
    assert list(here.values_list("message__subject", "folder__path")) == [
        ("old0", "INBOX"),
        ("old1", "Archive"),
        *((f"old{n}", "INBOX") for n in (2, 3, 4)),
    ]


def test_a_new_password_alone_reads_nothing_anew() -> None:
    account, server = make_account(), PullServer()
    server.boxes["INBOX"].add(stamped("one"))
    pull(account, server)
    same = replace(THERE, host=account.host.upper(), username=account.username)
    lead(account, same)
    assert Folder.objects.get(path="INBOX").header_cursor == 1


def test_whoever_is_still_at_the_old_server_commits_nothing() -> None:
    account = make_account()
    held = leases.claim(account.pk, "pull")
    assert held is not None
    lead(account)
    with pytest.raises(leases.LeaseLost):
        leases.heartbeat(held)


def test_the_same_uidl_is_another_message_in_another_maildrop() -> None:
    """Both number their mail from one, and two of them are of one size."""
    one, two = raw_message("One", "1\r\n", Message_ID="<a@x>"), raw_message("Two", "2\r\n", Message_ID="<b@x>")
    both = raw_message("Three", "3\r\n", Message_ID="<c@x>")
    assert len(one) == len(two)
    account = make_account(protocol="pop3")
    old, new = Maildrop([("u1", one), ("u2", both)]), Maildrop([("u1", two), ("u2", both)])
    assert pull_maildrop(account, connect=old.connect) is Outcome.DONE
    lead(account, replace(THERE, protocol="pop3"))
    account.refresh_from_db()
    assert pull_maildrop(account, connect=new.connect) is Outcome.DONE
    assert sorted(shown(account)) == ["One", "Three", "Two"]
    assert new.count("RETR") == 1
    assert PopMessage.objects.filter(state="stored").count() == 2
