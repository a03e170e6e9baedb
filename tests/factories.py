"""Rows for tests: people, accounts, folders and messages, with only what a test says set apart."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Credential, Identity, MailAccount, OutgoingServer, User
from mailsync.message.lexemes import IndexedText
from mailsync.models import AccountSync, Folder, Message, Placement, RawMessage, Thread
from mailsync.store.change_log import is_local
from mailsync.store.changes import take_local_uids
from mailsync.store.mail_sums import note_mail
from mailsync.store.summary import refresh
from mailsync.store.text_index import index_texts
from mailsync.types import Address, Role

_numbers = itertools.count(1)
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def make_user(name: str = "", **fields: Any) -> User:
    """A person who signs in as ``<name>@people.test`` with the password ``secret``."""
    name = name or f"user{next(_numbers)}"
    return User.objects.create_user(f"{name}@people.test", "secret", name=name.title(), **fields)


def make_account(user: User | None = None, *, password: str = "secret", **fields: Any) -> MailAccount:
    """An IMAP account with its stored password, schedule, outgoing server and verified identity."""
    user = user or make_user()
    number = next(_numbers)
    address = fields.pop("address", f"box{number}@example.test")
    server = OutgoingServer.objects.create(user=user, host="127.0.0.1", port=2525, security="none", username=address)
    defaults = {"host": "127.0.0.1", "port": 1430 + number, "security": "none", "username": address}
    account = MailAccount.objects.create(user=user, address=address, outgoing_server=server, **{**defaults, **fields})
    for owner in ({"account": account}, {"server": server}):
        credential = Credential(**owner)
        credential.set_secret(password)
        credential.save()
    AccountSync.objects.create(account=account)
    Identity.objects.create(
        user=user, account=account, name=user.name, address=address, is_default=True, verified_at=START
    )
    return account


def make_folder(account: MailAccount | None = None, path: str = "INBOX", **fields: Any) -> Folder:
    """A folder whose first pull is done; INBOX gets its role by itself."""
    account = account or make_account()
    defaults: dict[str, Any] = {
        "path_raw": path.encode(),
        "name": path.rsplit("/", 1)[-1],
        "role": Role.INBOX.value if path == "INBOX" else "",
        "uidvalidity": 1,
        "header_cursor": 1,
    }
    return Folder.objects.create(account=account, path=path, **{**defaults, **fields})


def raw_message(subject: str = "Hello", body: str = "Good morning.\r\n", **headers: str) -> bytes:
    """A plain message as bytes; header names are written with _ for -: ``In_Reply_To="<a@b>"``."""
    number = next(_numbers)
    fields = {
        "From": "Ada <ada@example.test>",
        "To": "Bob <bob@example.test>",
        "Date": "Sun, 01 Mar 2026 09:00:00 +0000",
        "Message-ID": f"<m{number}@example.test>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in {"Subject": subject, **fields}.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def make_message(folder: Folder, raw: bytes | None = None, *, thread: Thread | None = None, **fields: Any) -> Placement:
    """A stored message placed in ``folder``; fields of Message and of Placement both go by keyword.

    Each message is a minute newer than the last. Returns the placement (``.message``, ``.thread``).
    """
    number = next(_numbers)
    subject = fields.pop("subject", f"Message {number}")
    raw = raw_message(subject) if raw is None else raw
    received_at = fields.pop("received_at", START + timedelta(minutes=number))
    names = {field.name for field in Placement._meta.get_fields()} - {"message", "thread", "account", "received_at"}
    placement_fields = {name: fields.pop(name) for name in list(fields) if name in names}
    sender = (fields.pop("from_name", "Ada"), fields.pop("from_address", "ada@example.test"))
    thread = thread or Thread.objects.create(
        account_id=folder.account_id, base_subject=subject.lower(), participants=[list(sender)]
    )
    stored, is_new = RawMessage.objects.get_or_create(
        account_id=folder.account_id,
        sha256=hashlib.sha256(raw).digest(),
        defaults={"size_bytes": len(raw), "data": raw},
    )
    note_mail(folder.account_id, messages=1, bodies=int(is_new), size_bytes=len(raw) if is_new else 0)
    message = Message.objects.create(
        account_id=folder.account_id,
        thread=thread,
        raw=stored,
        subject=subject,
        from_name=sender[0],
        from_address=sender[1],
        received_at=received_at,
        **{
            "size_bytes": len(raw),
            "message_id": f"m{number}@example.test",
            "recipients": {"to": [["Bob", "bob@example.test"]]},
            "parts": {"p": "1", "t": "text/plain", "o": [raw.find(b"\r\n\r\n") + 4, len(raw), len(raw)]},
            "parser_version": 1,
            **fields,
        },
    )
    people = [("from", Address(*sender)), *(("to", Address(*one)) for one in message.recipients.get("to", ()))]
    index_texts(folder.account_id, [IndexedText(message.pk, subject, people, message.preview, message.preview)])
    return place(folder, message, **placement_fields)


def _next_uid(folder: Folder) -> int:
    """Any that is free; where no server numbers, the one that Heron would give and go on from."""
    if not is_local(folder.account):
        return next(_numbers)
    with transaction.atomic():
        return take_local_uids(folder, 1)[0]


def place(folder: Folder, message: Message, **fields: Any) -> Placement:
    """Put a message into (one more) folder, counted as the pull would."""
    if "uid" not in fields:
        fields["uid"] = _next_uid(folder)
    placement = Placement.objects.create(
        account_id=folder.account_id,
        folder=folder,
        message=message,
        thread_id=message.thread_id,
        received_at=message.received_at,
        **{"epoch": folder.epoch, **fields},
    )
    refresh([(folder.id, message.thread_id)])
    folder.refresh_from_db()
    return placement
