"""A query as an IMAP server is asked for it: never less than it means. A table, no database."""

from datetime import date

import pytest

from mailsync.plan.search import parse_query
from mailsync.plan.search_imap import search_keys
from mailsync.protocol.imap_names import encode_keys

TODAY = date(2026, 3, 4)


def asked(query: str, *, ascii_only: bool = False) -> str:
    term = parse_query(f"{query} ", TODAY).term
    return b" ".join(encode_keys(search_keys(term, ascii_only=ascii_only))).decode()


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("lunch", 'TEXT "lunch"'),
        ('"two words" is:unread', 'TEXT "two" TEXT "words" UNSEEN'),
        ("from:ada@x.org to:bob cc:c bcc:d", 'FROM "ada" FROM "x" FROM "org" TO "bob" CC "c" BCC "d"'),
        ("subject:tide body:ebb", 'SUBJECT "tide" BODY "ebb"'),
        ("a OR b", 'OR (TEXT "a") (TEXT "b")'),
        ("a OR b OR c", 'OR (TEXT "a") (OR (TEXT "b") (TEXT "c"))'),
        ("x (a OR is:flagged)", 'TEXT "x" OR (TEXT "a") (FLAGGED)'),
        # What IMAP cannot say is left out, and an OR with it asks for everything.
        ("lunch has:attachment in:sent label:work filename:a.pdf", 'TEXT "lunch"'),
        ("a OR has:attachment", "ALL"),
        ("has:attachment", "ALL"),
        # A server finds parts of words: not to have "tea" would lose "team".
        ("lunch -tea", 'TEXT "lunch"'),
        ("-is:unread -(is:flagged is:replied)", "SEEN OR (UNFLAGGED) (UNANSWERED)"),
        ("-(is:flagged OR lunch)", "UNFLAGGED"),
        # Days with one to spare, as the server's begin elsewhere.
        ("received:2026-03-01", "SINCE 28-Feb-2026 BEFORE 3-Mar-2026"),
        ("larger:5M smaller:6M", "LARGER 5000000 SMALLER 6000000"),
        ("id:<a@b.c>", 'HEADER MESSAGE-ID "a@b.c"'),
        ('"say \\"', 'TEXT "say"'),
    ],
)
def test_a_query_becomes_search_keys(query: str, keys: str) -> None:
    assert asked(query) == keys


def test_other_letters_go_as_literals_under_their_charset() -> None:
    assert asked("Ångström OR café") == "CHARSET UTF-8 OR (TEXT Ångström ALL) (TEXT café ALL)"
    assert asked("Ångström unit", ascii_only=True) == 'TEXT "unit"'
    assert asked("Ångström", ascii_only=True) == "ALL"


def test_the_first_and_last_days_there_are() -> None:
    assert asked("after:0001-01-01") == "SINCE 1-Jan-0001"
    assert asked("before:9999-01-01") == "BEFORE 1-Jan-9999"
