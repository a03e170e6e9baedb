"""The cast of the tests: people, their accounts, folders and messages, with as little said as a test needs."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import Identity, MailAccount, OutgoingServer, User
from mailsync.models import AccountSync, Folder, Message, Placement, RawMessage, Thread
from mailsync.store.summary import refresh
from mailsync.types import Role

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def make_user(name: str = "alice") -> User:
    return User.objects.create_user(f"{name}{next(_numbers)}@heron.test", "pass-phrase", name=name.title())


def make_account(user: User | None = None, **fields: Any) -> MailAccount:
    """An IMAP account with its own outgoing server, one verified identity and a schedule."""
    user = user or make_user()
    number = next(_numbers)
    address = fields.pop("address", f"{user.name.lower()}{number}@mail.test")
    server = fields.pop("outgoing_server", None) or OutgoingServer.objects.create(
        user=user, host="smtp.mail.test", username=address
    )
    account = MailAccount.objects.create(
        user=user,
        **{"address": address, "username": address, "host": "imap.mail.test", "outgoing_server": server, **fields},
    )
    Identity.objects.create(
        user=user, account=account, name=user.name, address=address, is_default=True, verified_at=NOON
    )
    AccountSync.objects.create(account=account)
    return account


def make_folder(account: MailAccount, path: str = "INBOX", role: Role | None = None, **fields: Any) -> Folder:
    if role is None:
        known = {"inbox", "sent", "drafts", "archive", "junk", "trash"}
        role = Role(path.lower()) if path.lower() in known else Role.NONE
    return Folder.objects.create(
        account=account,
        path=path,
        name=path.rsplit("/", 1)[-1],
        role=role.value,
        **{"path_raw": path.encode(), "uidvalidity": 7, "uidnext_seen": 1, **fields},
    )


def make_folders(account: MailAccount) -> dict[str, Folder]:
    """The usual six, by role."""
    return {
        path.lower(): make_folder(account, path) for path in ("INBOX", "Sent", "Drafts", "Archive", "Junk", "Trash")
    }


def make_message(
    account: MailAccount, *, thread: Thread | None = None, raw: bytes | None = None, **fields: Any
) -> Message:
    number = next(_numbers)
    stored = None
    if raw is not None:
        stored = RawMessage.objects.create(
            account=account, sha256=hashlib.sha256(raw).digest(), size_bytes=len(raw), data=raw
        )
    return Message.objects.create(
        account=account,
        thread=thread or Thread.objects.create(account=account),
        raw=stored,
        **{
            "message_id": f"m{number}@mail.test",
            "subject": f"Subject {number}",
            "from_address": "bob@mail.test",
            "received_at": NOON + timedelta(minutes=number),
            "size_bytes": len(raw) if raw else 1000,
            **fields,
        },
    )


def place(message: Message, folder: Folder, **fields: Any) -> Placement:
    """Put a message into a folder as a pull would, with counts and rows refreshed."""
    placement = Placement.objects.create(
        account_id=folder.account_id,
        folder=folder,
        message=message,
        thread_id=message.thread_id,
        received_at=message.received_at,
        **{"epoch": folder.epoch, "uid": next(_numbers), **fields},
    )
    refresh([(folder.pk, message.thread_id)])
    return placement
