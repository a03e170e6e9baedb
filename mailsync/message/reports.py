"""A bounce, a delay or a read receipt in, whom it is about and what happened out. Pure, lenient.

Delivery reports are RFC 3464, their status codes RFC 3463, read receipts RFC 8098; both are multipart/report
(RFC 6522). Exim's and qmail's older bounces are plain text with the original below, and are read too.
Anyone can write a report: it is worth something only where its Message-ID is that of a message we sent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mailsync.message.bodies import decode_part, decode_text
from mailsync.message.facts import ParsedMessage, Part
from mailsync.message.headers import Fields, first, split_header, structured, unstructured
from mailsync.message.references import parse_message_id, parse_message_ids
from mailsync.message.transfer import Read

Reason = Literal[
    "unknown_address", "unknown_domain", "disabled", "full", "too_big", "spam", "refused", "sender_refused",
    "unreachable", "expired", "loop", "other", "",
]  # fmt: skip
Action = Literal["failed", "delayed", "delivered", "relayed", "expanded", "displayed", "deleted"]

_MAX_REPORT_BYTES = 256 * 1024
_MAX_RECIPIENTS = 500
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPT_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_HEADER_TYPES = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID_LINE = re.compile(r"^[> ]*message-id:\s*(<[^<>\s]{1,500}>)", re.I | re.M)
# qmail: "<ann@example.org>:" on a line of its own, the reason below it.
_QMAIL = re.compile(r"^<([^<>\s]{3,320}@[^<>\s]{1,255})>:\s*$\n((?:.+\n?){0,10})", re.M)
#: RFC 3461 §4: octets of xtext that stand for others.
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_ACTIONS: dict[str, Action] = {
    name: name for name in ("failed", "delayed", "delivered", "relayed", "expanded", "displayed", "deleted")
}

#: RFC 3463 §3: subject and detail of the status → the reason in one word.
_REASONS: dict[str, Reason] = {
    "1.1": "unknown_address",
    "1.2": "unknown_domain",
    "1.3": "unknown_address",
    "1.6": "unknown_address",
    "1.10": "unknown_address",
    "1.7": "sender_refused",
    "1.8": "sender_refused",
    "2.1": "disabled",
    "2.2": "full",
    "2.3": "too_big",
    "3.1": "full",
    "3.4": "too_big",
    "4.1": "unreachable",
    "4.3": "unreachable",
    "4.4": "unknown_domain",
    "4.6": "loop",
    "4.7": "expired",
    "7.1": "refused",
    "7.20": "refused",
    "7.23": "sender_refused",
    "7.26": "sender_refused",
    "7.60": "sender_refused",
}
#: What servers write where their codes say too little (5.0.0, 5.7.1). The first that fits.
_WORDS: tuple[tuple[str, Reason], ...] = (
    ("spam|junk|blocked using|blacklist|blocklist|reputation|unsolicited|dnsbl", "spam"),
    ("quota|mailbox (?:is )?full|over ?limit|storage", "full"),
    ("user (?:is )?unknown|unknown user|no such (?:user|recipient|mailbox)|mailbox unavailable", "unknown_address"),
    ("does ?n.t exist|does not exist|invalid (?:recipient|mailbox)|address unknown", "unknown_address"),
    ("recipient (?:address )?rejected: (?:undeliv|user)", "unknown_address"),
    ("host (?:or domain name )?not found|no such domain|nxdomain", "unknown_domain"),
    ("too (?:large|big)|size (?:limit|exceed)", "too_big"),
    (r"dmarc|\bspf\b|dkim|sender (?:address )?(?:rejected|verif)", "sender_refused"),
    ("timed? ?out|connection refused|unreachable|could not connect", "unreachable"),
    ("disabled|inactive|suspended", "disabled"),
)


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """What became of the message for one address. ``status`` is as in "5.1.1", "" where none was given;
    ``reason`` one stable word to be put into the reader's language; ``diagnostic`` the server's own line."""

    address: str
    action: Action
    status: str = ""
    reason: Reason = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report about one message of ours: ``original_message_id`` without brackets, "" where it is not told."""

    kind: Literal["delivery", "receipt"]
    original_message_id: str
    recipients: tuple[ReportedRecipient, ...]


def read_report(message: ParsedMessage, read: Read) -> Report | None:
    """The report that a message is, None for every other message. ``read`` gives its raw bytes."""
    parts = list(message.root.walk())
    status = next((part for part in parts if part.content_type in _STATUS_TYPES), None)
    receipt = next((part for part in parts if part.content_type in _RECEIPT_TYPES), None)
    if status is not None:
        blocks = _blocks(status, read)
        recipients = tuple(_recipients(blocks))[:_MAX_RECIPIENTS]
        original = _original_id(parts, message, read, _envelope_id(blocks))
        return Report("delivery", original, recipients) if recipients else None
    if receipt is not None:
        return _receipt(_blocks(receipt, read), parts, message, read)
    failed = message.header.facts.get("failed_recipients", ())
    found = tuple(ReportedRecipient(one, "failed", *_judge("", message.text[:4000])) for one in failed)
    found = found or tuple(_qmail(message))
    return Report("delivery", _original_id(parts, message, read), found) if found else None


