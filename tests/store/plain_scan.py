"""The slow reference of the search: a plain scan, which knows nothing of the index.

It reads each message again from its bytes, takes its text apart letter by letter and answers the terms of a query by
looking. What the stem of a word is, it asks the database's stemmer, as the search does.
"""

import functools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.utils import timezone

from mailsync.message.facts import ParsedMessage
from mailsync.message.language import STEMMERS
from mailsync.message.parse import parse_message
from mailsync.message.words import fold
from mailsync.models import Placement
from mailsync.plan.search_terms import (
    BY_BEGINNING,
    And,
    Has,
    In,
    Is,
    Not,
    Or,
    Received,
    Size,
    Symbols,
    Term,
    Words,
)


@dataclass(frozen=True)
class Seen:
    """One message as the scan sees it: fields as lists of texts in which no phrase spans two."""

    placement: Placement
    parsed: ParsedMessage
    fields: dict[str, list[list[tuple[str, bool]]]]
    #: Every unit met anywhere, and its stem in the language of the message, to pass over most messages quickly.
    units: frozenset[str]
    stems: frozenset[str] = frozenset()
    signs: dict[str, frozenset[str]] = field(default_factory=dict)


@functools.cache
def letters_apart(text: str) -> list[tuple[str, bool]]:
    """(unit, whether the next one touches it in a script without spaces), letter by letter."""
    units: list[list[Any]] = []
    word = ""
    last_end = -1
    folded = fold(text)

    def flush() -> None:
        nonlocal word
        if word:
            units.append([word[:64], False])
        word = ""

    for at, letter in enumerate(folded):
        kind = unicodedata.category(letter)
        if without_spaces(letter):
            flush()
            if kind[0] in "LNM":
                if units and last_end == at and without_spaces(units[-1][0]):
                    units[-1][1] = True
                units.append([letter, False])
                last_end = at + 1
        elif kind[0] in "LN" or (kind in ("Mn", "Mc") and word):
            word += letter
        else:
            flush()
    flush()
    return [(unit, bool(joined)) for unit, joined in units]


def signs_apart(text: str) -> frozenset[str]:
    found: set[str] = set()
    flag = ""
    for letter in text:
        if unicodedata.name(letter, "").startswith("REGIONAL INDICATOR"):
            flag += letter
            found |= {flag} if len(flag) == 2 else set()
            flag = "" if len(flag) == 2 else flag
            continue
        flag = ""
        if unicodedata.category(letter) == "So" and letter not in "©®°¦\ufffd":
            found.add(letter)
    return frozenset(found)


def without_spaces(letter: str) -> bool:
    name = unicodedata.name(letter[0], "")
    return name.startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR"))


def see(placement: Placement) -> Seen:
    raw = placement.message.raw
    assert raw is not None
    parsed = parse_message(bytes(raw.data))
    header = parsed.header
    people = {"from": [header.sender], "to": header.to, "cc": header.cc, "bcc": header.bcc}
    named = {name: [f"{one.name} {one.address}" for one in found] for name, found in people.items()}
    texts = {
        **named,
        "subject": [header.subject],
        "body": [parsed.text],
        "filename": [part.filename for part in parsed.attachments],
        "list": [f"{header.facts.get('list_name', '')} {header.facts.get('list_id', '')}"],
    }
    fields = {name: [letters_apart(one) for one in found] for name, found in texts.items()}
    units = frozenset(unit for found in fields.values() for text in found for unit, _ in text)
    signs = {name: frozenset().union(*map(signs_apart, found)) for name, found in texts.items()}
    return Seen(placement, parsed, fields, units, signs=signs)


@functools.cache
def stem(language: str, unit: str) -> str:
    """What all forms of a word share, "" for what has none."""
    learn(language, [unit])
    return _stems[language, unit]


_stems: dict[tuple[str, str], str] = {}


def learn(language: str, units: Iterable[str]) -> None:
    told = [unit for unit in units if 2 <= len(unit) <= 30 and not any(map(str.isdecimal, unit))]
    _stems.update({(language, unit): "" for unit in units})
    if language in STEMMERS and told:
        with connection.cursor() as cursor:
            sql = "SELECT word, (ts_lexize(%s::regdictionary, word))[1] FROM unnest(%s::text[]) AS given(word)"
            cursor.execute(sql, [STEMMERS[language], told])
            _stems.update({(language, unit): found or "" for unit, found in cursor.fetchall()})


def with_stems(seen: list[Seen]) -> list[Seen]:
    """The same, of all messages in a language at once."""
    for language in {one.parsed.language for one in seen}:
        learn(language, frozenset().union(*(one.units for one in seen if one.parsed.language == language)))
    return [
        replace(one, stems=frozenset(_stems[one.parsed.language, unit] for unit in one.units) - {""}) for one in seen
    ]


def stands_in(words: Words, units: list[tuple[str, bool]]) -> bool:
    wanted = letters_apart(words.text)
    prefix = words.prefix or words.field in BY_BEGINNING
    for start in range(len(units) - len(wanted) + 1):
        for number, (unit, joined) in enumerate(wanted):
            there, touches = units[start + number]
            is_last = number == len(wanted) - 1
            if not (there == unit or (is_last and prefix and not without_spaces(unit) and there.startswith(unit))):
                break
            if joined and not touches:
                break
        else:
            return True
    return False


def matches(term: Term, seen: Seen) -> bool:
    placement, message = seen.placement, seen.placement.message
    match term:
        case Words(field=name):
            if any(unit not in seen.units for unit, _ in letters_apart(term.text)[:-1]):
                return False
            texts = seen.fields.get(name) if name else [text for found in seen.fields.values() for text in found]
            if term.inflected and (asked := stem(seen.parsed.language, fold(term.text))) in seen.stems:
                units = [unit for text in texts or () for unit, _ in text]
                if any(stem(seen.parsed.language, unit) == asked for unit in units):
                    return True
            return any(stands_in(term, units) for units in texts or ())
        case Symbols(text, name):
            texts = seen.signs.get(name, frozenset()) if name else frozenset().union(*seen.signs.values())
            return signs_apart(text) <= texts
        case Not(below):
            return not matches(below, seen)
        case And(terms):
            return all(matches(below, seen) for below in terms)
        case Or(terms):
            return any(matches(below, seen) for below in terms)
        case Is(state):
            return {
                "unread": not placement.seen,
                "read": placement.seen,
                "flagged": placement.flagged,
                "unflagged": not placement.flagged,
                "replied": placement.answered,
                "unreplied": not placement.answered,
                "draft": placement.draft,
            }[state]
        case Has("attachment"):
            return bool(seen.parsed.attachments)
        case Has():
            return any(part.content_type == "text/calendar" for part in seen.parsed.root.walk())
        case In(name):
            return name.lower() in (placement.folder.role, placement.folder.name.lower())
        case Received(since, until):
            day = timezone.localtime(placement.received_at).date()
            return (since is None or day >= since) and (until is None or day < until)
        case Size(above, below_bytes):
            return message.size_bytes > above if above is not None else message.size_bytes < (below_bytes or 0)
    raise AssertionError(term)
