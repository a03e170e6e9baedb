"""What a search asks for: the terms a query is made of, and the text a query is written as again. Pure.

``format_query`` and ``plan.search.parse_query`` are each other's inverse: parsing what was formatted
gives the same terms.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

#: Where words are looked for; "" is everywhere.
Field = Literal["", "from", "to", "cc", "bcc", "subject", "body", "filename", "list"]
FIELDS: tuple[Field, ...] = ("from", "to", "cc", "bcc", "subject", "body", "filename", "list")
#: In these a name is asked for by its beginning, always.
BY_BEGINNING: frozenset[Field] = frozenset({"from", "to", "cc", "bcc", "filename", "list"})
#: In these a word is found in its other forms, too.
INFLECTED: frozenset[Field] = frozenset({"", "subject", "body"})

State = Literal["unread", "read", "flagged", "unflagged", "replied", "unreplied", "draft", "pinned", "muted"]
Thing = Literal["attachment", "invite"]
Importance = Literal["high", "normal", "low"]


@dataclass(frozen=True, slots=True)
class Forms:
    """Other forms of a word, folded, as messages in ``language`` have them."""

    language: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Words that follow each other. With ``prefix`` the last one may be the beginning of a word.

    ``inflected``: one word that may stand in another form; ``forms`` are those that this mailbox has, once they have
    been looked up.
    """

    text: str
    field: Field = ""
    prefix: bool = False
    inflected: bool = False
    forms: tuple[Forms, ...] = ()


@dataclass(frozen=True, slots=True)
class Symbols:
    """Signs that are no word (🎉, ✓), each of which stands in the message, or in one field of it."""

    text: str
    field: Field = ""


@dataclass(frozen=True, slots=True)
class Is:
    state: State


@dataclass(frozen=True, slots=True)
class Has:
    thing: Thing


#: Folders that ``in:`` calls by their role in every account; any other by its path.
FOLDER_ROLES = frozenset({"inbox", "sent", "drafts", "archive", "junk", "trash", "all"})


@dataclass(frozen=True, slots=True)
class In:
    """A folder by its role or name; ``anywhere`` is every folder, junk and bin with them."""

    folder: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account by its label, address or a part of either."""

    name: str


@dataclass(frozen=True, slots=True)
class Label:
    keyword: str


@dataclass(frozen=True, slots=True)
class Received:
    """Received on ``since`` or later, and before the day ``until``, by the reader's calendar. One of them is set."""

    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """More than ``above`` bytes, or fewer than ``below``. One of them is set."""

    above: int | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Important:
    """As its sender has marked it (Importance, X-Priority)."""

    level: Importance


@dataclass(frozen=True, slots=True)
class DeliveredTo:
    """A part of an address to which servers say that they delivered it (Delivered-To, X-Original-To), in lower case."""

    address: str


@dataclass(frozen=True, slots=True)
class MessageId:
    """The header Message-ID, without angle brackets."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    term: "Term"


@dataclass(frozen=True, slots=True)
class And:
    terms: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    terms: "tuple[Term, ...]"


#: What a message has or has not, beside words and signs.
Fact = Is | Has | In | Account | Label | Received | Size | Important | DeliveredTo | MessageId
Term = Words | Symbols | Fact | Not | And | Or


@dataclass(frozen=True, slots=True)
class Problem:
    """What of a query was not understood: ``start:end`` in the text typed, and what to do, in plain words."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """``term`` is None where nothing is asked for."""

    text: str
    term: Term | None
    problems: tuple[Problem, ...] = ()


def walk(term: Term | None) -> "list[Term]":
    """The term and all below it."""
    if term is None:
        return []
    match term:
        case Not(below):
            return [term, *walk(below)]
        case And(terms) | Or(terms):
            return [term, *(found for below in terms for found in walk(below))]
        case _:
            return [term]


#: ``to:me`` is to any address of the reader.
_ME = "me"
_OF_PEOPLE: frozenset[Field] = frozenset({"from", "to", "cc", "bcc"})


def names_me(term: Term | None) -> bool:
    return any(isinstance(one, Words) and _is_me(one) for one in walk(term))


def with_me(term: Term | None, addresses: Sequence[str]) -> Term | None:
    """The term with the reader's addresses in the place of "me"."""
    match term:
        case Words() if _is_me(term) and addresses:
            return either([Words(address, term.field, prefix=True) for address in addresses])
        case Not(below):
            return Not(with_me(below, addresses) or below)
        case And(terms):
            return every([with_me(below, addresses) or below for below in terms])
        case Or(terms):
            return either([with_me(below, addresses) or below for below in terms])
        case _:
            return term


