"""A Composition in, the bytes that are sent out. Pure: no clock, no randomness, so a rebuild gives the same bytes.

text/plain (format=flowed) with an HTML alternative, cid parts beside the HTML, files around them:
``mixed(alternative(text, related(html, pictures…)), files…)``, each level only where it is needed.
CRLF everywhere, no bare CR or LF, no line over 998 octets (RFC 5322 §2.1.1).
"""

import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime

from mailsync.message.addresses import comparable
from mailsync.message.facts import Composition, OutgoingAttachment
from mailsync.message.flowed import flow
from mailsync.message.folding import (
    HARD_LIMIT,
    check_address,
    fold,
    fold_addresses,
    fold_ids,
    fold_text,
    fold_value,
    refuse_controls,
)
from mailsync.message.html_text import html_to_text
from mailsync.message.references import MAX_REFERENCES
from mailsync.types import Address

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_ID = re.compile(r"[!-;=?-~]{1,900}")
_LINE_END = re.compile(r"\r\n|\r|\n")
_RAW_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class BuiltMessage:
    """``raw`` goes on the wire; ``raw_sent_copy`` is the same with Bcc; ``recipients`` are the envelope's, each once.

    ``needs_smtputf8``: an address has a local part beyond ASCII (RFC 6531); ``needs_8bitmime``: a forwarded
    message holds 8-bit bytes that may not be re-encoded (RFC 2046 §5.2.1).
    """

    raw: bytes
    raw_sent_copy: bytes
    recipients: tuple[str, ...]
    needs_smtputf8: bool = False
    needs_8bitmime: bool = False


@dataclass(frozen=True, slots=True)
class _Entity:
    """A MIME part to be written: its own header fields and its encoded body, which ends in CRLF."""

    header: bytes
    body: bytes


def build_message(composition: Composition) -> BuiltMessage:
    """The finished message. Raises ``ValueError``, in words for the person who wrote it, for what cannot be sent:
    a control character in a header, an address that is none, a domain that does not exist as A-labels."""
    content = _content(composition)
    top = _top_header(composition)
    everyone = (*composition.to, *composition.cc, *composition.bcc)
    recipients = {comparable(one.address): check_address(one.address) for one in reversed(everyone)}
    ordered = tuple(reversed(recipients.values()))
    hidden = fold_addresses("Bcc", composition.bcc) if composition.bcc else b""
    # RFC 5322 §3.6.3 lets a message name nobody; some servers add a To that shows the recipient, so one is given.
    nobody = b"To: undisclosed-recipients:;\r\n" if ordered and not (composition.to or composition.cc) else b""
    tail = b"MIME-Version: 1.0\r\n" + content.header + b"\r\n" + content.body
    written = (composition.sender, *everyone, *composition.reply_to)
    return BuiltMessage(
        raw=top + nobody + tail,
        raw_sent_copy=top + hidden + tail,
        recipients=ordered,
        needs_smtputf8=any(not check_address(one.address).isascii() for one in written),
        needs_8bitmime=not content.body.isascii(),
    )


def _top_header(composition: Composition) -> bytes:
    message_id = _checked_id(composition.message_id, "Message-ID")
    if composition.date.tzinfo is None:
        raise ValueError("The date of a message needs a time zone.")
    lines = [
        fold("Date", [format_datetime(composition.date)]),
        fold_addresses("From", [composition.sender]),
    ]
    for name, addresses in (("Reply-To", composition.reply_to), ("To", composition.to), ("Cc", composition.cc)):
        if addresses:
            lines.append(fold_addresses(name, addresses))
    lines.append(fold_text("Subject", refuse_controls(composition.subject, "subject")))
    lines.append(fold_ids("Message-ID", [message_id]))
    parent = [one for one in (composition.in_reply_to,) if _is_writable_id(one)]
    line = [one for one in composition.references if _is_writable_id(one)]
    if len(line) > MAX_REFERENCES:
        line = [line[0], *line[-(MAX_REFERENCES - 1) :]]
    if parent:
        lines.append(fold_ids("In-Reply-To", parent))
    if line:
        lines.append(fold_ids("References", line))
    if composition.request_receipt:
        # RFC 8098 §2.1
        lines.append(fold_addresses("Disposition-Notification-To", [Address("", composition.sender.address)]))
    return b"".join(lines)


def _checked_id(message_id: str, what: str) -> str:
    bare = refuse_controls(message_id, what).strip().removeprefix("<").removesuffix(">")
    if not _ID.fullmatch(bare):
        raise ValueError(f"“{message_id[:100]}” cannot be used as a {what}.")
    return bare


def _is_writable_id(message_id: str) -> bool:
    """Ids of received mail may be anything: one that cannot be written is left out, a line break is refused."""
    return _ID.fullmatch(refuse_controls(message_id, "reference to another message")) is not None


