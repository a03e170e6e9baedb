"""Raw bytes of a message in, its facts out: header, part tree, text, preview, attachments. Pure.

Nothing here raises on any input: what is broken is empty and named in ``defects``, a tuple of stable codes
(``boundary_missing``, ``charset_wrong``, ``date_missing`` …). No attachment is decoded, and of a text body at
most 512 kB; so the cost follows the text, not the size of the message.
"""

from dataclasses import replace
from datetime import datetime

from mailsync.message.addresses import read_addresses
from mailsync.message.bodies import (
    MAX_TEXT_BYTES,
    Bodies,
    attachments,
    choose_bodies,
    decode_text,
    is_rich,
    mark_inline,
    reader,
)
from mailsync.message.dates import parse_date
from mailsync.message.facts import PARSER_VERSION, ParsedHeader, ParsedMessage, Part
from mailsync.message.header_facts import read_facts
from mailsync.message.headers import Fields, every, first, split_header, structured, unstructured
from mailsync.message.html_text import html_to_text
from mailsync.message.language import guess_language
from mailsync.message.parameters import parse_value
from mailsync.message.preview import make_preview
from mailsync.message.quotes import own_words
from mailsync.message.references import parse_message_id, parse_message_ids
from mailsync.message.structure import read_structure
from mailsync.message.subject import base_subject
from mailsync.message.transfer import Read
from mailsync.message.unpack import with_unpacked
from mailsync.types import Address

__all__ = ["PARSER_VERSION", "parse_header", "parse_message"]

_MAX_SUBJECT = 2000
_MAX_TEXT_CHARS = 512 * 1024
_MAX_RECIPIENTS = 10_000
#: A plain part shorter than this beside an HTML part is most likely "your client cannot show HTML".
_TOKEN_TEXT_CHARS = 100


def parse_header(data: bytes) -> ParsedHeader:
    """The facts of a header block, as BODY.PEEK[HEADER] or TOP n 0 give it; a body behind it is not looked at."""
    data = _with_line_feeds(data)
    fields, _, defects = split_header(data, 0, len(data))
    return _header(fields, _declared_charset(fields), defects)


def parse_message(data: bytes) -> ParsedMessage:
    """All facts of a whole message. Offsets in its parts are into ``data`` as it was given."""
    raw = _with_line_feeds(data)
    root, fields, walk = read_structure(raw)
    root = with_unpacked(root, raw, walk.note)
    header = _header(fields, walk.charset, ())
    if raw is not data:
        walk.note("bare_cr")
    chosen = choose_bodies(root)
    read = reader(raw)
    html = _text_of(chosen.html, read, walk.charset)
    text = _plain_text(chosen, html, read, walk.charset)
    own = own_words(text)
    further = [_text_of(part, read, walk.charset) for part in chosen.more if is_rich(part)]
    root = mark_inline(root, html + "".join(further))
    if any(part.children and part.content_type.startswith("message/") for part in root.walk()):
        root = _mark_attached(root, read, walk.charset)
    return ParsedMessage(
        header=header,
        root=root,
        text=text,
        own_text=own,
        preview=make_preview(own, text),
        attachments=attachments(root),
        language=guess_language(own or text),
        defects=tuple(dict.fromkeys((*header.defects, *walk.defects))),
    )


def _with_line_feeds(data: bytes) -> bytes:
    """The same bytes at the same offsets, with LF for CR where there is no LF at all (old Macintosh mail)."""
    if b"\n" not in data and b"\r" in data:
        return data.replace(b"\r", b"\n")
    return data


def _declared_charset(fields: Fields) -> str:
    value = first(fields, b"content-type")
    return parse_value(structured(value))[1].get("charset", "") if value else ""


def _text_of(part: Part | None, read: Read, charset: str) -> str:
    return decode_text(part, read, max_bytes=MAX_TEXT_BYTES, charset=charset) if part is not None else ""


