"""Search: what was typed, as terms. Text and today's date in; a ``Query`` of terms and problems out. Pure.

Words, "phrases", ``-not``, ``OR``, parentheses and operators (``from:ada``). Nothing is refused: what
cannot be understood is told as a ``Problem`` at its place, and the rest of the query still works. An
operator that does not exist is a word like any other (mail is full of "Re:" and "12:30").

**How words match.** A word matches that word. The last word of a query, with nothing after it, matches
every word that begins with it, since it may still be being typed; ``lunch*`` does so anywhere, and
``"lunch"`` nowhere. A single word without quotes also matches its other forms in the language of the message
("meetings", "meeting"). People, file names and lists are always found by beginnings: ``from:ang`` finds
Ångström. What makes several words (``ada@example.org``, ``2026-17``) is looked for as a phrase.
"""

import re
from datetime import date
from functools import lru_cache

from mailsync.message.words import has_forms, signs, words
from mailsync.plan.search_operators import (
    ANYBODY,
    FIELD_NAMES,
    FLAGS,
    IMPORTANCES,
    IN_STATES,
    LARGER,
    OF_DELIVERY,
    OF_FOLDERS,
    OF_LABELS,
    PEOPLE,
    SINCE,
    SMALLER,
    SPANS,
    STATES,
    THINGS,
    UNTIL,
    YES_NO,
)
from mailsync.plan.search_terms import (
    BY_BEGINNING,
    INFLECTED,
    Account,
    DeliveredTo,
    Field,
    Has,
    Important,
    In,
    Is,
    Label,
    MessageId,
    Problem,
    Query,
    Received,
    Size,
    Symbols,
    Term,
    Words,
    either,
    every,
    negated,
)
from mailsync.plan.search_tokens import Token, plain_query, read_tokens
from mailsync.plan.search_values import parse_days, parse_size, parse_span

#: Deeper parentheses are read as if they were not there.
_DEEPEST = 40


# A page of results parses the same few queries many times, to offer what narrows them.
@lru_cache(maxsize=256)
def parse_query(text: str, today: date) -> Query:
    """Never raises. ``today`` is the reader's day.

    >>> term = parse_query('"lunch" from:ada', date(2026, 3, 1)).term
    >>> term == every([Words("lunch"), Words("ada", "from", prefix=True)])
    True
    """
    text = plain_query(text)
    parser = _Parser(text, today)
    return Query(text, parser.parse(), tuple(sorted(parser.problems, key=lambda problem: problem.start)))


