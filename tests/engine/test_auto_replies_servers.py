"""Automatic replies on real servers: mail comes into Dovecot, over IMAP and POP3, and the answer leaves by SMTP."""

from email import message_from_bytes, policy
from email.utils import format_datetime, formatdate

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.actions import AutoReplyText
from mailsync.engine import connect
from mailsync.engine.deliver import Doors, deliver
from mailsync.engine.pull import pull_account
from mailsync.models import AutoReplied, Outgoing, Placement
from mailsync.protocol import smtp
from mailsync.store import turns
from tests.engine.boxes import dovecot_account, pop_account
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox
from tests.servers.smtp import SmtpServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]


def letter(mailbox: Mailbox, subject: str, **headers: str) -> bytes:
    now = format_datetime(timezone.now())
    fields = {"To": mailbox.address, "From": "Bo <bo@work.test>", "Date": formatdate(), "Received": f"by mx; {now}"}
    return raw_message(subject, **{**fields, **headers})


def send(server: SmtpServer) -> None:
    """As the clock would."""
    doors = Doors(lambda *_: smtp.connect(server.tls), connect.open_source, lambda: 0.0)
    for outgoing_id in turns.due_outgoing():
        deliver(outgoing_id, doors=doors)


@pytest.mark.parametrize("make", [dovecot_account, pop_account])
def test_new_mail_is_answered_and_old_mail_is_not(make: object, mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    mailbox.deliver(letter(mailbox, "Was there before"), "old@work.test")
    account: MailAccount = make(mailbox)  # type: ignore[operator]
    pull_account(account.pk)
    actions.write_auto_reply(account.user_id, [account.pk], AutoReplyText(enabled=True, html="<p>Back on Monday.</p>"))
    mailbox.deliver(letter(mailbox, "Lunch", Message_ID="<lunch@work.test>"), "bo@bounces.work.test")
    mailbox.deliver(letter(mailbox, "News", List_Unsubscribe="<https://x.test/>", From="x@news.test"), "x@news.test")
    mailbox.deliver(letter(mailbox, "Years ago", From="cy@work.test", Date="Sun, 01 Mar 2020 09:00:00 +0000"))
    for _ in range(2):
        pull_account(account.pk)
        send(smtp_server)
    (taken,) = smtp_server.received
    assert (taken.mail_from, taken.recipients) == ("", ("bo@bounces.work.test",))
    answer = message_from_bytes(taken.raw, policy=policy.default)
    assert (answer["To"], answer["In-Reply-To"]) == ("bo@bounces.work.test", "<lunch@work.test>")
    assert (answer["Subject"], answer["Auto-Submitted"]) == ("Automatic reply: Lunch", "auto-replied")
    assert answer.get_body(("plain",)).get_content().strip() == "Back on Monday."  # type: ignore[union-attr]
    assert Outgoing.objects.get().state == "done"
    assert not Placement.objects.filter(message__subject__startswith="Automatic").exists()
    # What it wrote comes back to it, as when somebody sends it on: it answers nothing automatic.
    mailbox.deliver(taken.raw, "someone@else.test")
    pull_account(account.pk)
    assert AutoReplied.objects.count() == 1


def test_a_server_that_wants_a_sender_gets_one(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    actions.write_auto_reply(account.user_id, [account.pk], AutoReplyText(enabled=True, html="<p>Back on Monday.</p>"))
    mailbox.deliver(letter(mailbox, "Lunch"), "bo@work.test")
    pull_account(account.pk)
    smtp_server.refuse_sender("", "550 5.7.1 sender address required")
    send(smtp_server)
    (taken,) = smtp_server.received
    assert (taken.mail_from, taken.recipients) == (account.address, ("bo@work.test",))
    assert Outgoing.objects.get().state == "done"
