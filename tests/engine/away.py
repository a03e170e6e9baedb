"""Somebody who is away: a mailbox that answers new mail, the server it is on, and the one that takes the answers."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from django.utils import timezone

from accounts.models import MailAccount, User
from mailsync import actions
from mailsync.actions import AutoReplyText
from mailsync.engine.deliver import Doors, deliver
from mailsync.models import AutoReply, Outgoing
from tests.engine.fake_sender import FakeSubmission
from tests.engine.filled import filled
from tests.engine.in_step import pull
from tests.factories import make_account, raw_message


class Away:
    """``receive`` is mail coming in and a pull; ``send`` is the clock that empties the outbox."""

    def __init__(self, user: User | None = None, *, address: str = "anna@club.test", **reply: Any) -> None:
        self.account: MailAccount = make_account(user, address=address)
        self.imap = filled(1)
        self.smtp = FakeSubmission()
        pull(self.account, self.imap)
        self.switch_on(**reply)

    def switch_on(self, **reply: Any) -> None:
        words = {"enabled": True, "html": "<p>I am back on Monday.</p>", **reply}
        actions.write_auto_reply(self.account.user_id, [self.account.pk], AutoReplyText(**words))

    @property
    def reply(self) -> AutoReply:
        return AutoReply.objects.get(account=self.account)

    def put(self, subject: str = "Lunch", *, at: datetime | None = None, **headers: str) -> None:
        """On the server alone."""
        at = at or timezone.now()
        fields = {
            "Return-Path": "<bo@work.test>",
            "Received": f"by mx.club.test; {format_datetime(at)}",
            "From": "Bo Ek <bo@work.test>",
            "To": f"Anna <{self.account.address}>",
            "Date": format_datetime(at),
            **headers,
        }
        self.imap.boxes["INBOX"].add(raw_message(subject, **fields), internal_date=at)

    def receive(self, subject: str = "Lunch", *, at: datetime | None = None, **headers: str) -> None:
        self.put(subject, at=at, **headers)
        pull(self.account, self.imap)

    def send(self) -> list[EmailMessage]:
        """Everything that is due leaves; returns what was taken."""
        before = len(self.smtp.taken)
        doors = Doors(self.smtp.open, self.imap.connect, lambda: 0.0)
        past = timezone.now() - timedelta(seconds=1)
        for outgoing in Outgoing.objects.filter(account=self.account, finished_at=None).order_by("id"):
            Outgoing.objects.filter(pk=outgoing.pk, due_at__isnull=False).update(due_at=past)
            deliver(outgoing.pk, doors=doors)
        return [message_from_bytes(one.raw, policy=policy.default) for one in self.smtp.taken[before:]]