class _Parser:
    """Recursive descent: any of (OR) → all of → one term."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = today
        self.tokens, self.problems = read_tokens(text, today)
        self.at = 0

    def parse(self) -> Term | None:
        terms = []
        while self.at < len(self.tokens):
            if found := self._either(0):
                terms.append(found)
            if self._kind() == "close":
                token = self._next()
                self._problem(token, "This bracket closes nothing. Remove it, or open one before it.")
        return every(terms)

    def _kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def _next(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _problem(self, token: Token, text: str) -> None:
        self.problems.append(Problem(token.start, token.end, text))

    def _either(self, depth: int, field: Field = "", *, braces: bool = False) -> Term | None:
        terms = [found for found in (self._every(depth, field, braces),) if found]
        while self._kind() == "or":
            token = self._next()
            found = self._every(depth, field, braces)
            if found is None or not terms:
                self._problem(token, "OR needs something on both sides.")
            if found:
                terms.append(found)
        return either(terms)

    def _every(self, depth: int, field: Field, braces: bool) -> Term | None:
        terms = []
        while self._kind() not in ("", "or", "close"):
            if self._kind() == "and":
                self._next()
            elif found := self._one(depth, field):
                terms.append(found)
        return either(terms) if braces else every(terms)

    def _one(self, depth: int, field: Field) -> Term | None:
        token = self._next()
        match token.kind:
            case "minus":
                if self._kind() in ("", "or", "and", "close"):
                    self._problem(token, f"{token.text} needs a word after it: what is not to be in the message.")
                    return None
                # Iterated, so that a row of minus signs cannot exhaust the stack.
                negations = 1
                while self._kind() == "minus":
                    self._next()
                    negations += 1
                found = self._one(depth, field) if self._kind() not in ("", "or", "and", "close") else None
                return negated(found) if found and negations % 2 else found
            case "open":
                return self._group(token, depth, field)
            case "operator":
                return self._operation(token, depth)
            case _:
                return self._word(token, field)

    def _group(self, token: Token, depth: int, field: Field) -> Term | None:
        if depth >= _DEEPEST:
            self._problem(token, "Too many brackets within each other. Take some of them away.")
            return None
        found = self._either(depth + 1, field, braces=token.text == "{")
        if self._kind() == "close":
            self._next()
        else:
            self._problem(token, "This bracket is not closed. Put ) where the group ends.")
        return found

    def _word(self, token: Token, field: Field) -> Term | None:
        if not words(token.value):
            return self._symbols(token, field)
        is_last = token.end == len(self.text) and not token.quoted
        text = " ".join(token.value.split())
        inflected = not token.quoted and field in INFLECTED and has_forms(text)
        return Words(text, field, token.star or is_last or field in BY_BEGINNING, inflected)

    def _symbols(self, token: Token, field: Field) -> Term | None:
        """Emoji and the like, without the sign that asks for them in colour."""
        text = " ".join(token.value.replace("\ufe0f", "").split())
        return Symbols(text, field) if signs(text) else None

    def _operation(self, token: Token, depth: int) -> Term | None:
        name = re.split("[:<>]", token.text, maxsplit=1)[0].lower()
        value = " ".join(token.value.split())
        field = FIELD_NAMES.get(name)
        if not value and field and self._kind() == "open" and self.tokens[self.at].start == token.end:
            return self._group(self._next(), depth, field)
        if not value:
            self._problem(token, f"Write what to look for right after {name}: (without a space).")
            return None
        if field is not None:
            if not words(value) and not signs(value):
                self._problem(token, f"There is no word in “{value}” to look for.")
                return None
            return self._word(token, field)
        if name in ANYBODY:
            return either([found for one in PEOPLE if (found := self._word(token, one))])
        try:
            return self._value_of(name, value)
        except ValueError as error:
            self._problem(token, str(error))
            return None

    def _value_of(self, name: str, value: str) -> Term | None:
        """The term of an operator. Raises ``ValueError`` with what to do where the value is none of its."""
        if name in OF_FOLDERS:
            return Is(STATES[value.lower()]) if name == "in" and value.lower() in IN_STATES else In(value)
        if name == "account":
            return Account(value)
        if name in OF_LABELS:
            return Label(value)
        if name in ("id", "rfc822msgid", "messageid"):
            if not value.strip("<> "):
                raise ValueError("Write the Message-ID after id:, as it stands in the source of the message.")
            return MessageId(value.strip("<> "))
        if name in OF_DELIVERY:
            return DeliveredTo(value.strip("<>").lower())
        if name == "importance":
            if value.lower() not in IMPORTANCES:
                raise ValueError("importance: takes high, normal or low.")
            return Important(IMPORTANCES[value.lower()])
        if name in FLAGS:
            return _flag(name, value.lower())
        if name in LARGER | SMALLER | {"size"}:
            return _size(name, value)
        return _received(name, value, self.today)


def _flag(name: str, value: str) -> Term:
    if name in ("hasattachment", "hasattachments", "isread", "isflagged", "hasflag"):
        if value not in YES_NO:
            raise ValueError(f"{name}: takes yes or no.")
        term: Term = Has("attachment") if "attachment" in name else Is("read" if name == "isread" else "flagged")
        return term if YES_NO[value] else negated(term)
    if name == "is" and value == "important":
        return Important("high")
    if name == "is" and value in STATES:
        return Is(STATES[value])
    if name == "has" and value in THINGS:
        return Has(THINGS[value])
    if name == "is":
        raise ValueError(
            "is: takes unread, read, flagged, unflagged, replied, unreplied, draft, important, pinned or muted."
        )
    raise ValueError("has: takes attachment or invite.")


def _size(name: str, value: str) -> Term:
    sign = value[0] if value[0] in "<>" else ""
    size = parse_size(value.removeprefix(sign))
    if size is None:
        raise ValueError("Write a size as 500k, 10M or 1G.")
    is_most = sign == "<" if name == "size" else name in SMALLER
    return Size(below=size) if is_most else Size(above=size)


def _received(name: str, value: str, today: date) -> Term | None:
    if name in SPANS or (name in ("older", "newer") and parse_span(value, today)):
        day = parse_span(value, today)
        if day is None:
            raise ValueError("Write a span of time as 3d, 2w, 1m or 1y.")
        return Received(until=day) if name in ("older_than", "older") else Received(since=day)
    sign = next((one for one in (">=", "<=", ">", "<") if value.startswith(one)), "")
    first, dots, last = value.removeprefix(sign).partition("..")
    days, to = parse_days(first, today), parse_days(last, today) if dots else None
    if days is None or (dots and to is None):
        raise ValueError("Write a day as 2026-03-01, 1.3.2026, yesterday, last week or march 2026.")
    if name in UNTIL:
        return Received(until=days.first)
    if name in SINCE:
        return Received(since=days.first)
    match sign:
        case ">":
            return Received(since=days.end)
        case ">=":
            return Received(since=days.first)
        case "<":
            return Received(until=days.first)
        case "<=":
            return Received(until=days.end)
    return every([Received(since=days.first), Received(until=(to or days).end)])
