"""A search as typed, taken apart: words, operators with their values, signs and brackets, each at its place. Pure.

``plan.search`` reads a query from them, ``plan.search_names`` writes some of them anew and leaves the rest as typed.
"""

import re
from dataclasses import dataclass
from datetime import date

from mailsync.plan.search_operators import ON, OPERATORS, SINCE, SPANS, UNTIL
from mailsync.plan.search_terms import Problem
from mailsync.plan.search_values import parse_days, parse_span

#: Quotes as telephones type them.
_TYPOGRAPHY = str.maketrans("“”„«»", '"' * 5)

#: Longer queries are cut.
LONGEST_QUERY = 2000

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
class Token:
    """``kind``: word, operator, minus, or, and, open or close. ``start:end`` is its place in the text; ``value`` what a
    word or an operator is about, without its quotation marks."""

    kind: str
    text: str
    start: int
    end: int
    value: str = ""
    quoted: bool = False
    star: bool = False


def plain_query(text: str) -> str:
    """What is read of a query: each character at its place, quotation marks all of one kind."""
    return re.sub(r"[\x00\ud800-\udfff]", " ", text.translate(_TYPOGRAPHY))[:LONGEST_QUERY]


def read_tokens(text: str, today: date) -> tuple[list[Token], list[Problem]]:
    """Never raises. ``text`` as ``plain_query`` gives it; ``today`` is the reader's day, as days may be several words.

    >>> [token.value for token in read_tokens('-in:"Old mail" lunch', date(2026, 3, 1))[0]]
    ['', 'Old mail', 'lunch']
    """
    lexer = _Lexer(text, today)
    return lexer.tokens(), lexer.problems


class _Lexer:
    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = today
        self.problems: list[Problem] = []

    def tokens(self) -> list[Token]:
        tokens: list[Token] = []
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:  # pragma: no cover  (every character begins a token)
                break
            kind = str(match.lastgroup)
            kind = next(name for name in _KINDS if match.group(name) is not None)
            token = Token(kind, match[0], at, match.end())
            at = match.end()
            if kind == "operator":
                token = self._operator(token)
                at = token.end
            elif kind == "quote":
                if not match["ended"]:
                    self._problem(token, "The quotation mark is not closed. Put another at the end of the phrase.")
                star = bool(match["star"]) or not match["ended"]
                token = Token("word", token.text, token.start, token.end, match["quoted"], True, star)
            elif kind == "word":
                bare = token.text.rstrip("*")
                kind = {"OR": "or", "|": "or", "||": "or", "AND": "and", "NOT": "minus"}.get(token.text, "word")
                token = Token(kind, token.text, token.start, token.end, bare, star=bare != token.text)
            if token.kind != "space":
                tokens.append(token)
        return tokens

    def _operator(self, token: Token) -> Token:
        """With its value; a word of what is no operator, or of one whose value is a group."""
        name = token.text.rstrip(":").lower()
        if name not in OPERATORS:
            rest = re.compile(r'[^\s(){}"]*').match(self.text, token.end)
            end = rest.end() if rest else token.end
            text = self.text[token.start : end]
            bare = text.rstrip("*")
            return Token("word", text, token.start, end, bare, star=bare != text)
        value = _VALUE.match(self.text, token.end)
        if value is None:
            return token
        if value["quoted"] is not None and not value["ended"]:
            self._problem(token, "The quotation mark is not closed. Put another at the end of the phrase.")
        bare = value["quoted"] if value["quoted"] is not None else value["word"].rstrip("*")
        if several := self._day_words(name, token.end):
            return Token(
                "operator", self.text[token.start : token.end] + several, token.start, token.end + len(several), several
            )
        star = value[0].endswith("*")
        is_quoted = value["quoted"] is not None
        return Token("operator", self.text[token.start : value.end()], token.start, value.end(), bare, is_quoted, star)

    def _day_words(self, name: str, at: int) -> str:
        """The most of the next words that are a day together, where they are several and this operator takes days."""
        found = _MORE_WORDS.match(self.text, at) if name in SINCE | UNTIL | ON | SPANS else None
        words = found[0].split(" ") if found else []
        for count in range(len(words), 1, -1):
            text = " ".join(words[:count])
            if _is_day(name, text.lstrip("<>="), self.today):
                return text
        return ""

    def _problem(self, token: Token, text: str) -> None:
        self.problems.append(Problem(token.start, token.end, text))


def _is_day(name: str, text: str, today: date) -> bool:
    if name in SPANS:
        return parse_span(text, today) is not None
    return parse_days(text, today) is not None or (name in ("older", "newer") and parse_span(text, today) is not None)


_KINDS = ("space", "open", "close", "minus", "operator", "quote", "word")
