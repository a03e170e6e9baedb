"""What is typed at the caret, and what of a query stands as a chip: a table, no database."""

from datetime import date

import pytest

from mailsync.plan.search import parse_query
from mailsync.plan.search_chips import understood
from mailsync.plan.search_completion import typed_at

TODAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("marked", "kind", "value"),
    [
        ("|", "nothing", ""),
        ("lun|", "word", "lun"),
        ("lunch |", "nothing", ""),
        ("lunch from:|", "person", ""),
        ("lunch FROM:Ad|a more", "person", "Ad"),
        ('to:"Ada L|ove" x', "person", "Ada L"),
        ("-in:Ar|", "folder", "Ar"),
        ("(label:wo|", "label", "wo"),
        ("account:|x", "account", ""),
        ("is:un|", "is", "un"),
        ("has:|", "has", ""),
        ("after:mon|", "nothing", "mon"),
        ('"a phrase|', "word", "a phrase"),
        ('"a phrase"|', "nothing", ""),
        ("12:30|", "word", "12:30"),
    ],
)
def test_what_is_typed_at_the_caret(marked: str, kind: str, value: str) -> None:
    at = marked.index("|")
    typed = typed_at(marked.replace("|", ""), at)
    assert (typed.kind, typed.value) == (kind, value)


@pytest.mark.parametrize(
    ("marked", "words", "text"),
    [
        ("lunch fr|", "from:", "lunch from:|"),
        ("lunch from:a| tomorrow", "from:ada@x.org", "lunch from:ada@x.org |tomorrow"),
        ("from:a|da tomorrow", "from:bob", "from:bob |tomorrow"),
        ('in:"My f|older" x', 'in:"My folder"', 'in:"My folder" |x'),
        ("-in:ar|", "in:archive", "-in:archive |"),
        ("|", "is:unread", "is:unread |"),
    ],
)
def test_a_choice_takes_the_place_of_what_is_typed(marked: str, words: str, text: str) -> None:
    whole, caret = typed_at(marked.replace("|", ""), marked.index("|")).completed(words)
    assert whole[:caret] + "|" + whole[caret:] == text


@pytest.mark.parametrize("at", [-5, 0, 3, 99])
def test_a_caret_from_anywhere_is_taken(at: int) -> None:
    assert typed_at("ab ", at).text == "ab "


@pytest.mark.parametrize(
    ("query", "without"),
    [
        ("lunch", []),
        ("lunch from:ada", ["lunch"]),
        ("lunc from:ada", ["lunc"]),
        ("from:ada lunc", ["lunc*"]),
        ('from:"Ada L" is:unread dinner ', ["is:unread dinner", 'from:"Ada L" dinner']),
        ("lunch -spam", ["lunch"]),
        ("lunch NOT from:ada", ["lunch"]),
        ("lunch received:2026 is:unread ", ["lunch is:unread", "lunch received:2026"]),
        ("after:monday lunch ", ["lunch"]),
        ("(lunch OR dinner) is:unread", ["is:unread", "(lunch OR dinner)"]),
        ("is:unread", [""]),
        ("", []),
        ("is:nothing", []),
    ],
)
def test_each_part_is_taken_out_as_it_was_typed(query: str, without: list[str]) -> None:
    found = understood(parse_query(query, TODAY), TODAY)
    assert [one.without for one in found] == without


def test_both_ends_of_a_span_are_one_part() -> None:
    (found,) = understood(parse_query("received:2025", TODAY), TODAY)
    assert len(found.terms) == 2
