"""MIME parts, written: text, files, forwarded messages and the multiparts around them. Pure, deterministic.

An entity is its own header fields and an encoded body that ends in CRLF; ``compose`` and ``receipts`` put a
message's header on top of one.
"""

import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsync.message.facts import OutgoingAttachment
from mailsync.message.folding import HARD_LIMIT, fold_ids, fold_text, fold_value, refuse_controls
from mailsync.message.parameters import parse_value

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_ID = re.compile(r"[!-;=?-~]{1,900}")
_LINE_END = re.compile(r"\r\n|\r|\n")
_RAW_LINE_END = re.compile(rb"\r\n|\r|\n")
#: A line that looks like the envelope of a message in a mailbox file (RFC 4155), which some servers quote.
_ENVELOPE = re.compile(rb"^From ", re.MULTILINE)
_FRAGILE = re.compile(_ENVELOPE.pattern + rb"|[ \t]\r?$", re.MULTILINE)
#: Parameters of a file's type that mean something to its reader.
_KEPT_PARAMETERS = ("charset", "method", "component")


@dataclass(frozen=True, slots=True)
class Entity:
    """A MIME part to be written: its own header fields and its encoded body, which ends in CRLF."""

    header: bytes
    body: bytes


def text_entity(subtype: str, text: str, parameters: list[tuple[str, str]], *, is_signed: bool = False) -> Entity:
    """UTF-8 text, 7bit where it can be, else the shorter of quoted-printable and base64.

    ``is_signed``: nor is there a line that a server on the way may change: with spaces at its end, or one that begins
    as the envelope of a message in a mailbox file does (RFC 8551 §3.1.3, RFC 4155).
    """
    data = text.encode("utf-8", "replace")
    if not data.endswith(b"\n"):
        data += b"\n"
    longest = max(map(len, data.split(b"\n")))
    if data.isascii() and longest <= HARD_LIMIT and not (is_signed and _FRAGILE.search(data)):
        encoding, body = "7bit", data.replace(b"\n", b"\r\n")
    else:
        encoding, body = "quoted-printable", _quoted_printable(data)
        if len(body) > len(data) * 3 // 2 or (is_signed and _ENVELOPE.search(body)):
            encoding, body = "base64", _base64(data.replace(b"\n", b"\r\n"))
    header = fold_value("Content-Type", f"text/{subtype}", [("charset", "utf-8"), *parameters])
    return Entity(header + f"Content-Transfer-Encoding: {encoding}\r\n".encode(), body)


def field_entity(media_type: str, fields: list[tuple[str, str]]) -> Entity:
    """A machine's part that is a list of fields (RFC 8098 §3, RFC 3464 §2)."""
    body = b"".join(fold_text(name, refuse_controls(value, name)) for name, value in fields if value)
    return Entity(fold_value("Content-Type", media_type) + b"Content-Transfer-Encoding: 7bit\r\n", body + b"\r\n")


def _quoted_printable(data: bytes) -> bytes:
    """RFC 2045 §6.7. CRLF first, so that binascii writes its soft breaks as CRLF too."""
    return binascii.b2a_qp(data.replace(b"\n", b"\r\n"), istext=True)


def _base64(data: bytes) -> bytes:
    """Lines of 76 characters (RFC 2045 §6.8)."""
    view = memoryview(data)
    lines = (binascii.b2a_base64(view[at : at + 57], newline=False) for at in range(0, len(data), 57))
    return b"\r\n".join(lines) + b"\r\n"


def data_entity(media_type: str, name: str, data: bytes, parameters: Sequence[tuple[str, str]] = ()) -> Entity:
    """A machine's part of bytes that some programs show as a file."""
    header = fold_value("Content-Type", media_type, [*parameters, ("name", name)])
    header += b"Content-Transfer-Encoding: base64\r\n"
    return Entity(header + fold_value("Content-Disposition", "attachment", [("filename", name)]), _base64(data))


