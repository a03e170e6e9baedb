"""Rules as decisions: what the form means as a search, which rule treats which message, who is blocked."""

from datetime import date

import pytest

from mailsync.plan.rules import (
    Arrived,
    Deed,
    Fields,
    RuleFacts,
    build_query,
    find_blocked,
    in_order,
    needs_text,
    plan_run,
)
from mailsync.plan.search import parse_query
from mailsync.plan.search_terms import with_me

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        (Fields(), ""),
        (Fields(sender="Ada <ada@example.org>"), "from:ada@example.org"),
        (Fields(sender='"Berg, Ada" <ada@example.org>, bob'), "from:ada@example.org OR from:bob"),
        (Fields(sender='"Berg, Ada"; bob'), 'from:"Berg, Ada" OR from:bob'),
        (Fields(sender='"Berg, bob'), "from:Berg OR from:bob"),
        (Fields(sender="ada@example.org, ,bob"), "from:ada@example.org OR from:bob"),
        (Fields(sender="ada, bob", search="is:unread"), "(from:ada OR from:bob) is:unread"),
        (Fields(to='"team"', list_id="news.example; talk.example"), "to:team (list:news.example OR list:talk.example)"),
        (Fields(subject='the "weekly" rota', words="tea  cake"), 'subject:"the weekly rota" "tea" "cake"'),
        (Fields(has_attachment=True, larger_mb=2), "has:attachment larger:2000000"),
        (Fields(to_me=True), "to:me OR cc:me"),
        (Fields(search="a OR b"), "a OR b"),
        (Fields(subject="x", search="a OR b"), 'subject:"x" (a OR b)'),
    ],
)
def test_the_form_is_a_search_that_is_read_as_it_was_meant(fields: Fields, query: str) -> None:
    assert build_query(fields) == query
    assert not parse_query(query, TODAY).problems
    assert Fields.from_json(fields.as_json()) == fields


def test_me_is_every_address_of_the_reader_also_below_other_terms() -> None:
    term = parse_query("-from:me (to:Me OR cc:bob) me ", TODAY).term
    asked = with_me(term, ["ada@x.org", "a@y.org"])
    spelled = parse_query("-(from:ada@x.org OR from:a@y.org) (to:ada@x.org OR to:a@y.org OR cc:bob) me ", TODAY).term
    assert asked == spelled
    assert with_me(term, []) == term


@pytest.mark.parametrize(
    ("query", "waits"),
    [
        ("from:ada subject:rota", False),
        ("larger:1m", False),
        ("list:news is:unread", False),
        ("rota ", True),
        ("-body:rota", True),
        ("subject:a OR has:attachment", True),
        ("filename:pdf", True),
    ],
)
def test_what_a_header_decides_waits_for_no_text(query: str, waits: bool) -> None:
    assert needs_text(parse_query(query, TODAY).term) is waits


@pytest.mark.parametrize(
    ("address", "pattern"),
    [
        ("Ada@Example.org", "ada@example.org"),
        ("bob@shop.example", "shop.example"),
        ("bob@news.shop.example", "shop.example"),
        ("bob@myshop.example", None),
        ("shop.example@other.test", None),
        ("bob@müller.example", "xn--mller-kva.example"),
        ("bob@xn--mller-kva.example", "xn--mller-kva.example"),
        ("bob@old.müller.test", "müller.test"),
        ("", None),
    ],
)
def test_an_address_is_blocked_by_itself_its_domain_or_one_above(address: str, pattern: str | None) -> None:
    patterns = {"ada@example.org", "shop.example", "xn--mller-kva.example", "müller.test"}
    assert find_blocked(address, patterns) == pattern


def test_marks_come_before_the_move() -> None:
    assert in_order([Deed("move", "3"), Deed("read")]) == [Deed("read"), Deed("move", "3")]


def test_rules_go_in_order_and_an_end_hides_a_message_from_later_ones() -> None:
    rules = [RuleFacts(1, {7, 8}), RuleFacts(2, {8}, ends=True), RuleFacts(3, {7, 8, 9})]
    planned = plan_run(rules, [Arrived(7, 1), Arrived(8, 1), Arrived(9, 1)])
    assert planned.hits == {1: [7, 8], 2: [8], 3: [7, 9]}
    assert not planned.waiting


def test_a_rule_for_one_mailbox_sees_no_mail_of_others() -> None:
    planned = plan_run([RuleFacts(1, {7, 8}, accounts=[5])], [Arrived(7, 5), Arrived(8, 6)])
    assert planned.hits == {1: [7]}


def test_what_needs_text_waits_and_goes_on_where_it_stood() -> None:
    rules = [RuleFacts(1, {7}), RuleFacts(2, {7}, needs_text=True), RuleFacts(3, {7})]
    first = plan_run(rules, [Arrived(7, 1, has_text=False)])
    assert (first.hits, first.waiting) == ({1: [7]}, {7: [1]})
    # A later rule of headers alone does not overtake: the order is the person's.
    second = plan_run(rules, [Arrived(7, 1, ran=first.waiting[7])])
    assert (second.hits, second.waiting) == ({2: [7], 3: [7]}, {})
