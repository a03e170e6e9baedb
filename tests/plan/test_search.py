"""What is typed into the search box: one query and the terms it means, spellings, problems, and never an exception."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.plan.search import parse_query
from mailsync.plan.search_terms import (
    Account,
    And,
    DeliveredTo,
    Has,
    Important,
    In,
    Is,
    Label,
    MessageId,
    Not,
    Or,
    Received,
    Size,
    Symbols,
    Term,
    Words,
    format_query,
    walk,
)
from mailsync.plan.search_values import Days, parse_days

TODAY = date(2026, 3, 4)  # a Wednesday


def W(text: str, field="", prefix=False, quoted=False) -> Words:  # type: ignore[no-untyped-def]
    """As it is meant without quotes: one word of letters, looked for anywhere, has other forms."""
    inflected = not quoted and field in ("", "subject", "body") and text.isalpha() and len(text) > 1
    return Words(text, field, prefix, inflected)


def term(text: str) -> Term | None:
    query = parse_query(text, TODAY)
    assert query.problems == (), query.problems
    return query.term


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("   ", None),
        ("!! ...", None),
        ("🎉 ", Symbols("🎉")),
        ("-🎉 lunch ", And((Not(Symbols("🎉")), W("lunch")))),
        ("Sale🎉 ", W("Sale🎉")),
        ("subject:❤\ufe0f", Symbols("❤", "subject")),
        ('from:"✓ ✓"', Symbols("✓ ✓", "from")),
        ("lunch", W("lunch", prefix=True)),
        ("lunch ", W("lunch")),
        ("lunch friday ", And((W("lunch"), W("friday")))),
        ("lun* friday ", And((W("lun", prefix=True), W("friday")))),
        ('"lunch on friday"', W("lunch on friday")),
        ("“lunch on friday”", W("lunch on friday")),
        ('"lunch on"*', W("lunch on", prefix=True)),
        ('"lunch" ', W("lunch", quoted=True)),
        ('"lunch"* x', And((W("lunch", prefix=True, quoted=True), W("x", prefix=True)))),
        ("lunch* ", W("lunch", prefix=True)),
        ("-spam lunch ", And((Not(W("spam")), W("lunch")))),
        ("NOT spam lunch ", And((Not(W("spam")), W("lunch")))),
        ("--spam ", W("spam")),
        ("a OR b ", Or((W("a"), W("b")))),
        ("a | b ", Or((W("a"), W("b")))),
        ("a AND b ", And((W("a"), W("b")))),
        ("a or b ", And((W("a"), W("or"), W("b")))),
        ("a b OR c d ", Or((And((W("a"), W("b"))), And((W("c"), W("d")))))),
        ("(a OR b) c ", And((Or((W("a"), W("b"))), W("c")))),
        ("{a b} c ", And((Or((W("a"), W("b"))), W("c")))),
        ("-(a OR b) ", Not(Or((W("a"), W("b"))))),
        ("((a)) ", W("a")),
        ("foo-bar ", W("foo-bar")),
        ("ada@example.org ", W("ada@example.org")),
        ("12:30 Re: https://x.test/a ", And((W("12:30"), W("Re:"), W("https://x.test/a")))),
        ("colour:red ", W("colour:red")),
        ("from:ada", W("ada", "from", True)),
        ('FROM:"Ada L" ', W("Ada L", "from", True)),
        ("-from:ada ", Not(W("ada", "from", True))),
        ("subject:plan ", W("plan", "subject")),
        ("subject:pla", W("pla", "subject", True)),
        ("subject:(a OR b) ", Or((W("a", "subject"), W("b", "subject")))),
        ("from:(ada bob) ", And((W("ada", "from", True), W("bob", "from", True)))),
        ('body:"x y" ', W("x y", "body")),
        ("filename:report.pdf", W("report.pdf", "filename", True)),
        ("attachment:report", W("report", "filename", True)),
        ("list:django ", W("django", "list", True)),
        ("has:attachment", Has("attachment")),
        ("hasattachment:yes", Has("attachment")),
        ("hasattachment:no", Not(Has("attachment"))),
        ("has:invite", Has("invite")),
        ("is:unread", Is("unread")),
        ("is:starred", Is("flagged")),
        ("is:answered", Is("replied")),
        ("isread:no", Not(Is("read"))),
        ("in:starred", Is("flagged")),
        ("in:inbox", In("inbox")),
        ('in:"Old projects"', In("Old projects")),
        ("in:anywhere", In("anywhere")),
        ("account:work", Account("work")),
        ("label:travel", Label("travel")),
        ("category:travel", Label("travel")),
        ("rfc822msgid:<a@b>", MessageId("a@b")),
        ("id:a@b", MessageId("a@b")),
        ("larger:10M", Size(above=10_000_000)),
        ("importance:high", Important("high")),
        ("is:important", Important("high")),
        ("-importance:Low", Not(Important("low"))),
        ("deliveredto:<Ada@example.org>", DeliveredTo("ada@example.org")),
        ("smaller:500k", Size(below=500_000)),
        ("size:>1G", Size(above=10**9)),
        ("size:<2k", Size(below=2000)),
        ("size:1000", Size(above=1000)),
        ("after:2026-03-01", Received(since=date(2026, 3, 1))),
        ("before:2004/04/16", Received(until=date(2004, 4, 16))),
        ("newer_than:2w", Received(since=date(2026, 2, 18))),
        ("older_than:1y", Received(until=date(2025, 3, 4))),
        ("older:3d", Received(until=date(2026, 3, 1))),
        ("newer:2026-03-01", Received(since=date(2026, 3, 1))),
        ("received:yesterday", And((Received(since=date(2026, 3, 3)), Received(until=date(2026, 3, 4))))),
        ('received:"last week"', And((Received(since=date(2026, 2, 23)), Received(until=date(2026, 3, 2))))),
        ("received:last week", And((Received(since=date(2026, 2, 23)), Received(until=date(2026, 3, 2))))),
        ("before:1 march 2026", Received(until=date(2026, 3, 1))),
        ("since:2 weeks ago", Received(since=date(2026, 2, 18))),
        ("older_than:2 weeks", Received(until=date(2026, 2, 18))),
        ("after:monday lunch* ", And((Received(since=date(2026, 3, 2)), Words("lunch", "", True, True)))),
        ("after:march lunch* ", And((Received(since=date(2026, 3, 1)), Words("lunch", "", True, True)))),
        ("after:letzte Woche", Received(since=date(2026, 2, 23))),
        ("received:gestern", And((Received(since=date(2026, 3, 3)), Received(until=date(2026, 3, 4))))),
        ("before:vor 3 Tagen", Received(until=date(2026, 3, 1))),
        ("after:3. März 2026", Received(since=date(2026, 3, 3))),
        ("newer_than:2 wochen", Received(since=date(2026, 2, 18))),
        ("received>=2026-03-01", Received(since=date(2026, 3, 1))),
        ("sent<2026-03-01", Received(until=date(2026, 3, 1))),
        ("size>1G", Size(above=10**9)),
        ("hasflag:yes", Is("flagged")),
        ("hasflag:no", Not(Is("flagged"))),
        ("participants:ada", Or(tuple(Words("ada", one, prefix=True) for one in ("from", "to", "cc", "bcc")))),
        ("received:>=2026-03-01", Received(since=date(2026, 3, 1))),
        ("received:>2026-03-01", Received(since=date(2026, 3, 2))),
        ("sent:<2026-03-01", Received(until=date(2026, 3, 1))),
        ("date:2026-01-01..2026-01-31", And((Received(since=date(2026, 1, 1)), Received(until=date(2026, 2, 1))))),
    ],
)
def test_a_query_means(text: str, expected: Term | None) -> None:
    assert term(text) == expected


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("1.3.2026", (2026, 3, 1), (2026, 3, 2)),
        ("31/12/2025", (2025, 12, 31), (2026, 1, 1)),
        ("12/31/2025", (2025, 12, 31), (2026, 1, 1)),
        ("2025-12", (2025, 12, 1), (2026, 1, 1)),
        ("2025", (2025, 1, 1), (2026, 1, 1)),
        ("today", (2026, 3, 4), (2026, 3, 5)),
        ("this week", (2026, 3, 2), (2026, 3, 9)),
        ("last_month", (2026, 2, 1), (2026, 3, 1)),
        ("this month", (2026, 3, 1), (2026, 4, 1)),
        ("last year", (2025, 1, 1), (2026, 1, 1)),
        ("monday", (2026, 3, 2), (2026, 3, 3)),
        ("wednesday", (2026, 2, 25), (2026, 2, 26)),
        ("last fri", (2026, 2, 27), (2026, 2, 28)),
        ("march", (2026, 3, 1), (2026, 4, 1)),
        ("december", (2025, 12, 1), (2026, 1, 1)),
        ("Feb 2024", (2024, 2, 1), (2024, 3, 1)),
        ("29 Feb 2024", (2024, 2, 29), (2024, 3, 1)),
        ("March 1, 2026", (2026, 3, 1), (2026, 3, 2)),
        ("2 weeks ago", (2026, 2, 18), (2026, 2, 19)),
    ],
)
def test_days(text: str, first: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert parse_days(text, TODAY) == Days(date(*first), date(*end))


def test_the_month_before_january_is_december() -> None:
    assert parse_days("last month", date(2026, 1, 31)) == Days(date(2025, 12, 1), date(2026, 1, 1))


@pytest.mark.parametrize("text", ["3/4/2026", "31.2.2026", "2026-13", "soon", "", "ma", "1 march 1 2026", "9999-12-31"])
def test_what_is_no_day_or_could_be_two(text: str) -> None:
    assert parse_days(text, TODAY) is None


@pytest.mark.parametrize(
    ("text", "place", "words", "rest"),
    [
        ('lunch "on fri', (6, 13), "not closed", And((W("lunch"), W("on fri", prefix=True)))),
        ("(lunch", (0, 1), "not closed", W("lunch", prefix=True)),
        ("lunch) ", (5, 6), "closes nothing", W("lunch")),
        ("lunch from: ", (6, 11), "right after from:", W("lunch")),
        ("lunch before:soon", (6, 17), "2026-03-01", W("lunch")),
        ("lunch after:3/4/2026", (6, 20), "2026-03-01", W("lunch")),
        ("larger:big lunch ", (0, 10), "10M", W("lunch")),
        ("is:blue lunch ", (0, 7), "unread", W("lunch")),
        ("has:legs lunch ", (0, 8), "attachment", W("lunch")),
        ("hasattachment:maybe lunch ", (0, 19), "yes or no", W("lunch")),
        ("older_than:x lunch ", (0, 12), "2w", W("lunch")),
        ("lunch OR", (6, 8), "both sides", W("lunch")),
        ("OR lunch ", (0, 2), "both sides", W("lunch")),
        ("lunch NOT", (6, 9), "after it", W("lunch")),
        ("subject:!! lunch ", (0, 10), "no word", W("lunch")),
        ("id:<> lunch ", (0, 5), "Message-ID", W("lunch")),
    ],
)
def test_a_problem_is_told_at_its_place_and_the_rest_works(text, place, words, rest) -> None:  # type: ignore[no-untyped-def]
    query = parse_query(text, TODAY)
    assert query.term == rest
    (problem,) = query.problems
    assert (problem.start, problem.end) == place
    assert words in problem.text


def test_brackets_without_end_are_refused_in_words() -> None:
    query = parse_query("(" * 2000, TODAY)
    assert any("Too many brackets" in problem.text for problem in query.problems)
    parse_query("-" * 1999 + "a", TODAY)
    parse_query("NOT " * 499 + "a", TODAY)


PIECES = st.sampled_from(
    [
        *(
            "a",
            "lunch",
            '"',
            '"two words"',
            "-",
            "OR",
            "AND",
            "NOT",
            "(",
            ")",
            "{",
            "}",
            " ",
            "  ",
            "*",
            "|",
            "..",
            ">",
        ),
        *("from:", "subject:", "before:", "is:unread", "in:", "larger:", "id:", "older_than:", "account:", "has:"),
        *(">", "received:", "list:", "2026-01-01", "yesterday", "10M", "3d", "<x@y>", "東京", "é", "\x00"),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=80))
def test_never_raises_and_what_is_formatted_means_the_same(text: str) -> None:
    query = parse_query(text, TODAY)
    for problem in query.problems:
        assert 0 <= problem.start < problem.end <= len(query.text)
    again = parse_query(format_query(query.term), TODAY)
    assert again.term == query.term
    assert again.problems == ()
    assert all(not isinstance(found, Not) or not isinstance(found.term, Not) for found in walk(query.term))
