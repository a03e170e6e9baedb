"""Collecting from a real Dovecot over POP3: first pull, new mail, the four policies, and each of them twice."""

from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.deliver import Doors, deliver
from mailsync.engine.pull import Outcome, pull_account
from mailsync.engine.push import push_changes
from mailsync.models import AccountSync, Change, Folder, Message, Placement, PopMessage
from mailsync.store.audit import recount, recount_sums
from mailsync.store.raw import read_raw
from tests.engine.boxes import pop_account, shown
from tests.engine.fake_sender import FakeSubmission
from tests.engine.fake_server import FakeServer
from tests.engine.in_step import snapshot
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]


def states(account: MailAccount) -> list[str]:
    return list(PopMessage.objects.filter(account=account).order_by("uidl").values_list("state", flat=True))


def test_everything_comes_and_a_second_pull_changes_nothing(mailbox: Mailbox) -> None:
    raws = [raw_message(f"N{n}", f"Body {n}\r\n") for n in range(30)]
    mailbox.append_many(raws)
    account = pop_account(mailbox)
    assert pull_account(account.pk) is Outcome.DONE
    assert sorted(shown(account)) == sorted(f"N{n}" for n in range(30))
    assert shown(account)[:25] == [f"N{n}" for n in range(5, 30)], "The newest come first."
    inbox = Folder.objects.get(account=account, role="inbox")
    assert (inbox.total, inbox.unread, inbox.is_local, inbox.bodies_pending) == (30, 30, True, 0)
    assert sorted(read_raw(message) for message in Message.objects.all()) == sorted(raws)
    assert Message.objects.get(subject="N7").preview == "Body 7"
    roles = sorted(Folder.objects.filter(account=account).values_list("role", flat=True))
    assert roles == ["archive", "drafts", "inbox", "junk", "sent", "trash"]
    before = snapshot(), list(PopMessage.objects.order_by("id").values())
    assert pull_account(account.pk) is Outcome.DONE
    assert (snapshot(), list(PopMessage.objects.order_by("id").values())) == before
    assert mailbox.raws() == raws
    assert [*recount(), *recount_sums()] == []
    assert AccountSync.objects.get(account=account).last_error == ""


def test_only_what_is_new_is_retrieved(mailbox: Mailbox) -> None:
    mailbox.append(raw_message("Old"))
    account = pop_account(mailbox)
    pull_account(account.pk)
    mailbox.deliver(raw_message("New"))
    pull_account(account.pk)
    assert shown(account) == ["Old", "New"]
    assert states(account) == ["stored", "stored"]
    assert [run.bodies for run in account.runs.order_by("id")] == [1, 1]


def test_mail_that_leaves_the_server_stays_here(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message("One"), raw_message("Two")])
    account = pop_account(mailbox)
    pull_account(account.pk)
    with mailbox.client("INBOX") as client:
        client.store("1", "+FLAGS", "(\\Deleted)")
        client.expunge()
    pull_account(account.pk)
    assert shown(account) == ["One", "Two"]
    assert states(account) == ["gone", "stored"]


def test_kept_on_the_server_whatever_happens_here(mailbox: Mailbox) -> None:
    mailbox.append(raw_message("Mine"))
    account = pop_account(mailbox)
    pull_account(account.pk)
    throw_away(account)
    pull_account(account.pk)
    assert len(mailbox.raws()) == 1
    assert shown(account) == shown(account, "Trash") == []


def test_deleted_once_stored(mailbox: Mailbox) -> None:
    raws = [raw_message("One"), raw_message("Two")]
    mailbox.append_many(raws)
    account = pop_account(mailbox, leave_on_server="once_stored")
    pull_account(account.pk)
    assert mailbox.raws() == []
    assert states(account) == ["dele_sent", "dele_sent"]
    assert sorted(read_raw(message) for message in Message.objects.all()) == sorted(raws)
    pull_account(account.pk)
    assert states(account) == ["gone", "gone"]
    assert shown(account) == ["One", "Two"]


