"""Facets as tables: what is offered of some matches, and how a query is narrowed without changing what it asks for."""

from dataclasses import replace
from datetime import date

import pytest

from mailsync.plan.facets import MOST_OF_A_KIND, Match, choose_facets, narrowed_query
from mailsync.plan.search import parse_query
from mailsync.plan.search_terms import every

TODAY = date(2026, 3, 1)
ONE = Match("a@example.test", "Work", "inbox", "INBOX", "ada@example.test", "Ada", 2026, False)


def test_the_most_frequent_stand_first_and_years_from_the_newest() -> None:
    old = replace(ONE, year=2019, sender="bob@example.test", sender_name="")
    found = choose_facets([ONE, old, old])
    assert [(facet.words, facet.name, facet.count) for facet in found] == [
        ("from:bob@example.test", "bob@example.test", 2),
        ("from:ada@example.test", "Ada", 1),
        ("received:2026", "2026", 1),
        ("received:2019", "2019", 2),
    ]


def test_an_address_is_one_sender_however_spelled_by_the_newest_name() -> None:
    found = choose_facets(
        [replace(ONE, sender="Ada@Example.test", sender_name="Ada L"), ONE, replace(ONE, sender="b@c.d")]
    )
    assert [(facet.name, facet.count) for facet in found if facet.kind == "sender"] == [("Ada L", 2), ("Ada", 1)]


def test_few_of_a_kind_are_offered_and_none_that_cannot_be_asked_for() -> None:
    found = choose_facets([replace(ONE, sender=f"{n}@example.test") for n in range(MOST_OF_A_KIND + 3)])
    assert len(found) == MOST_OF_A_KIND
    assert choose_facets([ONE, replace(ONE, folder='12" records')])[0].words == "in:inbox"
    assert choose_facets([]) == choose_facets([ONE]) == ()


@pytest.mark.parametrize("folder", ["starred", "a b", "x/y", "-minus", "(open", "what:ever", "größe"])
def test_a_folder_of_any_name_is_asked_for_by_its_name(folder: str) -> None:
    for facet in choose_facets([ONE, replace(ONE, folder=folder)]):
        if facet.value == folder:
            assert parse_query(f"{facet.words} ", TODAY).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        *("tide", "tide ", "a OR b", "a b OR c", "(a OR b) c", '"open quote', "from:ada", "-tide", "tide -", "{a b}"),
        *("(a OR b", "tide before:soon", "in:inbox OR label:x", "tide*", "", "OR", "larger:5M last", "NOT a OR -b"),
        "日本 OR 語",
    ],
)
@pytest.mark.parametrize("words", ["has:attachment", "from:ada@example.test", "received:2025", 'in:"a b"'])
def test_a_narrowed_query_asks_for_both(text: str, words: str) -> None:
    narrowed = narrowed_query(text, words, TODAY)
    both = [parse_query(text, TODAY).term, parse_query(f"{words} ", TODAY).term]
    assert parse_query(f"{narrowed} ", TODAY).term == every([term for term in both if term])
