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
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import get_args

from mailsync.message.words import has_forms
from mailsync.plan.search_terms import (
    BY_BEGINNING,
    FIELDS,
    INFLECTED,
    Account,
    Field,
    Has,
    In,
    Is,
    Label,
    MessageId,
    Problem,
    Query,
    Received,
    Size,
    State,
    Term,
    Thing,
    Words,
    either,
    every,
    negated,
)
from mailsync.plan.search_values import parse_days, parse_size, parse_span

#: Longer queries are cut; deeper parentheses are read as if they were not there.
LONGEST_QUERY = 2000
_DEEPEST = 40

#: Spellings of Gmail, Outlook and others.
_FIELD_NAMES: dict[str, Field] = {name: name for name in FIELDS} | {
    "sender": "from",
    "recipient": "to",
    "text": "body",
    "content": "body",
    "contents": "body",
    "attachment": "filename",
    "attachments": "filename",
    "file": "filename",
    "mailing-list": "list",
    "title": "subject",
}
#: Outlook: anybody whom a message names.
_ANYBODY = {"participants"}
_PEOPLE: tuple[Field, ...] = ("from", "to", "cc", "bcc")
_STATES: dict[str, State] = {name: name for name in get_args(State)} | {
    "unseen": "unread",
    "new": "unread",
    "seen": "read",
    "starred": "flagged",
    "important": "flagged",
    "unstarred": "unflagged",
    "answered": "replied",
    "unanswered": "unreplied",
    "drafts": "draft",
}
_THINGS: dict[str, Thing] = {name: name for name in get_args(Thing)} | {
    "attachments": "attachment",
    "file": "attachment",
    "files": "attachment",
    "invitation": "invite",
    "calendar": "invite",
    "ics": "invite",
}
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_SINCE = {"after", "newer", "since"}
_UNTIL = {"before", "older"}
_ON = {"received", "sent", "date", "on"}
_LARGER = {"larger", "larger_than", "bigger"}
_SMALLER = {"smaller", "smaller_than"}
_NAMES = {"in", "folder", "account", "label", "keyword", "tag", "category", "id", "rfc822msgid", "messageid"}
_FLAGS = {"is", "has", "hasattachment", "hasattachments", "isread", "isflagged", "hasflag"}
_SPANS = {"older_than", "newer_than"}
OPERATORS = frozenset(
    {*_FIELD_NAMES, *_ANYBODY, *_SINCE, *_UNTIL, *_ON, *_LARGER, *_SMALLER, *_NAMES, *_FLAGS, *_SPANS, "size"}
)

