"""Pulling from a real Dovecot: first pull, new mail, flags, vanished mail, renumbered folders."""

import pytest

from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.models import Folder, Message, Placement
from mailsync.store.raw import read_raw
from tests.engine.boxes import dovecot_account, shown
from tests.engine.in_step import snapshot
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]


def test_everything_comes_and_a_second_pull_changes_nothing(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message(f"Inbox {n}", f"Body {n}\r\n") for n in range(30)])
    mailbox.append(raw_message("Sent one"), "Sent", flags="\\Seen")
    account = dovecot_account(mailbox)
    assert pull_account(account.pk) is Outcome.DONE
    assert pull_bodies(account.pk) is Outcome.DONE
    assert shown(account) == [f"Inbox {n}" for n in range(30)]
    assert shown(account, "Sent") == ["Sent one"]
    inbox = Folder.objects.get(account=account, role="inbox")
    assert (inbox.total, inbox.unread, inbox.header_cursor, inbox.bodies_pending) == (30, 30, 1, 0)
    assert sorted(read_raw(message) for message in Message.objects.all()) == sorted(
        mailbox.raws() + mailbox.raws("Sent")
    )
    assert {folder.role for folder in Folder.objects.all()} >= {"inbox", "sent", "drafts", "junk", "trash", "archive"}
    assert Message.objects.get(subject="Inbox 7").preview == "Body 7"
    before = snapshot()
    assert pull_account(account.pk) is Outcome.DONE
    assert pull_bodies(account.pk) is Outcome.IDLE
    assert snapshot() == before


def test_new_mail_comes_with_its_body(mailbox: Mailbox) -> None:
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    mailbox.deliver(raw_message("Fresh", "News\r\n"))
    pull_account(account.pk)
    message = Message.objects.get()
    assert (message.subject, message.preview) == ("Fresh", "News")
    assert message.raw_id is not None


def test_flags_and_expunges_of_another_client(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message(f"N{n}") for n in range(5)])
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    with mailbox.client("INBOX") as client:
        client.uid("STORE", "2", "+FLAGS", "(\\Seen \\Flagged $Work)")
        client.uid("STORE", "4", "+FLAGS", "(\\Deleted)")
        client.expunge()
        client.uid("STORE", "5", "+FLAGS", "(\\Deleted)")
    pull_account(account.pk)
    assert shown(account) == ["N0", "N1", "N2"]
    placement = Placement.objects.get(folder__path="INBOX", uid=2)
    assert (placement.seen, placement.flagged, placement.keywords) == (True, True, ["$Work"])
    inbox = Folder.objects.get(account=account, role="inbox")
    assert (inbox.total, inbox.unread) == (3, 2)
    assert Placement.objects.get(folder=inbox, uid=4).gone_phase == 1


def test_a_renumbered_folder_keeps_its_messages_and_fetches_no_body_again(mailbox: Mailbox) -> None:
    raws = [raw_message(f"N{n}") for n in range(5)]
    mailbox.append_many(raws)
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    pull_bodies(account.pk)
    before = set(Message.objects.values_list("id", "raw_id"))
    # Recreating the folder gives it another UIDVALIDITY, as a restored backup does.
    with mailbox.client() as client:
        client.create("Old")
        client.create("Box")
    mailbox.append_many(raws, "Box")
    pull_account(account.pk)
    box = Folder.objects.get(account=account, path="Box")
    with mailbox.client() as client:
        client.delete("Box")
        client.create("Box")
    mailbox.append_many(list(reversed(raws[1:])), "Box")
    Folder.objects.filter(pk=box.pk).update(uidvalidity=1)
    pull_account(account.pk)
    box.refresh_from_db()
    assert box.epoch == 2
    assert shown(account, "Box") == ["N4", "N3", "N2", "N1"]
    assert (box.total, box.unread) == (4, 4)
    assert set(Message.objects.values_list("id", "raw_id")) >= before
