"""The words a composition begins with, and the message it quotes. Database room.

In: an identity, a draft and its original. Out: the opening body with the signature and the marker of the
original, and the original as HTML and text that may leave, with the pictures its HTML shows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import escape

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Identity
from mailsync.message import bodies, outgoing_html
from mailsync.message.facts import OutgoingAttachment, ParsedHeader, Part
from mailsync.message.html_text import html_to_text
from mailsync.message.quoted_html import CITED, quoting_text_as_html, with_lines_at_quotes, without_links_in_quotes
from mailsync.message.reply import ReplyPlan, plan_reply
from mailsync.message.signatures import words_as_text
from mailsync.models import Draft, Message
from mailsync.store.opening import message_root, part_reader
from mailsync.store.raw import BodyNotFetched
from mailsync.store.signatures import load_signature
from mailsync.types import Address


@dataclass(frozen=True, slots=True)
class Quote:
    """The original, ready to stand below an answer. ``pictures`` are those that ``html`` shows by ``cid:``."""

    html: str
    text: str
    pictures: tuple[OutgoingAttachment, ...] = ()


def opening_body(
    identity: Identity | None, original: Message | None, *, text: str = "", is_answer: bool | None = None
) -> str:
    """What stands in a new HTML draft: room to write (or ``text``), the signature, the original's marker.

    ``is_answer``: an answer or a forward, also where nothing is quoted; unless said, what has an original.
    """
    signature = load_signature(identity, is_answer=original is not None if is_answer is None else is_answer)
    room = (paragraphs(text) or "<p></p>") + ("<p></p>" if signature.opening or original else "")
    if original is None:
        return room + signature.opening
    marker = outgoing_html.original_marker(original.pk)
    return room + (marker + signature.opening if signature.below else signature.opening + marker)


def paragraphs(text: str) -> str:
    """Typed lines as the editor has them."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())


def load_quote(draft: Draft, *, only: str = "") -> Quote | None:
    """The quoted original of a draft, ``only`` this HTML of it if given; None where there is nothing (any more).

    Of an encrypted original what was opened for this request (``opening.open_original``), else nothing."""
    original = draft.original
    root = message_root(original) if original is not None else None
    if original is None or root is None:
        return None
    try:
        read = part_reader(original)
    except BodyNotFetched:
        return None
    chosen = bodies.choose_bodies(root)
    raw_html = bodies.decode_text(chosen.html, read) if chosen.html else ""
    if only:
        raw_html, chosen = only, replace(chosen, text=None)
    forward = draft.mode == Draft.Mode.FORWARD
    # Who is answered has the links; to whom it is forwarded they would be lost.
    text = bodies.decode_text(chosen.text, read) if chosen.text else html_to_text(raw_html, links=forward)
    shown = outgoing_html.clean_outgoing(raw_html) if raw_html else quoting_text_as_html(text.strip("\r\n"))
    plan = plan_reply(
        "forward" if forward else "reply",
        _header(original),
        text,
        (),
        date_text=_date(original),
        attribution=_("On {date}, {name} wrote:"),
        forward_title=_forward_title(),
        field_names={"From": _("From"), "Date": _("Date"), "Subject": _("Subject"), "To": _("To"), "Cc": _("Cc")},
    )
    head = _forward_head(plan) if forward else f"<p>{escape(plan.attribution)}</p>"
    html = f"{head}{shown}" if forward else f"{head}{CITED}{shown}</blockquote>"
    return Quote(html, plan.text, tuple(_pictures(outgoing_html.cids_in(shown), chosen.related, read)))


def body_html(draft: Draft, quote: Quote | None) -> str:
    """The draft's HTML as it leaves: the original spliced in at its marker, nothing of ours."""
    kept = with_lines_at_quotes(outgoing_html.clean_draft(draft.body))
    written, marker, rest = kept.partition('<div data-original="')
    spliced = outgoing_html.splice_original(marker + rest, quote.html if quote else "") if marker else ""
    return outgoing_html.clean_outgoing(written) + outgoing_html.clean_outgoing(spliced)


def plain_body(draft: Draft) -> str:
    """The draft as text, the original quoted in it: for the text part, and for writing without formatting."""
    if not draft.is_html:
        return draft.body
    quote = load_quote(draft) if outgoing_html.has_original(draft.body) else None
    kept = outgoing_html.clean_draft(draft.body)
    if draft.mode != Draft.Mode.FORWARD:
        kept = without_links_in_quotes(kept)
    above, _marker, below = outgoing_html.original_marker_in(kept)
    if quote is None:
        above, below = above + below, ""
    # The empty lines to write in, above the signature, are part of what a person sees.
    room = "\n\n" if above.startswith("<p></p>") else ""
    blocks = [room + words_as_text(above).rstrip(), quote.text if quote else "", words_as_text(below).strip()]
    return "\n\n".join([blocks[0], *filter(None, blocks[1:])]) + "\n"


def _forward_head(plan: ReplyPlan) -> str:
    lines = "".join(f"<b>{escape(name)}:</b> {escape(value)}<br>" for name, value in plan.header_block)
    return f"<p>{escape(_forward_title())}<br>{lines}</p>"


def _forward_title() -> str:
    return f"---------- {_('Forwarded message')} ----------"


def _header(message: Message) -> ParsedHeader:
    return ParsedHeader(
        message_id=message.message_id,
        subject=message.subject,
        sender=Address(message.from_name, message.from_address),
        to=_people(message, "to"),
        cc=_people(message, "cc"),
        sent_at=message.sent_at or message.received_at,
    )


def _people(message: Message, field: str) -> tuple[Address, ...]:
    return tuple(Address(name, address) for name, address in message.recipients.get(field, ()))


def _date(message: Message) -> str:
    """In the writer's own zone and language: "Tue 20 Oct 2026 at 09:14"."""
    local = timezone.localtime(message.sent_at or message.received_at)
    return _("{day} at {time}").format(
        day=formats.date_format(local, pgettext("date format", "D j M Y")),
        time=formats.time_format(local, pgettext("time format", "H:i")),
    )


def _pictures(
    cids: tuple[str, ...], related: tuple[Part, ...], read: Callable[[int, int], bytes]
) -> Iterator[OutgoingAttachment]:
    by_cid = {part.content_id.lower(): part for part in related if part.content_id}
    for cid in cids:
        part = by_cid.get(cid.lower())
        if part is not None:
            data = bodies.decode_part(part, read)
            yield OutgoingAttachment(part.filename or "picture", part.content_type, data, cid)
