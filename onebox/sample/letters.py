"""A letter's facts in, the bytes of a message out: RFC 5322 by the standard library, and the same each time. Pure.

The Message-ID comes from the letter's key and never from the clock, so that two fillings of one
mailbox hold the same messages; boundaries are numbered for the same reason.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email import policy
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from mailsync.types import Address

Mailbox = Literal["owner", "friend"]
#: The sample's people live on Central European time; a fixed offset keeps the bytes the same everywhere.
ZONE = timezone(timedelta(hours=1))
_POLICY = policy.SMTP.clone(max_line_length=76)


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """One message to put into a mailbox: where, with which flags (as written in APPEND), when, and what."""

    folder: str
    flags: tuple[str, ...]
    date: datetime
    raw: bytes
    mailbox: Mailbox = "owner"


@dataclass(frozen=True, slots=True)
class File:
    """An attachment; with ``content_id`` a picture that the HTML shows as ``cid:``."""

    name: str
    content_type: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message says. ``html`` None: plain text only; ``text`` empty: HTML only."""

    key: str
    sender: Address
    to: tuple[Address, ...]
    date: datetime
    subject: str
    text: str
    html: str | None = None
    cc: tuple[Address, ...] = ()
    parents: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    charset: str = "utf-8"

    @property
    def message_id(self) -> str:
        return message_id(self.key, self.sender)


#: In these lies all that the rest of today would bring.
_LAST_HOURS = timedelta(hours=2, minutes=24)


@dataclass(frozen=True, slots=True)
class Scene:
    """When the sample is told, and for whom."""

    now: datetime
    owner: Address
    friend: Address

    @property
    def party(self) -> str:
        """The evening that many letters speak of: a Saturday some four weeks ahead, as "14 November"."""
        day = self.now.astimezone(ZONE) + timedelta(days=26)
        day += timedelta(days=(5 - day.weekday()) % 7)
        return f"{day.day} {day:%B}"

    def at(self, days_ago: float, clock: str = "10:00") -> datetime:
        """``days_ago`` before now at ``clock`` (HH:MM), never in the future; later clocks stay later.

        What of today is later than some hours ago, even what is still to come, is told as of those hours.
        """
        hour, minute = map(int, clock.split(":"))
        now = self.now.astimezone(ZONE)
        time = timedelta(hours=hour, minutes=minute, seconds=len(clock) * 7)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        day = (now - timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        start = now - midnight - _LAST_HOURS
        if day < midnight or time <= start:
            return day + time
        share = (time - start) / (timedelta(days=1) - start)
        return (midnight + start + share * _LAST_HOURS).replace(microsecond=0)


def message_id(key: str, sender: Address) -> str:
    """``<…@domain>`` from the key alone."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:20]}@{sender.address.rsplit('@', 1)[-1]}>"


def write(letter: Letter) -> bytes:
    """The message as it would arrive, with CRLF line ends."""
    message = EmailMessage(policy=_POLICY)
    message["Date"] = format_datetime(letter.date)
    message["From"] = _header(letter.sender)
    message["To"] = [_header(person) for person in letter.to]
    if letter.cc:
        message["Cc"] = [_header(person) for person in letter.cc]
    message["Subject"] = letter.subject
    message["Message-ID"] = letter.message_id
    if letter.parents:
        message["In-Reply-To"] = letter.parents[-1]
        message["References"] = " ".join(letter.parents)
    for name, value in letter.headers:
        message[name] = value
    _fill(message, letter)
    _number_boundaries(message, letter.key)
    return message.as_bytes()


def _fill(message: EmailMessage, letter: Letter) -> None:
    body = message
    if letter.text or letter.html is None:
        body.set_content(letter.text, charset=letter.charset, cte=_encoding(letter.text, letter.charset))
        if letter.html is not None:
            body.add_alternative(letter.html, subtype="html", charset=letter.charset, cte="quoted-printable")
    else:
        body.set_content(letter.html, subtype="html", charset=letter.charset, cte="quoted-printable")
    pictures = [file for file in letter.files if file.content_id]
    if pictures:
        parts = [part for part in message.walk() if part.get_content_type() == "text/html"]
        assert isinstance(parts[0], EmailMessage), "a cid picture needs an HTML body"
        for file in pictures:
            main, sub = file.content_type.split("/")
            parts[0].add_related(
                file.data, main, sub, cid=f"<{file.content_id}>", filename=file.name, disposition="inline"
            )
    for file in letter.files:
        if not file.content_id:
            main, sub = file.content_type.split("/")
            message.add_attachment(file.data, main, sub, filename=file.name)


def _encoding(text: str, charset: str) -> str:
    if charset.startswith("iso-2022"):
        return "7bit"
    if text.isascii() and all(len(line) < 900 for line in text.splitlines()):
        return "7bit"
    return "base64" if charset in {"koi8-r", "gb2312", "windows-1255"} else "quoted-printable"


def _header(person: Address) -> HeaderAddress:
    local, _, domain = person.address.rpartition("@")
    return HeaderAddress(person.name, local, domain)


def _number_boundaries(message: EmailMessage, key: str) -> None:
    stem = hashlib.sha256(f"boundary {key}".encode()).hexdigest()[:16]
    multiparts: Sequence[EmailMessage] = [p for p in message.walk() if p.is_multipart()]
    for number, part in enumerate(multiparts, 1):
        if part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_{stem}_{number}")