def _content(composition: Composition) -> _Entity:
    boundaries = _boundaries(composition.message_id)
    html = composition.html
    inline = [one for one in composition.attachments if one.content_id and html is not None]
    files = [one for one in composition.attachments if not (one.content_id and html is not None)]
    text = composition.text or (html_to_text(html, links=True) if html is not None else "")
    entity = _text_entity("plain", flow(_normal(text)), [("format", "flowed")])
    if html is not None:
        rich = _text_entity("html", _normal(html), [])
        if inline:
            parts = [rich, *(_file_entity(one, inline=True) for one in inline)]
            rich = _multipart("related", parts, boundaries, [("type", "text/html")])
        entity = _multipart("alternative", [entity, rich], boundaries, [])
    if files:
        entity = _multipart("mixed", [entity, *(_file_entity(one, inline=False) for one in files)], boundaries, [])
    return entity


def _normal(text: str) -> str:
    return _LINE_END.sub("\n", text).replace("\x00", "")


def _text_entity(subtype: str, text: str, parameters: list[tuple[str, str]]) -> _Entity:
    """UTF-8 text, 7bit where it can be, else the shorter of quoted-printable and base64."""
    data = text.encode("utf-8", "replace")
    if not data.endswith(b"\n"):
        data += b"\n"
    longest = max(map(len, data.split(b"\n")))
    if data.isascii() and longest <= HARD_LIMIT:
        encoding, body = "7bit", data.replace(b"\n", b"\r\n")
    else:
        encoding, body = "quoted-printable", _quoted_printable(data)
        if len(body) > len(data) * 3 // 2:
            encoding, body = "base64", _base64(data.replace(b"\n", b"\r\n"))
    header = fold_value("Content-Type", f"text/{subtype}", [("charset", "utf-8"), *parameters])
    return _Entity(header + f"Content-Transfer-Encoding: {encoding}\r\n".encode(), body)


def _quoted_printable(data: bytes) -> bytes:
    """RFC 2045 §6.7. CRLF first, so that binascii writes its soft breaks as CRLF too."""
    return binascii.b2a_qp(data.replace(b"\n", b"\r\n"), istext=True)


def _base64(data: bytes) -> bytes:
    """Lines of 76 characters (RFC 2045 §6.8)."""
    view = memoryview(data)
    lines = (binascii.b2a_base64(view[at : at + 57], newline=False) for at in range(0, len(data), 57))
    return b"\r\n".join(lines) + b"\r\n"


def _file_entity(attachment: OutgoingAttachment, *, inline: bool) -> _Entity:
    media_type = attachment.content_type.partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith("multipart/"):
        media_type = "application/octet-stream"
    encoding, body = "base64", b""
    if media_type.startswith("message/"):
        encoding, body = _message_body(attachment.data)
        if encoding == "base64":
            # RFC 2046 §5.2.1: a message may not be encoded; one that cannot stand as it is goes as a plain file.
            media_type = "application/octet-stream"
    if encoding == "base64":
        body = _base64(attachment.data)
    name = [("filename", attachment.name)] if attachment.name else []
    header = fold_value("Content-Type", media_type)
    header += f"Content-Transfer-Encoding: {encoding}\r\n".encode()
    header += fold_value("Content-Disposition", "inline" if inline else "attachment", name)
    if attachment.content_id:
        header += fold_ids("Content-ID", [_checked_id(attachment.content_id, "Content-ID")])
    return _Entity(header, body)


def _message_body(data: bytes) -> tuple[str, bytes]:
    lines = _RAW_LINE_END.split(data)
    if b"\0" in data or max(map(len, lines)) > HARD_LIMIT:
        return "base64", b""
    body = b"\r\n".join(lines)
    return ("7bit" if data.isascii() else "8bit"), body if body.endswith(b"\r\n") else body + b"\r\n"


def _multipart(
    subtype: str, parts: list[_Entity], boundaries: Iterator[str], parameters: list[tuple[str, str]]
) -> _Entity:
    boundary = next(one for one in boundaries if not any(one.encode() in part.body for part in parts))
    marker = f"--{boundary}".encode()
    pieces = [marker + b"\r\n" + part.header + b"\r\n" + part.body for part in parts]
    body = b"".join((*pieces, marker + b"--\r\n"))
    eight_bit = any(b"\r\nContent-Transfer-Encoding: 8bit\r\n" in part.header for part in parts)
    header = fold_value("Content-Type", f"multipart/{subtype}", [*parameters, ("boundary", boundary)])
    # RFC 2045 §6.4: a multipart names 8bit when something in it is.
    return _Entity(header + (b"Content-Transfer-Encoding: 8bit\r\n" if eight_bit else b""), body)


def _boundaries(seed: str) -> Iterator[str]:
    """Candidates that neither base64 nor quoted-printable can contain ("=_", RFC 2045 §6.7)."""
    number = 0
    while True:
        digest = hashlib.sha256(f"{number} {seed}".encode("utf-8", "replace")).hexdigest()
        yield f"=_{digest[:28]}"
        number += 1