def _blocks(part: Part, read: Read) -> list[Fields]:
    """RFC 3464 §2.1: groups of header-like fields with empty lines between them."""
    data = decode_part(part, read)[:_MAX_REPORT_BYTES]
    blocks = (block + b"\r\n\r\n" for block in _BLANK.split(data) if block.strip())
    return [split_header(block, 0, len(block))[0] for block in blocks]


def _recipients(blocks: list[Fields]) -> Iterator[ReportedRecipient]:
    for fields in blocks:
        address = _typed(fields, b"original-recipient") or _typed(fields, b"final-recipient")
        action = _ACTIONS.get(structured(first(fields, b"action")).partition(" ")[0].strip(";,.").lower())
        if not address or action is None:
            continue
        diagnostic = unstructured(first(fields, b"diagnostic-code"))[:1000]
        kind, separator, line = diagnostic.partition(";")
        diagnostic = line.strip() if separator and len(kind) < 30 else diagnostic
        status, reason, diagnostic = _judge(structured(first(fields, b"status")), diagnostic)
        yield ReportedRecipient(address, action, status, reason if action in ("failed", "delayed") else "", diagnostic)


def _envelope_id(blocks: list[Fields]) -> str:
    """RFC 3464 §2.2.1: what we gave as ENVID, which is our Message-ID; others' are something else and match nothing."""
    value = structured(first(blocks[0], b"original-envelope-id")) if blocks else ""
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), value) if "@" in value else ""


def _typed(fields: Fields, name: bytes) -> str:
    """``rfc822; ann@example.org`` → the address; RFC 6533 writes ``utf-8;``."""
    value = structured(first(fields, name))
    return value.rpartition(";")[2].strip().strip("<>")[:320]


def _judge(status: str, diagnostic: str) -> tuple[str, Reason, str]:
    """(status, reason, diagnostic): from the status, and where that says too little, from the words."""
    found = _STATUS.search(status) or _STATUS.search(diagnostic)
    code = found.group() if found else ""
    subject = f"{found.group(2)}.{found.group(3)}" if found else ""
    reason = _REASONS.get(subject, "")
    if reason in ("", "refused", "disabled"):
        by_words = next((meant for words, meant in _WORDS if re.search(words, diagnostic, re.I)), None)
        reason = by_words or reason or "other"
    return code, reason, " ".join(diagnostic.split())[:500]


def reason_of(status: str, diagnostic: str) -> Reason:
    """Why a server refused a recipient, in one word, from the status of its reply and its own line.

    >>> reason_of("5.1.1", "Recipient address rejected: User unknown in virtual mailbox table")
    'unknown_address'
    """
    return _judge(status, diagnostic)[1]


def _receipt(blocks: list[Fields], parts: list[Part], message: ParsedMessage, read: Read) -> Report | None:
    for fields in blocks:
        disposition = structured(first(fields, b"disposition")).rpartition(";")[2].strip().lower()
        action = _ACTIONS.get(disposition.partition("/")[0])
        if action in ("displayed", "deleted"):
            original = parse_message_id(structured(first(fields, b"original-message-id")))
            address = _typed(fields, b"original-recipient") or _typed(fields, b"final-recipient")
            recipient = ReportedRecipient(address or message.header.sender.address, action)
            return Report("receipt", original or _original_id(parts, message, read), (recipient,))
    return None


def _original_id(parts: list[Part], message: ParsedMessage, read: Read, envelope_id: str = "") -> str:
    """From the returned message or its header, else the envelope's, else from the text or what the report answers."""
    for part in parts:
        nested = part.content_type == "message/rfc822" or part.content_type in _HEADER_TYPES
        if nested and part.encoding in ("7bit", "8bit", "binary", "quoted-printable", "base64"):
            data = decode_part(part, read)[:_MAX_REPORT_BYTES].lstrip(b"\r\n")
            fields = split_header(data, 0, len(data))[0]
            found = parse_message_id(structured(first(fields, b"message-id")))
            if found:
                return found
    if envelope_id:
        return envelope_id
    plain = next((part for part in parts if part.content_type == "text/plain" and not part.synthetic), None)
    text = decode_text(plain, read, max_bytes=_MAX_REPORT_BYTES) if plain is not None else message.text
    line = _ID_LINE.search(text)
    ids = parse_message_ids(line.group(1)) if line else ()
    return ids[0] if ids else message.header.in_reply_to


def _qmail(message: ParsedMessage) -> Iterator[ReportedRecipient]:
    """Only of a sender that is nobody: a person may quote such lines too."""
    if message.header.facts.get("return_path", "x") and not _is_daemon(message.header.sender.address):
        return
    if "\nHi. This is the " not in f"\n{message.text[:500]}":
        return
    for address, words in _QMAIL.findall(message.text[:_MAX_REPORT_BYTES]):
        status, reason, diagnostic = _judge("", words)
        yield ReportedRecipient(address, "failed", status, reason, diagnostic)


def _is_daemon(address: str) -> bool:
    return address.partition("@")[0].lower() in ("mailer-daemon", "postmaster")
