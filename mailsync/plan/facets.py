"""What narrows a search further: the accounts, folders, senders and years that its newest matches come from. Pure.

In: the matches, newest first. Out: facets with their counts, each with the words that, added to the query, keep to it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from mailsync.plan.search import parse_query
from mailsync.plan.search_terms import Or, Query, every, format_query

Kind = Literal["account", "folder", "sender", "year", "files"]

#: So many of each kind are offered: more would be a list to read, not a shortcut.
MOST_OF_A_KIND = 5


@dataclass(frozen=True, slots=True)
class Match:
    """``folder`` is what ``in:`` calls the place: a role, else a path; ``name`` and ``label`` are for people."""

    account: str
    label: str
    folder: str
    name: str
    sender: str
    sender_name: str
    year: int
    has_files: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """``words`` narrow the query to these ``count`` matches; ``value`` is what they ask for."""

    kind: Kind
    value: str
    name: str
    words: str
    count: int


_VALUES: dict[Kind, Callable[[Match], tuple[str, str]]] = {
    "account": lambda match: (match.account, match.label),
    "folder": lambda match: (match.folder, match.name),
    "sender": lambda match: (match.sender.lower(), match.sender_name),
    "year": lambda match: (str(match.year), ""),
    "files": lambda match: ("attachment" if match.has_files else "", ""),
}
_OPERATORS: dict[Kind, str] = {
    "account": "account",
    "folder": "in",
    "sender": "from",
    "year": "received",
    "files": "has",
}


def choose_facets(matches: Sequence[Match]) -> tuple[Facet, ...]:
    """By kind the most frequent first, years from the newest. What all matches share narrows nothing and is left out.

    >>> matches = [Match("", "", "inbox", "", "a@b.c", "", year, True) for year in (2026, 2025)]
    >>> [facet.words for facet in choose_facets(matches)]
    ['received:2026', 'received:2025']
    """
    chosen: list[Facet] = []
    for kind, value_of in _VALUES.items():
        counts = Counter(value_of(match)[0] for match in matches)
        names = _newest_names(map(value_of, matches))
        found = [
            Facet(kind, value, names.get(value) or value, f'{_OPERATORS[kind]}:"{value}"', count)
            for value, count in counts.most_common()
            # A quotation mark within quotation marks cannot be written.
            if value and '"' not in value and count < len(matches)
        ][:MOST_OF_A_KIND]
        if kind == "year":
            found.sort(key=lambda facet: facet.value, reverse=True)
        chosen += found
    return tuple(_unquoted(facet) for facet in chosen)


def _newest_names(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for value, name in pairs:
        if name:
            names.setdefault(value, name)
    return names


def _unquoted(facet: Facet) -> Facet:
    """Without quotation marks where the operator reads its value alike, as people would type it."""
    bare = f"{_OPERATORS[facet.kind]}:{facet.value}"
    today = date.min
    if parse_query(f"{bare} ", today) == Query(f"{bare} ", parse_query(facet.words, today).term):
        return Facet(facet.kind, facet.value, facet.name, bare, facet.count)
    return facet


#: Nothing but words and operators with their values beside each other: what follows them adds to them and changes
#: nothing of what they mean, so that they need not be read once more.
_PLAIN = re.compile(
    r"""(?:(?!(?:OR|AND|NOT)\b)(?:[a-z_]{1,20}:)?(?:[^\W_]{1,40}\*?|"[^\W_]{1,40}(?:\ [^\W_]{1,40})*")(?:\s|$)){1,5}""",
    re.VERBOSE,
)


def narrowed_query(text: str, words: str, today: date) -> str:
    """The query with more words: whoever typed ``lunch OR dinn`` still gets every dinner, of these only.

    >>> narrowed_query("lunch OR dinn", "from:ada", date(2026, 3, 1))
    '(lunch OR dinn*) from:ada'
    """
    asked, added = parse_query(text, today).term, parse_query(f"{words} ", today).term
    typed = text.strip()
    # The last word may be the beginning of one only while it stands last.
    if parse_query(f"{typed} ", today).term != asked:
        typed += "*"
    if isinstance(asked, Or):
        typed = f"({typed})"
    narrowed = f"{typed} {words}".strip()
    if _PLAIN.fullmatch(typed) and _PLAIN.fullmatch(words):
        return narrowed
    wanted = every([term for term in (asked, added) if term])
    return narrowed if parse_query(f"{narrowed} ", today).term == wanted else format_query(wanted)
