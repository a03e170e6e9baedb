"""Which parts are the body, which are attachments, and their bytes and text. Pure.

RFC 2046 §5.1.4 (alternative: the last understood wins), RFC 2387 (related), RFC 1847 (signed), RFC 3462 (report).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import unquote

from mailsync.message.charsets import decode_bytes
from mailsync.message.enriched import ENRICHED, RICHTEXT, enriched_to_html
from mailsync.message.facts import Part
from mailsync.message.flowed import unflow
from mailsync.message.transfer import Read, decode_stream, decode_transfer
from mailsync.message.unpack import unpack_one
from mailsync.message.uuencode import cut_uuencode

MAX_TEXT_BYTES = 512 * 1024
_NEVER_BODIES = frozenset({"text/x-amp-html", "text/watch-html", "text/vcard", "text/x-vcard", "text/directory"})
#: What is shown as HTML; the text of each comes as such (``decode_text``).
_RICH = frozenset({"text/html", ENRICHED, RICHTEXT})
_UNDERSTOOD = _RICH | {"text/plain"}
_PLUMBING = frozenset(
    {
        "application/pgp-encrypted", "application/pgp-signature", "application/pkcs7-signature",
        "application/x-pkcs7-signature", "message/delivery-status", "message/disposition-notification",
        "message/feedback-report", "message/global-delivery-status", "message/global-disposition-notification",
        "message/global-headers", "text/rfc822-headers", "text/watch-html", "text/x-amp-html",
    }
)  # fmt: skip
#: The machine's half of a report: shown where there is nothing for people.
_REPORTS = (
    "message/delivery-status", "message/disposition-notification", "message/feedback-report",
    "message/global-delivery-status", "message/global-disposition-notification", "text/rfc822-headers",
)  # fmt: skip
#: What a page may show among the words (seen in practice: pictures without a type of their own). All else that HTML
#: refers to, as SVG, TIFF or a PDF behind a link, is a file.
_PICTURES = frozenset(
    {"image/png", "image/x-png", "image/jpeg", "image/jpg", "image/pjpeg", "image/gif", "image/webp"}
    | {"application/octet-stream"}
)
_META_CHARSET = re.compile(rb"<meta[^<>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_CID = re.compile(r"cid:([^\"'\s)>]{1,500})", re.I)


@dataclass(frozen=True, slots=True)
class Bodies:
    """What is shown as the message. ``related`` are the parts that stand beside the HTML in multipart/related;
    ``more`` are further text parts shown below (Apple Mail's text between pictures, a list's footer);
    ``calendar`` is the text/calendar that stands as an alternative or in the open."""

    html: Part | None = None
    text: Part | None = None
    related: tuple[Part, ...] = ()
    more: tuple[Part, ...] = ()
    calendar: Part | None = None


@dataclass(slots=True)
class _Choice:
    html: Part | None = None
    text: Part | None = None
    calendar: Part | None = None
    related: list[Part] = field(default_factory=list)
    more: list[Part] = field(default_factory=list)


def is_rich(part: Part) -> bool:
    """Whether the text of the part is HTML, or comes as HTML."""
    return part.content_type in _RICH


def reader(raw: bytes) -> Read:
    """A ``read(start, end)`` over bytes in memory."""
    return lambda start, end: raw[start:end]


def choose_bodies(root: Part) -> Bodies:
    """The parts to show. Nested messages are attachments, never the body."""
    choice = _Choice()
    _choose(root, choice, in_alternative=False)
    if choice.html is None and choice.text is None:
        # A message that is nothing but a winmail.dat, or is signed opaquely: its body is inside.
        for part in root.walk():
            if part.synthetic in ("tnef", "smime") and not part.filename:
                choice.html = choice.html or (part if part.content_type == "text/html" else None)
                choice.text = choice.text or (part if part.content_type == "text/plain" else None)
    if choice.html is None and choice.text is None and root.content_type in ("multipart/report", *_REPORTS):
        # Seen in practice: a report that says nothing to people, or is all there is.
        machine = [part for part in root.children or (root,) if part.content_type in _REPORTS]
        choice.text, choice.more = next(iter(machine), None), machine[1:]
    return Bodies(choice.html, choice.text, tuple(choice.related), tuple(choice.more), choice.calendar)


def _choose(part: Part, choice: _Choice, *, in_alternative: bool) -> None:
    kind = part.content_type
    if part.is_multipart:
        children = part.children
        if kind == "multipart/alternative":
            _choose_alternative(children, choice)
        elif kind == "multipart/related":
            _choose_related(part, choice, in_alternative=in_alternative)
        elif kind == "multipart/signed":
            # RFC 1847 §2.1: the first part is what was signed, the second the signature.
            _choose(children[0], choice, in_alternative=in_alternative)
            for child in children[2:]:
                _choose(child, choice, in_alternative=in_alternative)
        elif kind == "multipart/encrypted":
            return
        elif kind == "multipart/report":
            # RFC 6522 §3: the first part is for people. Seen in practice: what was returned as plain text.
            _choose(children[0], choice, in_alternative=in_alternative)
            for child in children[1:]:
                if child.content_type == "text/plain":
                    _choose(child, choice, in_alternative=False)
        elif kind != "multipart/digest":
            for child in children:
                _choose(child, choice, in_alternative=False)
        return
    named = part.filename and not part.disposition and not _is_named_body(part, choice)
    if kind == "text/calendar":
        choice.calendar = choice.calendar or part
    elif part.disposition == "attachment" or named or kind in _NEVER_BODIES:
        return
    elif kind in _RICH:
        if choice.html is None and (choice.text is None or in_alternative):
            choice.html = part
        else:
            choice.more.append(part)
    elif kind == "text/plain" or (kind.startswith("text/") and _is_named_body(part, choice)):
        # RFC 2046 §4.1.4: text of an unknown subtype is read as plain text, where there is no other.
        if choice.text is None and (choice.html is None or in_alternative):
            choice.text = part
        elif not in_alternative:
            choice.more.append(part)


def _is_named_body(part: Part, choice: _Choice) -> bool:
    """Seen in practice: a body that carries a file name without being an attachment ("message.html")."""
    known = part.content_type in _UNDERSTOOD or not part.filename
    return known and choice.html is None and choice.text is None


def _choose_alternative(children: tuple[Part, ...], choice: _Choice) -> None:
    """Each kind once: the last HTML and the last plain text. Seen in practice: HTML before text. HTML goes before
    enriched text, wherever each stands."""
    inner = _Choice()
    for child in children:
        one = _Choice()
        _choose(child, one, in_alternative=True)
        if one.html is not None and (inner.html is None or one.html.content_type == "text/html"):
            inner.html, inner.related = one.html, one.related or inner.related
        if one.text is not None:
            inner.text = one.text
        inner.calendar = one.calendar or inner.calendar
        inner.more += one.more
    choice.calendar = choice.calendar or inner.calendar
    if choice.html is None and choice.text is None:
        choice.html, choice.text = inner.html, inner.text
        choice.related += inner.related
        choice.more += inner.more
    else:
        # A second alternative in one message: shown below the first, the richer form of it.
        best = inner.html or inner.text
        choice.more += [*([best] if best else []), *inner.more]
        choice.related += inner.related


def _choose_related(part: Part, choice: _Choice, *, in_alternative: bool) -> None:
    """RFC 2387 §3.2: the root is named by ``start`` or comes first. Seen in practice: it comes anywhere."""
    start = part.params.get("start", "").strip("<> ")
    root = next((child for child in part.children if start and child.content_id == start), None)
    if root is None or not _holds_text(root):
        root = next((child for child in part.children if _holds_text(child)), part.children[0])
    _choose(root, choice, in_alternative=in_alternative)
    for child in part.children:
        if child is not root:
            # Seen in practice: the plain text of the HTML as a sibling in related, or a nested related.
            if child.is_multipart or (child.content_type in _UNDERSTOOD and not child.content_id):
                _choose(child, choice, in_alternative=in_alternative)
            choice.related += [one for one in child.walk() if not one.is_multipart]


def _holds_text(part: Part) -> bool:
    return any(
        one.content_type in _UNDERSTOOD and one.disposition != "attachment"
        for one in part.walk()
        if not one.content_type.startswith("message/")
    )


def mark_inline(root: Part, html: str) -> Part:
    """The same tree, each part that has a Content-ID told apart: does ``html`` refer to it or not?"""
    if not any(part.content_id for part in root.walk()):
        return root
    return _marked(root, _cids(html))


def _marked(part: Part, used: set[str]) -> Part:
    children = tuple(_marked(child, used) for child in part.children)
    shown = part.content_id.lower() in used if part.content_id else None
    return replace(part, children=children, shown_inline=shown)


def attachments(root: Part) -> tuple[Part, ...]:
    """What the user sees as attachments, in order. What the HTML shows inline is not in the list, and what it does
    not show is, so that nothing is lost. In a tree that was never marked, each part with a Content-ID in
    multipart/related is taken as shown."""
    bodies = choose_bodies(root)
    shown = {id(part) for part in (bodies.html, bodies.text, *bodies.more) if part is not None}
    beside = {id(part) for part in bodies.related}
    return tuple(
        part
        for part in _listed(root)
        if id(part) not in shown and not _is_inline(part, id(part) in beside) and not _is_plumbing(part, bodies)
    )


def _cids(html: str) -> set[str]:
    return {unquote(unescape(found.group(1))).lower() for found in _CID.finditer(html)}


def _listed(part: Part) -> Iterator[Part]:
    """Leaves, but a nested message as one thing, and an unpacked container as what it holds."""
    if part.content_type.startswith("message/") and not any(child.synthetic for child in part.children):
        yield part
    elif part.children:
        if part.content_type == "text/plain":
            yield part
        for child in part.children:
            yield from _listed(child)
    elif not part.is_multipart:
        yield part


def is_picture(part: Part) -> bool:
    """Whether the part can be shown among the words of the message."""
    return part.content_type in _PICTURES


def _is_inline(part: Part, beside: bool) -> bool:
    if not is_picture(part):
        return False
    if part.shown_inline is not None:
        return part.shown_inline
    return beside and bool(part.content_id) and part.disposition != "attachment"


def _is_plumbing(part: Part, bodies: Bodies) -> bool:
    """Signatures, the machine's half of a report, unread alternatives: no attachments in anyone's eyes."""
    nameless = not part.filename and part.disposition != "attachment"
    return part.content_type in _PLUMBING or (
        nameless and (part.content_type in _UNDERSTOOD or part is bodies.calendar)
    )


def decode_part(part: Part, read: Read) -> bytes:
    """The decoded bytes of one part, whole in memory. For big ones use ``stream_part``."""
    data = decode_transfer(read(part.start, part.end), part.encoding)
    if part.synthetic:
        return unpack_one(part.synthetic, data, part.index)
    return data


def stream_part(part: Part, read: Read) -> Iterator[bytes]:
    """The decoded bytes in pieces of at most 256 kB; an unpacked part comes in one piece."""
    if part.synthetic:
        yield decode_part(part, read)
        return
    yield from decode_stream(read, part.start, part.end, part.encoding)


def decode_text(part: Part, read: Read, *, max_bytes: int | None = None, charset: str = "") -> str:
    """The text of a text part with ``\\n`` line ends, its charset found, format=flowed joined; enriched text as HTML.

    ``max_bytes`` caps the encoded bytes that are looked at; ``charset`` is what to try where none is named.
    """
    return join_lines(part, decode_lines(part, read, max_bytes=max_bytes, charset=charset))


def join_lines(part: Part, text: str) -> str:
    """Lines of this part's text, or of a stretch of it, as its format has them read (RFC 3676)."""
    if part.content_type == "text/plain" and part.params.get("format", "").lower() == "flowed":
        return unflow(text, delsp=part.params.get("delsp", "").lower() == "yes")
    return text


def decode_lines(part: Part, read: Read, *, max_bytes: int | None = None, charset: str = "") -> str:
    """As ``decode_text``, with the lines of plain text as they were sent."""
    end = part.end if max_bytes is None else min(part.end, part.start + max_bytes)
    data = decode_transfer(read(part.start, end), part.encoding) if not part.synthetic else decode_part(part, read)
    if part.children and any(child.synthetic == "uuencode" for child in part.children):
        data = cut_uuencode(data)
    label = part.charset or charset
    if part.content_type == "text/html" and not part.charset and not data.isascii():
        meta = _META_CHARSET.search(data[:4096])
        label = meta.group(1).decode("ascii", "replace") if meta else label
    text = decode_bytes(data, label)[0].removeprefix("\ufeff").replace("\x00", "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.content_type in (ENRICHED, RICHTEXT):
        return enriched_to_html(text, richtext=part.content_type == RICHTEXT)
    return text
