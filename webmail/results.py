"""Results of a search, beside the rows: what was not understood, how much was searched, and what else can be asked.

Screens room, reads only. In: the scope of a search. Out: the context that ``mail/search_bar.jinja`` prints.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsync.plan.facets import narrowed_query
from mailsync.plan.search import parse_query
from mailsync.plan.search_chips import understood
from mailsync.plan.search_terms import And, Not, Or, Problem, Term, walk
from mailsync.store.excerpts import Excerpt, load_excerpts
from mailsync.store.facets import load_facets
from mailsync.store.listing import Page
from mailsync.store.recent_searches import load_recent_searches
from mailsync.store.relevance import WEIGHED, words_of
from mailsync.store.saved_searches import load_saved_searches
from mailsync.store.search import Search
from mailsync.store.server_searches import Standing, load_standing
from webmail.present.asked import asked_words
from webmail.present.said import said
from webmail.present.tree import is_shown
from webmail.reader import Reader
from webmail.scope import ROLE_TITLES, Choice, Scope, folder_title, prepared_search

#: Fields of the form and the operator each of them writes.
_FIELDS = {"from": "from", "to": "to", "subject": "subject", "after": "after", "before": "before", "larger": "larger"}
_HINTS = ("has:attachment", "is:unread", "is:flagged", 'received:"last week"', "newer_than:1m", "larger:5M")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A problem with the words around it, so that its place can be shown."""

    before: str
    bad: str
    after: str
    text: str

    @classmethod
    def of(cls, problem: Problem, query: str) -> "Mistake":
        start, end = problem.start, problem.end
        return cls(query[max(start - 30, 0) : start], query[start:end], query[end : end + 30], said(problem.text))


