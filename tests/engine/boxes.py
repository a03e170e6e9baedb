"""Accounts that point at a real Dovecot, and what an independent client sees there."""

from typing import Any

from accounts.models import MailAccount, User
from mailsync.models import Placement
from tests.factories import make_account
from tests.servers.dovecot import Mailbox


def dovecot_account(mailbox: Mailbox, user: User | None = None, **fields: Any) -> MailAccount:
    """An account of Heron for this mailbox, over plain IMAP on loopback."""
    return make_account(
        user,
        password=mailbox.password,
        address=mailbox.address,
        username=mailbox.address,
        host="127.0.0.1",
        port=mailbox.server.imap,
        security="none",
        **fields,
    )


def pop_account(mailbox: Mailbox, user: User | None = None, **fields: Any) -> MailAccount:
    """An account of Heron that collects from this mailbox over plain POP3 on loopback."""
    account = dovecot_account(mailbox, user, protocol="pop3", **fields)
    account.port = mailbox.server.pop3
    account.save(update_fields=["port"])
    return account


def shown(account: MailAccount, path: str = "INBOX") -> list[str]:
    """Subjects in a folder as the tables show them, in the order of UIDs."""
    rows = Placement.objects.filter(account=account, folder__path=path, shown=True).order_by("uid")
    return list(rows.values_list("message__subject", flat=True))
