"""What the user does and writes, on real servers: Dovecot holds the mail, aiosmtpd takes what is sent.

Asserted by what an independent IMAP client and the receiver's mailbox see, and by pulling afterwards:
both sides equal, nothing twice.
"""

import email
import email.policy
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine import connect
from mailsync.engine.deliver import Doors, deliver
from mailsync.engine.pull import pull_account, pull_bodies
from mailsync.engine.push import push_changes
from mailsync.models import Change, Draft, Folder, Message, Outgoing, Placement
from mailsync.protocol import smtp
from mailsync.store.audit import recount, recount_sums
from tests.engine.boxes import dovecot_account, shown
from tests.factories import raw_message
from tests.servers.dovecot import Dovecot, Mailbox
from tests.servers.smtp import SmtpServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]


def pull(account: MailAccount) -> None:
    pull_account(account.pk)
    pull_bodies(account.pk)


def push(account: MailAccount) -> None:
    """As when the toasts have gone and the drafts have rested."""
    past = timezone.now() - timedelta(seconds=1)
    Change.objects.filter(hold_until__isnull=False).update(hold_until=past)
    Draft.objects.filter(store_due_at__isnull=False).update(store_due_at=past)
    push_changes(account.pk)


def placement(account: MailAccount, subject: str, path: str = "INBOX") -> Placement:
    return Placement.objects.get(account=account, folder__path=path, message__subject=subject, shown=True)


def folder(account: MailAccount, role: str) -> Folder:
    return Folder.objects.get(account=account, role=role)


def subjects(mailbox: Mailbox, path: str) -> list[str]:
    return [email.message_from_bytes(raw)["Subject"] for raw in mailbox.raws(path)]


def agree(account: MailAccount, mailbox: Mailbox, *paths: str) -> None:
    """Nothing is open, and a pull finds nothing that was not shown already."""
    assert not Change.objects.filter(finished_at=None).exists()
    before = {path: shown(account, path) for path in paths}
    pull(account)
    for path in paths:
        assert shown(account, path) == before[path] == subjects(mailbox, path)
        assert not Placement.objects.filter(folder__path=path, uid=None).exists()
    assert [*recount(), *recount_sums()] == []


def test_everything_the_user_does_arrives(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message(name) for name in ("Read", "Star", "File", "Trash", "Spam", "Stay")])
    account = dovecot_account(mailbox)
    pull(account)
    user = account.user_id
    actions.mark_read(user, [placement(account, "Read").pk], True)
    actions.flag(user, [placement(account, "Star").pk], True)
    actions.set_keyword(user, [placement(account, "Star").pk], "$Work", True)
    actions.archive(user, [placement(account, "File").pk])
    actions.trash(user, [placement(account, "Trash").pk])
    actions.junk(user, [placement(account, "Spam").pk])
    push(account)
    assert subjects(mailbox, "INBOX") == ["Read", "Star", "Stay"]
    assert [flags - {"\\Recent"} for flags in mailbox.flags()] == [{"\\Seen"}, {"\\Flagged", "$Work"}, set()]
    boxes = {role: folder(account, role).path for role in ("archive", "trash", "junk")}
    assert {role: subjects(mailbox, path) for role, path in boxes.items()} == {
        "archive": ["File"],
        "trash": ["Trash"],
        "junk": ["Spam"],
    }
    agree(account, mailbox, "INBOX", *boxes.values())
    actions.empty_folder(user, folder(account, "trash").pk)
    push(account)
    assert mailbox.raws(boxes["trash"]) == []
    agree(account, mailbox, "INBOX", *boxes.values())


def test_undo_after_it_has_left_moves_back(mailbox: Mailbox) -> None:
    mailbox.append(raw_message("Oops"))
    account = dovecot_account(mailbox)
    pull(account)
    result = actions.trash(account.user_id, [placement(account, "Oops").pk])
    push(account)
    assert subjects(mailbox, "INBOX") == []
    assert actions.undo(account.user_id, result.group)
    assert shown(account) == ["Oops"]
    push(account)
    assert subjects(mailbox, "INBOX") == ["Oops"]
    agree(account, mailbox, "INBOX", folder(account, "trash").path)


def test_a_pull_between_click_and_push_does_not_undo_it(mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message("Read"), raw_message("Gone")])
    account = dovecot_account(mailbox)
    pull(account)
    actions.mark_read(account.user_id, [placement(account, "Read").pk], True)
    actions.archive(account.user_id, [placement(account, "Gone").pk])
    mailbox.append(raw_message("Fresh"))
    pull(account)
    assert shown(account) == ["Read", "Fresh"]
    assert placement(account, "Read").seen
    push(account)
    agree(account, mailbox, "INBOX", folder(account, "archive").path)