@dataclass(frozen=True, slots=True)
class Hint:
    """An operator that narrows this search, ready to be followed."""

    text: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the query was understood, and the search without it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A facet ready to be followed: ``count`` of the matches looked at have it."""

    words: str
    label: str
    count: int
    url: str


def excerpts_of(scope: Scope, reader: Reader, page: Page) -> dict[int, Excerpt]:
    """Why each row of a page was found."""
    term = prepared_search(scope, reader).term
    return load_excerpts([row.message_id for row in page.rows], term)


def search_context(request: HttpRequest, reader: Reader, scope: Scope) -> dict[str, Any]:
    """What stands above and around the rows."""
    search = prepared_search(scope, reader)
    everywhere = {"q": scope.query}
    has_set_aside = any(place.role in ("junk", "trash") for place in search.places)
    anywhere = {"q": narrowed_query(scope.query, "in:anywhere", timezone.localdate())}
    standing = standing_of(reader, scope, search) if scope.query else None
    return {
        **(server_context(scope, standing) if standing else {}),
        "weighed": WEIGHED,
        "mistakes": [Mistake.of(problem, search.query.text) for problem in search.problems],
        "coverage": search.coverage(is_indexed=standing.is_indexed) if standing else None,
        "asked": [
            Asked(asked_words(one.terms), f"{reverse('search')}?{urlencode(_asked(scope, one.without))}")
            for one in understood(search.query, timezone.localdate())
        ],
        "saved_here": next((one for one in load_saved_searches(reader.user.pk) if is_shown(one, scope)), None),
        "recent": load_recent_searches(reader.user.pk) if not scope.query and reader.prefs.recent_searches else [],
        "hints": _hints(scope, search) if scope.query else [],
        "asks_something": search.term is not None,
        "facets_url": f"{reverse('search_facets')}?{urlencode(_asked(scope, scope.query))}" if scope.query else "",
        "facets": facets_context(reader, scope) if request.path == reverse("search_facets") else None,
        "searched_folder": folder_title(scope.folders[0]) if scope.within else "",
        "everywhere_url": f"{reverse('search')}?{urlencode(everywhere)}",
        "searches_junk": has_set_aside,
        "anywhere_url": "" if has_set_aside or scope.within else f"{reverse('search')}?{urlencode(anywhere)}",
        "search_folders": [(str(folder.pk), folder_title(folder)) for folder in scope.folders],
    }


def orders_of(scope: Scope, reader: Reader) -> tuple[Choice, ...]:
    """The orders that these results can have, the usual one first; none where there is no word to weigh by."""
    if not words_of(prepared_search(scope, reader).term):
        return ()
    newest, best = replace(scope, by_relevance=False), replace(scope, by_relevance=True)
    return (
        Choice("newest", gettext_lazy("Newest first"), newest.url(), not scope.by_relevance),
        Choice("relevance", gettext_lazy("Best match first"), best.url(), scope.by_relevance),
    )


def standing_of(reader: Reader, scope: Scope, search: Search) -> Standing:
    return load_standing(reader.user.pk, search, scope.query.strip(), int(scope.within) if scope.within else None)


def server_context(scope: Scope, standing: Standing) -> dict[str, Any]:
    """What the mail servers were asked, and whether they can be."""
    is_asking = standing.answer is not None and standing.answer.is_waiting
    return {
        "answer": standing.answer,
        "can_ask": not is_asking and standing.can_ask,
        "answer_url": f"{reverse('ask_servers')}?{urlencode(_asked(scope, scope.query))}",
        "again_url": scope.url(),
    }


def _hints(scope: Scope, search: Search) -> list[Hint]:
    """Those that the search does not ask for already, however it says so."""
    asked = walk(search.term)
    today = timezone.localdate()
    labels = {
        "has:attachment": _("With attachment"),
        "is:unread": _("Unread"),
        "is:flagged": _("Flagged"),
        'received:"last week"': _("Last week"),
        "newer_than:1m": _("Last month"),
        "larger:5M": _("Larger than 5 MB"),
    }
    return [
        Hint(text, labels[text], _narrowed_url(scope, text))
        for text in _HINTS
        if not all(term in asked for term in _leaves(parse_query(text, today).term))
    ]


def _leaves(term: Term | None) -> list[Term]:
    return [one for one in walk(term) if not isinstance(one, And | Or | Not)]


def _narrowed_url(scope: Scope, words: str) -> str:
    query = narrowed_query(scope.query, words, timezone.localdate())
    return f"{reverse('search')}?{urlencode(_asked(scope, query))}"


def _asked(scope: Scope, query: str) -> dict[str, str]:
    within = {"folder": scope.within} if scope.within else {}
    return {"q": query, **within, **({"sort": "relevance"} if scope.by_relevance else {})}


def facets_context(reader: Reader, scope: Scope) -> dict[str, Any]:
    """What the newest results have in common, in groups of links that keep to it."""
    loaded = load_facets(prepared_search(scope, reader))
    titles = {
        "account": _("Account"),
        "folder": _("Folder"),
        "sender": _("Sender"),
        "year": _("Year"),
        "files": _("Attachments"),
    }
    groups: dict[str, list[Narrowing]] = {}
    for facet in loaded.facets:
        label = facet.name
        if facet.kind == "folder":
            label = str(ROLE_TITLES.get(facet.value, "")) or facet.name
        elif facet.kind == "files":
            label = _("With attachment")
        groups.setdefault(titles[facet.kind], []).append(
            Narrowing(facet.words, label, facet.count, _narrowed_url(scope, facet.words))
        )
    return {"groups": groups, "counted": loaded.counted, "is_all": loaded.is_all}


def written_query(given: Mapping[str, str]) -> str:
    """The query that the form's fields ask for, as it would be typed.

    >>> written_query({"from": "Ada L", "words": "lunch", "without": "spam", "attachment": "on"})
    'lunch from:"Ada L" -spam has:attachment'
    """
    parts = [given.get("words", "").strip()]
    for name, operator in _FIELDS.items():
        if value := _plain(given.get(name, "")):
            parts.append(f'{operator}:"{value}"' if " " in value or not value.isascii() else f"{operator}:{value}")
    parts += [f"-{word}" for word in _plain(given.get("without", "")).split()]
    if given.get("attachment"):
        parts.append("has:attachment")
    return " ".join(part for part in parts if part)


def form_target(query: QueryDict) -> str:
    """Where the form for those who type no operators leads: the same search, as a link."""
    asked = {
        "q": written_query({name: str(query.get(name, "")) for name in (*_FIELDS, "words", "without", "attachment")})
    }
    if query.get("folder"):
        asked["folder"] = str(query["folder"])
    return f"{reverse('search')}?{urlencode(asked)}"


def _plain(value: str) -> str:
    return " ".join(value.replace('"', " ").split())
