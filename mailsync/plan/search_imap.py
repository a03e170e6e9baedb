"""A search as far as an IMAP server can be asked for it (RFC 3501 §6.4.4). Pure.

Terms in, search keys out. What the keys find is never less than what the terms mean: where IMAP cannot say a thing it
is left out, and the messages that come are judged by our own index. A server looks for parts of words, so the words of
a phrase are asked for one by one, and what is *not* to be there is not asked for at all. Of a word's other forms those
are asked for that the mail here has.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta

from mailsync.plan.search_terms import And, Field, Is, MessageId, Not, Or, Received, Size, State, Term, Words, negated
from mailsync.types import SearchKey, SearchText

_FIELDS: dict[Field, str] = {
    "": "TEXT",
    "from": "FROM",
    "to": "TO",
    "cc": "CC",
    "bcc": "BCC",
    "subject": "SUBJECT",
    "body": "BODY",
}
_STATES: dict[State, str] = {
    "unread": "UNSEEN",
    "read": "SEEN",
    "flagged": "FLAGGED",
    "unflagged": "UNFLAGGED",
    "replied": "ANSWERED",
    "unreplied": "UNANSWERED",
    "draft": "DRAFT",
}
_OPPOSITES: dict[State, State] = {
    "unread": "read",
    "read": "unread",
    "flagged": "unflagged",
    "unflagged": "flagged",
    "replied": "unreplied",
    "unreplied": "replied",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = timedelta(days=1)


def search_keys(term: Term | None, *, ascii_only: bool = False) -> tuple[SearchKey, ...]:
    """``("ALL",)`` where nothing of it can be said; with ``ascii_only`` for a server that knows no other letters.

    >>> search_keys(And((Words("two words"), Is("unread"))))
    ('TEXT', SearchText(text='two'), 'TEXT', SearchText(text='words'), 'UNSEEN')
    """
    return (_keys(term, ascii_only) if term else ()) or ("ALL",)


def _keys(term: Term, ascii_only: bool) -> tuple[SearchKey, ...]:
    match term:
        case Words(text, field):
            forms = {word for one in term.forms for word in one.words}
            spelled = _shortest([text, *sorted(forms, key=len)])
            return _either([tuple(_words(one, field, ascii_only)) for one in spelled])
        # Of conversations no server knows anything.
        case Is(state) if state in _STATES:
            return (_STATES[state],)
        case Received(since, until):
            # The server's day begins elsewhere than the reader's.
            return ("SINCE", _day(since, -_DAY)) if since else ("BEFORE", _day(until, _DAY))
        case Size(above, below):
            return ("LARGER", str(above)) if above is not None else ("SMALLER", str(below))
        case MessageId(text):
            return ("HEADER", "MESSAGE-ID", SearchText(text))
        case And(terms):
            return tuple(key for below_ in terms for key in _keys(below_, ascii_only))
        case Or(terms):
            return _either([_keys(below_, ascii_only) for below_ in terms])
        case Not(Is(state)) if state in _OPPOSITES:
            return (_STATES[_OPPOSITES[state]],)
        case Not(And(terms)):
            return _either([_keys(negated(below_), ascii_only) for below_ in terms])
        case Not(Or(terms)):
            return tuple(key for below_ in terms for key in _keys(negated(below_), ascii_only))
        case _:
            return ()


def _shortest(texts: list[str]) -> list[str]:
    """Those that find the others, too: a server looks for any part of a word (RFC 9051 §6.4.4).

    >>> _shortest(["running", "run", "ran"])
    ['run', 'ran']
    """
    return [one for one in texts if not any(other != one and other.lower() in one.lower() for other in texts)]


def _words(text: str, field: Field, ascii_only: bool) -> Iterator[SearchKey]:
    """Names of files and lists stand encoded where a server looks: they are not asked for."""
    if field not in _FIELDS:
        return
    for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text)):
        if word.isascii() or not ascii_only:
            yield _FIELDS[field]
            yield SearchText(word)


def _either(groups: list[tuple[SearchKey, ...]]) -> tuple[SearchKey, ...]:
    """OR takes two keys, each of which may be a group; if one of them asks for nothing, all of them do."""
    if not all(groups):
        return ()
    first, *rest = groups
    grouped: tuple[SearchKey, ...] = ("(", *first, ")")
    return ("OR", *grouped, "(", *_either(rest), ")") if rest else first


def _day(day: date | None, shift: timedelta) -> str:
    """RFC 3501 §9: ``date``. English months, whatever the locale."""
    assert day is not None
    if date(1000, 1, 1) < day < date(9000, 1, 1):
        day += shift
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04}"