def test_folders_are_made_renamed_and_deleted(mailbox: Mailbox) -> None:
    mailbox.append(raw_message("File"))
    account = dovecot_account(mailbox)
    pull(account)
    user = account.user_id
    made = Folder.objects.get(pk=actions.create_folder(user, account.pk, "Rechnungen für Ämter").folder_id)
    actions.move(user, [placement(account, "File").pk], made.pk)
    push(account)
    agree(account, mailbox, "INBOX")
    actions.rename_folder(user, made.pk, "Steuer")
    push(account)
    pull(account)
    made.refresh_from_db()
    assert (made.path, made.total, made.missing_since) == ("Steuer", 1, None)
    actions.trash(user, [placement(account, "File", "Steuer").pk])
    actions.delete_folder(user, made.pk)
    push(account)
    pull(account)
    assert not Folder.objects.filter(account=account, path__in=["Steuer", "Rechnungen für Ämter"]).exists()


def test_a_draft_has_one_copy_on_the_server(mailbox: Mailbox) -> None:
    account = dovecot_account(mailbox)
    pull(account)
    drafts = folder(account, "drafts").path
    draft = actions.start_draft(account.user_id, to="bob@", subject="One")
    for version, subject in enumerate(("Two", "Three", "Four"), start=1):
        actions.save_draft(account.user_id, draft.pk, version, subject=subject)
        push(account)
        assert subjects(mailbox, drafts) == [subject]
        assert shown(account, drafts) == [subject]
    assert mailbox.flags(drafts)[0] >= {"\\Draft", "\\Seen"}
    agree(account, mailbox, drafts)
    assert actions.edit_stored_draft(account.user_id, placement(account, "Four", drafts).message_id).pk == draft.pk
    actions.discard_draft(account.user_id, draft.pk)
    push(account)
    assert mailbox.raws(drafts) == []
    agree(account, mailbox, drafts)


def test_a_reply_reaches_the_other_mailbox_and_is_filed_once(
    dovecot: Dovecot, mailbox: Mailbox, smtp_server: SmtpServer
) -> None:
    bob = dovecot.add_user()
    smtp_server.deliver_to(bob)
    mailbox.append(raw_message("Question", From=f"Bob <{bob.address}>", To=mailbox.address))
    account = dovecot_account(mailbox)
    pull(account)
    user, question = account.user_id, placement(account, "Question")
    draft = actions.start_draft(user, "reply", question.message_id)
    saved = actions.save_draft(user, draft.pk, draft.version, body="<p>Grüße.</p>\n.\n<p>.dot</p>" + draft.body)
    actions.attach(user, saved.pk, "naïve résumé.txt", "text/plain", b"line\r\n.\r\n..\r\n")
    push(account)  # a copy in Drafts
    assert len(mailbox.raws(folder(account, "drafts").path)) == 1
    outgoing = actions.send(user, draft.pk, 0)
    doors = Doors(lambda server, _: smtp.connect(smtp_server.tls), connect.open_source)
    deliver(outgoing.pk, doors=doors)
    deliver(outgoing.pk, doors=doors)
    push(account)
    push(account)
    outgoing.refresh_from_db()
    assert outgoing.state == "done"

    (raw,) = bob.raws()
    received = email.message_from_bytes(raw, policy=email.policy.default)
    assert received["In-Reply-To"] == f"<{question.message.message_id}>"
    assert received["Subject"] == "Re: Question"
    plain, rich = received.get_body(("plain",)), received.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert "Grüße." in plain.get_content()
    assert "Grüße." in rich.get_content()
    (file,) = received.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("naïve résumé.txt", "line\r\n.\r\n..\r\n")

    sent = folder(account, "sent").path
    assert subjects(mailbox, sent) == ["Re: Question"]
    assert mailbox.raws(folder(account, "drafts").path) == []
    assert "\\Answered" in mailbox.flags()[0]
    agree(account, mailbox, "INBOX", sent)
    answer = Message.objects.get(message_id=outgoing.message_id)
    assert answer.thread_id == question.message.thread_id


def test_a_server_that_takes_nothing_is_told_in_its_own_words(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = dovecot_account(mailbox)
    pull(account)
    smtp_server.refuse("gone@example.org", "550 5.1.1 no such user here")
    smtp_server.refuse("busy@example.org", "450 4.2.1 mailbox busy")
    doors = Doors(lambda server, _: smtp.connect(smtp_server.starttls), connect.open_source, lambda: 0.0)

    def send(to: str) -> Outgoing:
        draft = actions.start_draft(account.user_id, to=to, subject="Hello")
        outgoing = actions.send(account.user_id, draft.pk, 0)
        deliver(outgoing.pk, doors=doors)
        outgoing.refresh_from_db()
        return outgoing

    failed, waiting, mixed = send("gone@example.org"), send("busy@example.org"), send("a@b.example, gone@example.org")
    assert (failed.state, waiting.state, mixed.state) == ("failed", "deferred", "done")
    assert "no such user here" in failed.recipients.get().text
    assert [one.recipients for one in smtp_server.received] == [("a@b.example",)]
    smtp_server.handler.final_reply = "552 5.3.4 too big for us"
    assert send("a@b.example").state == "failed"