_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<open>[({]) | (?P<close>[)}]) | (?P<minus>-(?=[^\s)}])) |
        (?P<operator>[A-Za-z][A-Za-z0-9_-]{0,20}:(?!//)|(?:received|sent|date|size)(?=[<>])) |
        (?P<quote>"(?P<quoted>[^"]*)(?P<ended>"?)(?P<star>\*?)) |
        (?P<word>[^\s(){}"]+)""",
    re.VERBOSE,
)
#: What may go on with a day in words: "last week", "1 march 2026".
_MORE_WORDS = re.compile(r'[^\s(){}":]+(?: [^\s(){}":]+){1,3}')
_VALUE = re.compile(r'"(?P<quoted>[^"]*)(?P<ended>"?)\*?|(?P<word>[^\s(){}"]+)')


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    value: str = ""
    quoted: bool = False
    star: bool = False


# A page of results parses the same few queries many times, to offer what narrows them.
@lru_cache(maxsize=256)
def parse_query(text: str, today: date) -> Query:
    """Never raises. ``today`` is the reader's day.

    >>> term = parse_query('"lunch" from:ada', date(2026, 3, 1)).term
    >>> term == every([Words("lunch"), Words("ada", "from", prefix=True)])
    True
    """
    text = re.sub(r"[\x00\ud800-\udfff]", " ", text.translate(_TYPOGRAPHY))[:LONGEST_QUERY]
    parser = _Parser(text, today)
    return Query(text, parser.parse(), tuple(sorted(parser.problems, key=lambda problem: problem.start)))


#: Quotes as telephones type them.
_TYPOGRAPHY = str.maketrans("“”„«»", '"' * 5)


class _Parser:
    """Recursive descent: any of (OR) → all of → one term."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = today
        self.problems: list[Problem] = []
        self.tokens = self._tokens()
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

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:  # pragma: no cover  (every character begins a token)
                break
            kind = str(match.lastgroup)
            kind = next(name for name in _KINDS if match.group(name) is not None)
            token = _Token(kind, match[0], at, match.end())
            at = match.end()
            if kind == "operator":
                token = self._operator(token)
                at = token.end
            elif kind == "quote":
                if not match["ended"]:
                    self._problem(token, "The quotation mark is not closed. Put another at the end of the phrase.")
                star = bool(match["star"]) or not match["ended"]
                token = _Token("word", token.text, token.start, token.end, match["quoted"], True, star)
            elif kind == "word":
                bare = token.text.rstrip("*")
                kind = {"OR": "or", "|": "or", "||": "or", "AND": "and", "NOT": "minus"}.get(token.text, "word")
                token = _Token(kind, token.text, token.start, token.end, bare, star=bare != token.text)
            if token.kind != "space":
                tokens.append(token)
        return tokens

    def _operator(self, token: _Token) -> _Token:
        """With its value; a word of what is no operator, or of one whose value is a group."""
        name = token.text.rstrip(":").lower()
        if name not in OPERATORS:
            rest = re.compile(r'[^\s(){}"]*').match(self.text, token.end)
            end = rest.end() if rest else token.end
            text = self.text[token.start : end]
            bare = text.rstrip("*")
            return _Token("word", text, token.start, end, bare, star=bare != text)
        value = _VALUE.match(self.text, token.end)
        if value is None:
            return token
        if value["quoted"] is not None and not value["ended"]:
            self._problem(token, "The quotation mark is not closed. Put another at the end of the phrase.")
        bare = value["quoted"] if value["quoted"] is not None else value["word"].rstrip("*")
        if several := self._day_words(name, token.end):
            return _Token(
                "operator", self.text[token.start : token.end] + several, token.start, token.end + len(several), several
            )
        star = value[0].endswith("*")
        is_quoted = value["quoted"] is not None
        return _Token("operator", self.text[token.start : value.end()], token.start, value.end(), bare, is_quoted, star)

    def _day_words(self, name: str, at: int) -> str:
        """The most of the next words that are a day together, where they are several and this operator takes days."""
        found = _MORE_WORDS.match(self.text, at) if name in _SINCE | _UNTIL | _ON | _SPANS else None
        words = found[0].split(" ") if found else []
        for count in range(len(words), 1, -1):
            text = " ".join(words[:count])
            if _is_day(name, text.lstrip("<>="), self.today):
                return text
        return ""

    def _kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def _next(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _problem(self, token: _Token, text: str) -> None:
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

    def _group(self, token: _Token, depth: int, field: Field) -> Term | None:
        if depth >= _DEEPEST:
            self._problem(token, "Too many brackets within each other. Take some of them away.")
            return None
        found = self._either(depth + 1, field, braces=token.text == "{")
        if self._kind() == "close":
            self._next()
        else:
            self._problem(token, "This bracket is not closed. Put ) where the group ends.")
        return found

    def _word(self, token: _Token, field: Field) -> Term | None:
        if not re.search(r"\w", token.value):
            return None
        is_last = token.end == len(self.text) and not token.quoted
        text = " ".join(token.value.split())
        inflected = not token.quoted and field in INFLECTED and has_forms(text)
        return Words(text, field, token.star or is_last or field in BY_BEGINNING, inflected)

    def _operation(self, token: _Token, depth: int) -> Term | None:
        name = re.split("[:<>]", token.text, maxsplit=1)[0].lower()
        value = " ".join(token.value.split())
        field = _FIELD_NAMES.get(name)
        if not value and field and self._kind() == "open" and self.tokens[self.at].start == token.end:
            return self._group(self._next(), depth, field)
        if not value:
            self._problem(token, f"Write what to look for right after {name}: (without a space).")
            return None
        if field is not None:
            if not re.search(r"\w", value):
                self._problem(token, f"There is no word in “{value}” to look for.")
                return None
            return self._word(token, field)
        if name in _ANYBODY:
            return either([found for one in _PEOPLE if (found := self._word(token, one))])
        try:
            return self._value_of(name, value)
        except ValueError as error:
            self._problem(token, str(error))
            return None

    def _value_of(self, name: str, value: str) -> Term | None:
        """The term of an operator. Raises ``ValueError`` with what to do where the value is none of its."""
        if name in ("in", "folder"):
            # Gmail: in:unread and in:starred are states.
            state = _STATES.get(value.lower()) if value.lower() in ("unread", "read", "starred", "flagged") else None
            return Is(state) if state and name == "in" else In(value)
        if name == "account":
            return Account(value)
        if name in ("label", "keyword", "tag", "category"):
            return Label(value)
        if name in ("id", "rfc822msgid", "messageid"):
            if not value.strip("<> "):
                raise ValueError("Write the Message-ID after id:, as it stands in the source of the message.")
            return MessageId(value.strip("<> "))
        if name in _FLAGS:
            return _flag(name, value.lower())
        if name in _LARGER | _SMALLER | {"size"}:
            return _size(name, value)
        return _received(name, value, self.today)


_KINDS = ("space", "open", "close", "minus", "operator", "quote", "word")


def _flag(name: str, value: str) -> Term:
    if name in ("hasattachment", "hasattachments", "isread", "isflagged", "hasflag"):
        if value not in _YES_NO:
            raise ValueError(f"{name}: takes yes or no.")
        term: Term = Has("attachment") if "attachment" in name else Is("read" if name == "isread" else "flagged")
        return term if _YES_NO[value] else negated(term)
    if name == "is" and value in _STATES:
        return Is(_STATES[value])
    if name == "has" and value in _THINGS:
        return Has(_THINGS[value])
    if name == "is":
        raise ValueError("is: takes unread, read, flagged, unflagged, replied, unreplied, draft, pinned or muted.")
    raise ValueError("has: takes attachment or invite.")


def _is_day(name: str, text: str, today: date) -> bool:
    if name in _SPANS:
        return parse_span(text, today) is not None
    return parse_days(text, today) is not None or (name in ("older", "newer") and parse_span(text, today) is not None)


def _size(name: str, value: str) -> Term:
    sign = value[0] if value[0] in "<>" else ""
    size = parse_size(value.removeprefix(sign))
    if size is None:
        raise ValueError("Write a size as 500k, 10M or 1G.")
    is_most = sign == "<" if name == "size" else name in _SMALLER
    return Size(below=size) if is_most else Size(above=size)


def _received(name: str, value: str, today: date) -> Term | None:
    if name in _SPANS or (name in ("older", "newer") and parse_span(value, today)):
        day = parse_span(value, today)
        if day is None:
            raise ValueError("Write a span of time as 3d, 2w, 1m or 1y.")
        return Received(until=day) if name in ("older_than", "older") else Received(since=day)
    sign = next((one for one in (">=", "<=", ">", "<") if value.startswith(one)), "")
    first, dots, last = value.removeprefix(sign).partition("..")
    days, to = parse_days(first, today), parse_days(last, today) if dots else None
    if days is None or (dots and to is None):
        raise ValueError("Write a day as 2026-03-01, 1.3.2026, yesterday, last week or march 2026.")
    if name in _UNTIL:
        return Received(until=days.first)
    if name in _SINCE:
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