def _plain_text(chosen: Bodies, html: str, read: Read, charset: str) -> str:
    """The words of the message: its plain part, or its HTML as text where that says more; then what stands below."""
    text = _text_of(chosen.text, read, charset)
    if html and len(text.strip()) < _TOKEN_TEXT_CHARS:
        from_html = html_to_text(html)
        text = from_html if len(from_html) > len(text.strip()) else text
    pieces = [text.strip("\n")]
    room = MAX_TEXT_BYTES - len(text)
    for part in chosen.more:
        if room <= 0:
            break
        more = decode_text(part, read, max_bytes=room, charset=charset)
        more = html_to_text(more) if is_rich(part) else more
        room -= len(more)
        pieces.append(more.strip("\n"))
    return "\n\n".join(piece for piece in pieces if piece)[:_MAX_TEXT_CHARS]


def _mark_attached(part: Part, read: Read, charset: str) -> Part:
    """Messages attached to it, too, tell their pictures from their files; each knows its own alone."""
    if not part.children:
        return part
    if part.content_type.startswith("message/"):
        chosen = choose_bodies(part.children[0])
        html = [_text_of(one, read, charset) for one in (chosen.html, *chosen.more) if one is not None]
        part = replace(part, children=(mark_inline(part.children[0], "".join(html)),))
    return replace(part, children=tuple(_mark_attached(child, read, charset) for child in part.children))


def _header(fields: Fields, charset: str, found: tuple[str, ...] | list[str]) -> ParsedHeader:
    defects = dict.fromkeys(found)
    sender = _addresses(fields, b"from", charset, defects) or _addresses(fields, b"sender", charset, defects)
    if not sender:
        defects["from_missing"] = None
    subject = unstructured(first(fields, b"subject"), charset)[:_MAX_SUBJECT]
    for name in (b"from", b"subject", b"date", b"message-id", b"content-type"):
        # RFC 5322 §3.6: at most once. Seen in practice: a gateway that adds its own above.
        if len(fields.get(name, ())) > 1:
            defects[f"repeated_{name.decode().replace('-', '_')}"] = None
    message_id = parse_message_id(structured(first(fields, b"message-id", b"x-message-id")))
    if not message_id:
        defects["message_id_missing"] = None
    in_reply_to = parse_message_ids(structured(first(fields, b"in-reply-to")))
    references = parse_message_ids(" ".join(structured(value) for value in every(fields, b"references")))
    content_type = first(fields, b"content-type")
    return ParsedHeader(
        message_id=message_id,
        in_reply_to=in_reply_to[0] if in_reply_to else "",
        references=references,
        subject=subject,
        base_subject=base_subject(subject),
        sender=sender[0] if sender else Address("", ""),
        to=_addresses(fields, b"to", charset, defects),
        cc=_addresses(fields, b"cc", charset, defects),
        bcc=_addresses(fields, b"bcc", charset, defects),
        reply_to=_addresses(fields, b"reply-to", charset, defects),
        sent_at=_date(fields, defects),
        content_type=parse_value(structured(content_type))[0] if content_type else "text/plain",
        facts=read_facts(fields, charset),
        defects=tuple(defects),
    )


def _addresses(fields: Fields, name: bytes, charset: str, defects: dict[str, None]) -> tuple[Address, ...]:
    values = every(fields, name)
    if not values:
        return ()
    # Seen in practice: several To fields; they are read as one list.
    addresses, sound = read_addresses(", ".join(structured(value, charset) for value in values if value.strip()))
    if not sound:
        defects[f"address_broken_{name.decode().replace('-', '_')}"] = None
    return addresses[:_MAX_RECIPIENTS]


def _date(fields: Fields, defects: dict[str, None]) -> datetime | None:
    value = first(fields, b"date")
    if not value:
        defects["date_missing"] = None
        return None
    date = parse_date(structured(value))
    if date is None:
        defects["date_broken"] = None
    return date