def _is_me(term: Words) -> bool:
    return term.field in _OF_PEOPLE and term.text.lower() == _ME


def map_words(term: Term, change: Callable[[Words], Words]) -> Term:
    """The same term of other words."""
    match term:
        case Words():
            return change(term)
        case Not(below):
            return Not(map_words(below, change))
        case And(terms):
            return And(tuple(map_words(below, change) for below in terms))
        case Or(terms):
            return Or(tuple(map_words(below, change) for below in terms))
        case _:
            return term


def in_language(term: Term | None, language: str) -> Term | None:
    """The term with the forms of its words in that language alone."""

    def narrowed(word: Words) -> Words:
        return replace(word, forms=tuple(one for one in word.forms if one.language == language))

    return map_words(term, narrowed) if term else None


def every(terms: "list[Term]") -> Term | None:
    """All of these, flat; None for none."""
    flat: list[Term] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, And) else (term,))
    return And(tuple(flat)) if len(flat) > 1 else (flat[0] if flat else None)


def either(terms: "list[Term]") -> Term | None:
    """One of these, flat; None for none."""
    flat: list[Term] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, Or) else (term,))
    return Or(tuple(flat)) if len(flat) > 1 else (flat[0] if flat else None)


def negated(term: Term) -> Term:
    """Not this; what was negated already is asked for again."""
    return term.term if isinstance(term, Not) else Not(term)


def format_query(term: Term | None) -> str:
    """
    >>> format_query(And((Words("two words"), Not(Words("ada", "from", prefix=True)))))
    '"two words" -from:ada'
    """
    written = _outer(term) if term else ""
    # A bare word at the end would be the beginning of one.
    return f"{written} " if term and _ends_bare(term) else written


def _outer(term: Term) -> str:
    match term:
        case And(terms):
            return " ".join(_inner(below) for below in terms)
        case Or(terms):
            return " OR ".join(_inner(below) for below in terms)
        case _:
            return _inner(term)


def _ends_bare(term: Term) -> bool:
    match term:
        case And(terms) | Or(terms):
            return not isinstance(terms[-1], And | Or) and _ends_bare(terms[-1])
        case Not(below):
            return _ends_bare(below)
        case Words():
            return term.inflected and not term.prefix
        case _:
            return False


def _inner(term: Term) -> str:
    match term:
        case And() | Or():
            return f"({_outer(term)})"
        case Not(below):
            return f"-{_inner(below)}"
        case Words():
            return _words(term)
        case Symbols(text, symbol_field):
            return (f"{symbol_field}:" if symbol_field else "") + format_value(text)
        case Is(state):
            return f"is:{state}"
        case Has(thing):
            return f"has:{thing}"
        case In(name):
            return f"in:{format_value(name)}"
        case Account(name):
            return f"account:{format_value(name)}"
        case Label(name):
            return f"label:{format_value(name)}"
        case MessageId(name):
            return f"id:{format_value(name)}"
        case Important(level):
            return f"importance:{level}"
        case DeliveredTo(name):
            return f"deliveredto:{format_value(name)}"
        case Received(since, until):
            return f"after:{since}" if since else f"before:{until}"
        case Size(above, below_bytes):
            return f"larger:{above}" if above is not None else f"smaller:{below_bytes}"


def _words(term: Words) -> str:
    """Quoted words are exact, a star stands for any ending; names of people and files need none."""
    if term.field in BY_BEGINNING:
        return f"{term.field}:{format_value(term.text)}"
    text = term.text if term.inflected else f'"{term.text}"'
    return (f"{term.field}:" if term.field else "") + text + ("*" if term.prefix else "")


def format_value(text: str) -> str:
    return text if re.fullmatch(r"[\w.@+/-]+", text) and not text.startswith("-") else f'"{text}"'
