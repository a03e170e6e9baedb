"""Stored messages for tests of the screens: raw bytes parsed and kept as the pull keeps them."""

from accounts.models import User
from mailsync.message.parse import parse_message
from mailsync.models import Folder, Message
from tests.factories import make_account, make_folder, make_message


def store(user: User, raw: bytes, folder: Folder | None = None) -> Message:
    """The message in ``folder``, else in a folder of a new account of this user."""
    parsed = parse_message(raw)
    header = parsed.header
    recipients = {
        name: [[one.name, one.address] for one in people]
        for name, people in (("to", header.to), ("cc", header.cc), ("reply_to", header.reply_to))
        if people
    }
    return make_message(
        folder or make_folder(make_account(user)),
        raw,
        subject=header.subject,
        from_name=header.sender.name,
        from_address=header.sender.address,
        parts=parsed.root.as_json(),
        facts=header.facts,
        recipients=recipients,
        attachment_count=len(parsed.attachments),
    ).message


def html_message(html: str, **headers: str) -> bytes:
    """A message with one HTML body."""
    fields = {"From": "Ann <ann@shop.test>", "To": "bob@people.test", "Subject": "Hello", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    lines += [
        "MIME-Version: 1.0",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        html,
    ]
    return "\r\n".join(lines).encode()
