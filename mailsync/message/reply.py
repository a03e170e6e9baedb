"""A received message in, the start of an answer out: to whom, under what subject, quoting what. Pure.

Recipients follow Reply-To (RFC 5322 §3.6.3), Mail-Followup-To and List-Post, never oneself; an answer to one's own
sent message goes to whom that message went, and one to a list's author to nobody else.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from mailsync.message.addresses import comparable, format_address, without_tag
from mailsync.message.facts import ParsedHeader
from mailsync.message.header_facts import pairs_to_addresses
from mailsync.message.list_author import author_behind_list
from mailsync.message.references import reply_references
from mailsync.message.subject import forward_subject, reply_subject
from mailsync.types import Address

Mode = Literal["reply", "reply_all", "reply_list", "reply_author", "forward"]

ATTRIBUTION = "On {date}, {name} wrote:"
FORWARD_TITLE = "---------- Forwarded message ----------"
_MAX_QUOTED_CHARS = 512 * 1024


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """The fields of a new composition.

    ``own_address`` is which of one's addresses the message came to ("" when none is named): the identity to
    answer as. ``quoted`` is the original's text with ``> `` (replies) or as it was (forwards), ``attribution`` the
    line above it, ``header_block`` the (name, value) pairs that stand above a forwarded text. ``text`` is all of
    that put together, ready below what the user writes.
    """

    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    own_address: str = ""
    attribution: str = ""
    header_block: tuple[tuple[str, str], ...] = ()
    quoted: str = ""
    text: str = ""


def plan_reply(
    mode: Mode,
    header: ParsedHeader,
    text: str,
    own_addresses: Collection[str],
    *,
    date_text: str = "",
    attribution: str = ATTRIBUTION,
    forward_title: str = FORWARD_TITLE,
    field_names: Mapping[str, str] = MappingProxyType({}),
) -> ReplyPlan:
    """``own_addresses`` are all addresses the user sends as; ``date_text`` is the date in the user's language and
    zone (else it is written plainly), ``attribution`` a template with ``{date}``, ``{name}`` and ``{address}``,
    ``field_names`` are what From, Date, Subject, To and Cc are called above a forwarded text, where not so."""
    own = {comparable(one): one for one in own_addresses}
    when = date_text or _plain_date(header.sent_at)
    own_address = _addressed_as(header, own)
    if mode == "forward":
        block = tuple((field_names.get(name, name), value) for name, value in _header_block(header, when))
        quoted = text[:_MAX_QUOTED_CHARS]
        lines = [forward_title, *(f"{name}: {value}" for name, value in block), "", quoted]
        # RFC 5322 §3.6.4 speaks of replies; the reference keeps a forward in its conversation, unanswered.
        return ReplyPlan(
            subject=forward_subject(header.subject),
            references=reply_references(header.message_id, header.references, header.in_reply_to),
            own_address=own_address,
            header_block=block,
            quoted=quoted,
            text="\n".join(lines),
        )
    to, cc = _recipients(mode, header, own)
    line = attribution.format(
        date=when, name=header.sender.name or header.sender.address, address=header.sender.address
    )
    quoted = quote_text(text)
    return ReplyPlan(
        to=to,
        cc=cc,
        subject=reply_subject(header.subject),
        in_reply_to=header.message_id,
        references=reply_references(header.message_id, header.references, header.in_reply_to),
        own_address=own_address,
        attribution=line,
        quoted=quoted,
        text=f"{line}\n{quoted}" if quoted else "",
    )


def quote_text(text: str) -> str:
    """Every line behind ``> ``, deeper for what is quoted already; the sender's signature is left out.

    >>> quote_text("Hi\\n> old\\n-- \\nBob")
    '> Hi\\n>> old'
    """
    body = text[:_MAX_QUOTED_CHARS]
    cut = body.rfind("\n-- \n")
    if cut >= 0 and "\n>" not in body[cut:]:
        body = body[:cut]
    lines = body.rstrip().split("\n") if body.strip() else []
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)


def _recipients(
    mode: Mode, header: ParsedHeader, own: dict[str, str]
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    list_post = header.facts.get("list_post", "")
    if mode == "reply_list" and list_post:
        return (Address("", list_post),), ()
    if mode == "reply_author":
        behind = author_behind_list(header.sender, header.reply_to, header.cc, header.facts)
        return _sendable((behind or header.sender,)), ()
    followup = pairs_to_addresses(header.facts.get("mail_followup_to", []))
    if mode in ("reply_all", "reply_list") and followup:
        return _without(followup, own) or _sendable(followup), ()
    if _mine(header.sender.address, own) and (header.to or header.cc):
        to, cc = _sendable(header.to), _sendable(header.cc)
        if mode == "reply":
            return to or cc, ()
        return _without(to, own) or to or cc, _without(cc, own) if to else ()
    author = _sendable(header.reply_to) or _sendable((header.sender,))
    if mode != "reply_all":
        return author, ()
    # RFC 5322 §3.6.3: the author (or Reply-To) first, everyone else that was addressed in Cc.
    to = _without(author, own) or author
    named = {comparable(one.address) for one in to}
    others = _without((*header.to, *header.cc), own, named)
    # A list that sets Reply-To to itself would hide the author from the answer.
    if list_post and comparable(list_post) in named and header.sender.address:
        others = (*_without((header.sender,), own, named), *others)
    return to, _once(others)


def _sendable(addresses: Iterable[Address]) -> tuple[Address, ...]:
    return _once(one for one in addresses if one.address)


def _without(
    addresses: Iterable[Address], own: Mapping[str, str], named: Collection[str] = frozenset()
) -> tuple[Address, ...]:
    others = (one for one in addresses if one.address and not _mine(one.address, own))
    return _once(one for one in others if comparable(one.address) not in named)


def _mine(address: str, own: Mapping[str, str]) -> str:
    """Which of one's addresses it is, "" for none; ``ann+shop@x.test`` is ``ann@x.test``, too (RFC 5233)."""
    return own.get(comparable(address)) or own.get(comparable(without_tag(address)), "")


def _once(addresses: Iterable[Address]) -> tuple[Address, ...]:
    seen: dict[str, Address] = {}
    for one in addresses:
        seen.setdefault(comparable(one.address), one)
    return tuple(seen.values())


def _addressed_as(header: ParsedHeader, own: dict[str, str]) -> str:
    for one in (*header.to, *header.cc, *header.bcc, header.sender):
        if one.address and (match := _mine(one.address, own)):
            return match
    # Blind copies and lists: the servers may have noted whose mailbox it came to.
    delivered = (_mine(one, own) for one in header.facts.get("delivered_to", ()))
    return next(filter(None, delivered), "")


def _header_block(header: ParsedHeader, when: str) -> tuple[tuple[str, str], ...]:
    pairs = (
        ("From", format_address(header.sender)),
        ("Date", when),
        ("Subject", header.subject),
        ("To", ", ".join(map(format_address, header.to))),
        ("Cc", ", ".join(map(format_address, header.cc))),
    )
    return tuple((name, value) for name, value in pairs if value)


def _plain_date(date: datetime | None) -> str:
    return f"{date:%d %b %Y} at {date:%H:%M}".lstrip("0") if date is not None else "an unknown date"
