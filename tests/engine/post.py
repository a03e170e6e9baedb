"""A writer with mail to send, and both servers that it takes."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.deliver import Doors, deliver
from mailsync.engine.push import push_changes
from mailsync.models import Change, Draft, Outgoing
from tests.engine.fake_sender import FakeSubmission
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder


class Post:
    """A writer with an account, its IMAP server and its submission server."""

    def __init__(self, **account: Any) -> None:
        self.account: MailAccount = make_account(**account)
        self.user_id = self.account.user_id
        self.imap = FakeServer("INBOX", "Sent", "Drafts")
        self.smtp = FakeSubmission()
        self.sent = make_folder(self.account, "Sent", role="sent")
        self.drafts = make_folder(self.account, "Drafts", role="drafts")
        self.inbox = make_folder(self.account)
        self.doors = Doors(self.smtp.open, self.imap.connect, lambda: 0.0)

    def draft(self, to: str = "bob@example.org", **fields: Any) -> Draft:
        return actions.start_draft(self.user_id, to=to, subject="Plan", **fields)

    def write(self, to: str = "bob@example.org", **options: Any) -> Outgoing:
        options = {"hold_seconds": 0, **options}
        return actions.send(self.user_id, self.draft(to).pk, **options)

    def run(self, outgoing: Outgoing, *, later: bool = True) -> Outgoing:
        """Deliver as the worker would, once it is due (and any claim of a dead worker has run out)."""
        if later:
            past = timezone.now() - timedelta(seconds=1)
            Outgoing.objects.filter(pk=outgoing.pk, due_at__isnull=False).update(due_at=past)
            Outgoing.objects.filter(pk=outgoing.pk, claimed_until__isnull=False).update(claimed_until=past)
        deliver(outgoing.pk, doors=self.doors)
        outgoing.refresh_from_db()
        return outgoing

    def push(self) -> None:
        Change.objects.filter(hold_until__isnull=False).update(hold_until=timezone.now() - timedelta(seconds=1))
        push_changes(self.account.pk, open_source=self.imap.connect)

    def states(self, outgoing: Outgoing) -> dict[str, str]:
        return dict(outgoing.recipients.values_list("address", "state"))
