"""What is being typed in a search box: the word or the operator's value around the caret. Pure.

In: the text and the caret's place. Out: what it is, so that the fitting things can be offered, and the text with one of
them in its place.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["nothing", "word", "person", "folder", "label", "account", "is", "has"]

_TYPED = re.compile(r'(?:^|(?<=[\s(){}]))-?(?P<operator>[A-Za-z_]{2,20}:)?(?P<value>"[^"]*|[^\s(){}"]*)$')
_REST = re.compile(r'[^\s(){}"]*')
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("from", "sender", "to", "recipient", "cc", "bcc"), "person"),
    **dict.fromkeys(("in", "folder"), "folder"),
    **dict.fromkeys(("label", "tag", "keyword", "category"), "label"),
    "account": "account",
    "is": "is",
    "has": "has",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """``text`` from ``start`` to ``end`` is being typed: ``operator`` (``from:``, or "") and as much of its value."""

    text: str
    kind: Kind
    operator: str
    value: str
    start: int
    end: int

    def completed(self, words: str) -> tuple[str, int]:
        """The whole text with ``words`` in this place, and the caret's new one. An operator waits for its value."""
        rest = self.text[self.end :].lstrip()
        head = self.text[: self.start] + words + ("" if words.endswith(":") else " ")
        return head + rest, len(head)


def typed_at(text: str, at: int) -> Typed:
    """
    >>> typed_at("lunch from:pri", 14)
    Typed(text='lunch from:pri', kind='person', operator='from:', value='pri', start=6, end=14)
    >>> typed_at("lunch from:pri", 14).completed("from:priya@example.org")
    ('lunch from:priya@example.org ', 29)
    """
    at = max(0, min(at, len(text)))
    match = _TYPED.search(text[:at])
    if match is None:
        return Typed(text, "nothing", "", "", at, at)
    operator, value = match["operator"] or "", match["value"]
    start = match.start("operator") if operator else match.start("value")
    kind = _KINDS.get(operator[:-1].lower(), "nothing") if operator else "word" if value else "nothing"
    # An open quotation reaches to its end, anything else to the end of its word.
    rest = re.compile(r'[^"]*"?' if value.startswith('"') else _REST.pattern).match(text, at)
    end = rest.end() if rest else at
    return Typed(text, kind, operator, value.removeprefix('"'), start, end)