def test_deleted_after_some_days(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message("Old"), raw_message("Young")])
    account = pop_account(mailbox, leave_on_server="after_days", leave_days=7)
    pull_account(account.pk)
    pull_account(account.pk)
    assert len(mailbox.raws()) == 2
    PopMessage.objects.filter(message__subject="Old").update(first_seen_at="2026-01-01T00:00:00Z")
    pull_account(account.pk)
    assert [b"Young" in raw for raw in mailbox.raws()] == [True]
    assert shown(account) == ["Old", "Young"]


def test_deleted_there_when_deleted_here_for_good(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message("Keep"), raw_message("Throw")])
    account = pop_account(mailbox, leave_on_server="with_local")
    pull_account(account.pk)
    placement = Placement.objects.get(message__subject="Throw")
    actions.trash(account.user_id, [placement.pk])
    pull_account(account.pk)
    assert len(mailbox.raws()) == 2, "In Trash it is not deleted yet."
    throw_away(account, "Throw", undo=True)
    pull_account(account.pk)
    assert len(mailbox.raws()) == 2, "Undo was pressed."
    throw_away(account, "Throw")
    pull_account(account.pk)
    assert [b"Keep" in raw for raw in mailbox.raws()] == [True]
    pull_account(account.pk)
    assert states(account) == ["stored", "gone"]
    assert shown(account) == ["Keep"]


def test_what_is_sent_is_filed_in_the_local_sent_folder(mailbox: Mailbox) -> None:
    account = pop_account(mailbox)
    mailbox.append(raw_message("Lunch?", Message_ID="<lunch@x>"))
    pull_account(account.pk)
    smtp, imap = FakeSubmission(), FakeServer()
    draft = actions.start_draft(account.user_id, "reply", original_message_id=Message.objects.get().pk)
    actions.save_draft(account.user_id, draft.pk, draft.version, to="bob@example.org")
    outgoing = actions.send(account.user_id, draft.pk, hold_seconds=0)
    deliver(outgoing.pk, doors=Doors(smtp.open, imap.connect, lambda: 0.0))
    push_changes(account.pk, open_source=imap.connect)
    outgoing.refresh_from_db()
    assert outgoing.state == "done"
    assert shown(account, "Sent") == ["Re: Lunch?"]
    placement = Placement.objects.get(folder__role="sent", folder__account=account)
    assert (placement.seen, placement.uid, placement.folder.is_local) == (True, 1, True)
    assert Placement.objects.get(folder__role="inbox").answered
    assert imap.connections == 0
    assert not Change.objects.exclude(state__in=["done", "cancelled"]).exists()
    # Its own copy comes back by the list: a message of its own, in the same conversation.
    mailbox.deliver(smtp.taken[0].raw)
    pull_account(account.pk)
    assert shown(account) == ["Lunch?", "Re: Lunch?"]
    assert Placement.objects.values("thread").distinct().count() == 1


def test_the_operators_command_collects_and_says_how_it_stands(mailbox: Mailbox) -> None:
    mailbox.append(raw_message("One"))
    account = pop_account(mailbox)
    out = StringIO()
    call_command("syncaccount", str(account.pk), stdout=out)
    assert "INBOX: 1 shown, 1 unread; kept here alone" in out.getvalue()


def throw_away(account: MailAccount, subject: str = "", *, undo: bool = False) -> None:
    """Trash the message of this subject (or all), empty Trash, and let the toast go."""
    rows = Placement.objects.filter(account=account, shown=True, message__subject__contains=subject)
    actions.trash(account.user_id, list(rows.exclude(folder__role="trash").values_list("id", flat=True)))
    trash = Folder.objects.get(account=account, role="trash")
    result = actions.empty_folder(account.user_id, trash.pk)
    if undo:
        assert actions.undo(account.user_id, result.group)
        return
    Change.objects.filter(group=result.group).update(hold_until="2026-01-01T00:00:00Z")
    push_changes(account.pk)
