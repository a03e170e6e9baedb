"""What of a query was understood as more than a word, each with the query without it. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from mailsync.plan.search import parse_query
from mailsync.plan.search_terms import And, Query, Received, Term, Words, every, format_query

_STRETCH = re.compile(r'\s*(?:[^\s"(){}]*"[^"]*"?|[^\s(){}"]+|[(){}])')


@dataclass(frozen=True, slots=True)
class Understood:
    """``terms`` is one term, or the two ends of one span of days; ``without`` the query without them, as typed."""

    terms: tuple[Term, ...]
    without: str


def understood(query: Query, today: date) -> tuple[Understood, ...]:
    """The parts that all results must meet, plain words left out.

    >>> today = date(2026, 3, 1)
    >>> [one.without for one in understood(parse_query("lunch from:ada is:unread", today), today)]
    ['lunch is:unread', 'lunch from:ada']
    """
    parts = query.term.terms if isinstance(query.term, And) else (query.term,) if query.term else ()
    groups: list[tuple[Term, ...]] = []
    for part in parts:
        before = groups[-1][0] if groups else None
        is_end = isinstance(part, Received) and part.since is None
        if is_end and isinstance(before, Received) and before.since and len(groups[-1]) == 1:
            groups[-1] = (before, part)
        elif not (isinstance(part, Words) and not part.field):
            groups.append((part,))
    return tuple(Understood(group, _without(query.text, group, parts, today)) for group in groups)


def _without(text: str, group: tuple[Term, ...], parts: tuple[Term, ...], today: date) -> str:
    """What was typed with one stretch cut out, where that says just this; else the other terms written anew."""
    kept = list(parts)
    for term in group:
        kept.remove(term)
    wanted = every(kept)
    stretches = list(_STRETCH.finditer(text))
    for length in (1, 2):
        for first, last in zip(stretches, stretches[length - 1 :], strict=False):
            cut = (text[: first.start()] + text[last.end() :]).strip()
            if _asks(cut, wanted, today):
                return cut
            if _asks(f"{cut}*", wanted, today):
                return f"{cut}*"
    return format_query(wanted)


def _asks(text: str, wanted: Term | None, today: date) -> bool:
    query = parse_query(f"{text} ", today)
    return query.term == wanted and not query.problems
