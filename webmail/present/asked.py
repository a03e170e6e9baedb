"""Terms of a search in the reader's words: what a chip above the results says. Pure."""

from datetime import date, timedelta

from django.utils import formats
from django.utils.translation import gettext as _

from mailsync.plan.search_terms import (
    Account,
    DeliveredTo,
    Has,
    Important,
    In,
    Is,
    Label,
    MessageId,
    Not,
    Received,
    Size,
    Symbols,
    Term,
    Words,
    format_query,
)
from webmail.present.labels import label_of
from webmail.templatetags.heron import filesize


def asked_words(terms: tuple[Term, ...]) -> str:
    """One term, or both ends of a span of days."""
    first, *rest = terms
    if rest and isinstance(first, Received) and isinstance(rest[0], Received) and first.since and rest[0].until:
        return _span(first.since, rest[0].until - timedelta(days=1))
    return _one(first)


def _one(term: Term) -> str:
    match term:
        case Not(below):
            return _("Not: %(what)s") % {"what": _one(below)}
        case Words(text, "") | Symbols(text, ""):
            return f"“{text}”"
        case Words(text, field) | Symbols(text, field):
            return _field(field) % {"words": text}
        case Is(state):
            return _state(state)
        case Has("invite"):
            return _("With an invitation")
        case Has():
            return _("With attachment")
        case In(folder):
            return _("In: %(folder)s") % {"folder": folder}
        case Account(name):
            return _("Account: %(name)s") % {"name": name}
        case Label(keyword):
            return _("Label: %(name)s") % {"name": label_of(keyword).text}
        case Received(since, until):
            day = since or until
            assert day is not None
            return (_("Since %(day)s") if since else _("Before %(day)s")) % {"day": _day(day)}
        case Size(above, below_bytes):
            size = filesize(above if above is not None else below_bytes)
            return (_("Larger than %(size)s") if above is not None else _("Smaller than %(size)s")) % {"size": size}
        case Important("high"):
            return _("Of high importance")
        case Important("low"):
            return _("Of low importance")
        case Important():
            return _("Of normal importance")
        case DeliveredTo(address):
            return _("Delivered to: %(address)s") % {"address": address}
        case MessageId(text):
            return text
        case _:
            return format_query(term)


def _field(field: str) -> str:
    return {
        "from": _("From: %(words)s"),
        "to": _("To: %(words)s"),
        "cc": _("Cc: %(words)s"),
        "bcc": _("Bcc: %(words)s"),
        "subject": _("Subject: %(words)s"),
        "body": _("Text: %(words)s"),
        "filename": _("File: %(words)s"),
        "list": _("Mailing list: %(words)s"),
    }[field]


def _state(state: str) -> str:
    return {
        "unread": _("Unread"),
        "read": _("Read"),
        "flagged": _("Flagged"),
        "unflagged": _("Not flagged"),
        "replied": _("Replied"),
        "unreplied": _("Not replied"),
        "draft": _("Draft"),
        "pinned": _("Pinned"),
        "muted": _("Muted"),
    }[state]


def _span(first: date, last: date) -> str:
    if first == last:
        return _day(first)
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return str(first.year)
    return _("%(first)s to %(last)s") % {"first": _day(first), "last": _day(last)}


def _day(day: date) -> str:
    return str(formats.date_format(day, "j M Y"))
