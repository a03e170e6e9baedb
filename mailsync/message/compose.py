"""A Composition in, the bytes that are sent out. Pure: no clock, no randomness, so a rebuild gives the same bytes; but
for a signature, which tells when it was made, and for what is encrypted.

text/plain (format=flowed) with an HTML alternative, cid parts beside the HTML, files around them:
``mixed(alternative(text, related(html, pictures…)), files…)``, each level only where it is needed.
CRLF everywhere, no bare CR or LF, no line over 998 octets (RFC 5322 §2.1.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from cryptography import x509

from mailsync.message.addresses import comparable
from mailsync.message.encrypted import encrypted_entity
from mailsync.message.entities import (
    Entity,
    boundaries_of,
    checked_id,
    file_entity,
    is_writable_id,
    normal_text,
    text_entity,
    write_multipart,
)
from mailsync.message.facts import Composition
from mailsync.message.flowed import flow
from mailsync.message.folding import (
    check_address,
    fold,
    fold_addresses,
    fold_ids,
    fold_text,
    refuse_controls,
)
from mailsync.message.html_text import html_to_text
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.references import MAX_REFERENCES
from mailsync.message.signed import signed_entity
from mailsync.types import Address


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


def build_message(
    composition: Composition, own: OwnKey | None = None, readers: Sequence[x509.Certificate] = ()
) -> BuiltMessage:
    """The finished message, signed where its writer's key is given, then encrypted where there are ``readers``. Raises
    ``ValueError``, in words for the person who wrote it, for what cannot be sent: a control character in a header, an
    address that is none, a domain that does not exist as A-labels."""
    content = _content(composition, is_signed=own is not None)
    if own is not None:
        content = signed_entity(content, own, boundaries_of(composition.message_id))
    if readers:
        content = encrypted_entity(content, readers)
    return put_together(composition, content)


def dated_anew(raw: bytes, date: datetime) -> bytes:
    """A message of ours that leaves at another time than it was built for: the same bytes under another Date."""
    first, end, rest = raw.partition(b"\r\n")
    assert first.startswith(b"Date: ")  # it was built here
    return _date_field(date).removesuffix(b"\r\n") + end + rest


def put_together(composition: Composition, content: Entity) -> BuiltMessage:
    """The composition's header on top of any content; ``build_message`` for what is not a letter."""
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
    message_id = checked_id(composition.message_id, "Message-ID")
    lines = [
        _date_field(composition.date),
        fold_addresses("From", [composition.sender]),
    ]
    for name, addresses in (("Reply-To", composition.reply_to), ("To", composition.to), ("Cc", composition.cc)):
        if addresses:
            lines.append(fold_addresses(name, addresses))
    lines.append(fold_text("Subject", refuse_controls(composition.subject, "subject")))
    lines.append(fold_ids("Message-ID", [message_id]))
    parent = [one for one in (composition.in_reply_to,) if is_writable_id(one)]
    line = [one for one in composition.references if is_writable_id(one)]
    if len(line) > MAX_REFERENCES:
        line = [line[0], *line[-(MAX_REFERENCES - 1) :]]
    if parent:
        lines.append(fold_ids("In-Reply-To", parent))
    if line:
        lines.append(fold_ids("References", line))
    if composition.request_receipt:
        # RFC 8098 §2.1
        lines.append(fold_addresses("Disposition-Notification-To", [Address("", composition.sender.address)]))
    if composition.auto_submitted:
        lines.append(fold_text("Auto-Submitted", refuse_controls(composition.auto_submitted, "Auto-Submitted header")))
        # Exchange goes by this ([MS-OXCMAIL] §2.1.3.2.10): nothing answers what nobody wrote.
        lines.append(fold("X-Auto-Response-Suppress", ["OOF,", "AutoReply"]))
    if composition.forwarded:
        lines.append(fold("X-Heron-Forwarded", ["yes"]))
    return b"".join(lines)


def _date_field(date: datetime) -> bytes:
    if date.tzinfo is None:
        raise ValueError("The date of a message needs a time zone.")
    return fold("Date", [format_datetime(date)])


def _method(composition: Composition) -> list[tuple[str, str]]:
    """RFC 6047 §2.4: the parameter says what the METHOD inside says."""
    return [("method", composition.calendar_method.upper())] if composition.calendar_method else []


def _content(composition: Composition, *, is_signed: bool) -> Entity:
    boundaries = boundaries_of(composition.message_id)
    html = composition.html
    inline = [one for one in composition.attachments if one.content_id and html is not None]
    files = [one for one in composition.attachments if not (one.content_id and html is not None)]
    text = composition.text or (html_to_text(html, links=True) if html is not None else "")
    forms = [text_entity("plain", flow(normal_text(text)), [("format", "flowed")], is_signed=is_signed)]
    if html is not None:
        rich = text_entity("html", normal_text(html), [], is_signed=is_signed)
        if inline:
            parts = [rich, *(file_entity(one, inline=True, is_signed=is_signed) for one in inline)]
            rich = write_multipart("related", parts, boundaries, [("type", "text/html")])
        forms.append(rich)
    if composition.calendar:
        # Its last line ends in CRLF (RFC 5545 §3.1); the one before a boundary is the boundary's, so there are two.
        calendar = normal_text(composition.calendar).rstrip("\n") + "\n\n"
        forms.append(text_entity("calendar", calendar, _method(composition), is_signed=is_signed))
    entity = write_multipart("alternative", forms, boundaries, []) if len(forms) > 1 else forms[0]
    if files:
        attached = [file_entity(one, inline=False, is_signed=is_signed) for one in files]
        entity = write_multipart("mixed", [entity, *attached], boundaries, [])
    return entity