def file_entity(attachment: OutgoingAttachment, *, inline: bool, is_signed: bool = False) -> Entity:
    """A file in base64; a forwarded message as it is, unless it is signed and a server on the way may change it. A type
    that cannot be written becomes plain bytes."""
    media_type, given = parse_value(attachment.content_type)
    parameters = [(name, given[name]) for name in _KEPT_PARAMETERS if given.get(name)]
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith("multipart/"):
        media_type, parameters = "application/octet-stream", []
    encoding, body = "base64", b""
    if media_type.startswith("message/"):
        encoding, body = _message_body(attachment.data)
        if is_signed and (encoding == "8bit" or _FRAGILE.search(body)):
            encoding = "base64"
        if encoding == "base64":
            # RFC 2046 §5.2.1: a message may not be encoded; one that cannot stand as it is goes as a plain file.
            media_type, parameters = "application/octet-stream", []
    if encoding == "base64":
        body = _base64(attachment.data)
    name = [("filename", attachment.name)] if attachment.name else []
    header = fold_value("Content-Type", media_type, parameters)
    header += f"Content-Transfer-Encoding: {encoding}\r\n".encode()
    header += fold_value("Content-Disposition", "inline" if inline else "attachment", name)
    if attachment.content_id:
        header += fold_ids("Content-ID", [checked_id(attachment.content_id, "Content-ID")])
    return Entity(header, body)


def _message_body(data: bytes) -> tuple[str, bytes]:
    lines = _RAW_LINE_END.split(data)
    if b"\0" in data or max(map(len, lines)) > HARD_LIMIT:
        return "base64", b""
    body = b"\r\n".join(lines)
    return ("7bit" if data.isascii() else "8bit"), body if body.endswith(b"\r\n") else body + b"\r\n"


def write_multipart(
    subtype: str, parts: list[Entity], boundaries: Iterator[str], parameters: list[tuple[str, str]]
) -> Entity:
    """``boundaries`` gives candidates (``boundaries_of``); the first that no part contains is taken."""
    boundary = next(one for one in boundaries if not any(one.encode() in part.body for part in parts))
    marker = f"--{boundary}".encode()
    pieces = [marker + b"\r\n" + part.header + b"\r\n" + part.body for part in parts]
    body = b"".join((*pieces, marker + b"--\r\n"))
    eight_bit = any(b"\r\nContent-Transfer-Encoding: 8bit\r\n" in part.header for part in parts)
    header = fold_value("Content-Type", f"multipart/{subtype}", [*parameters, ("boundary", boundary)])
    # RFC 2045 §6.4: a multipart names 8bit when something in it is.
    return Entity(header + (b"Content-Transfer-Encoding: 8bit\r\n" if eight_bit else b""), body)


def boundaries_of(seed: str) -> Iterator[str]:
    """Candidates that neither base64 nor quoted-printable can contain ("=_", RFC 2045 §6.7)."""
    number = 0
    while True:
        digest = hashlib.sha256(f"{number} {seed}".encode("utf-8", "replace")).hexdigest()
        yield f"=_{digest[:28]}"
        number += 1


def normal_text(text: str) -> str:
    """Line ends as LF; NUL, which no message may hold (RFC 5322 §4), is dropped."""
    return _LINE_END.sub("\n", text).replace("\x00", "")


def checked_id(message_id: str, what: str) -> str:
    """A Message-ID or Content-ID without brackets. Raises ``ValueError`` when it cannot be written."""
    bare = refuse_controls(message_id, what).strip().removeprefix("<").removesuffix(">")
    if not _ID.fullmatch(bare):
        raise ValueError(f"“{message_id[:100]}” cannot be used as a {what}.")
    return bare


def is_writable_id(message_id: str) -> bool:
    """Ids of received mail may be anything: one that cannot be written is left out, a line break is refused."""
    return _ID.fullmatch(refuse_controls(message_id, "reference to another message")) is not None
