"""The folders, labels and accounts that a search names, written anew where these get other names. Pure.

In: a query as typed, and what each name in it is to be. Out: the query with those names alone changed, so that it asks
for what it has asked for; all else stays as typed.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

from mailsync.plan.search_operators import IN_STATES, OF_FOLDERS, OF_LABELS
from mailsync.plan.search_terms import format_value
from mailsync.plan.search_tokens import Token, plain_query, read_tokens

Kind = Literal["folder", "label", "account"]

#: A day of some year: which one it is matters to no name.
_ANY_DAY = date(2000, 1, 1)


def rewrite_names(text: str, change: Callable[[Kind, str], Sequence[str] | None]) -> str:
    """The query with other names. ``change`` tells what a name is to be: None where it stays, several where one name
    has become several.

    >>> rewrite_names("-in:Old  lunch", lambda kind, name: ["New folder"])
    '-in:"New folder"  lunch'
    >>> rewrite_names("-in:Old lunch", lambda kind, name: ["Old", "New"])
    '-(in:Old OR in:New) lunch'
    """
    written, at = "", 0
    for token in read_tokens(plain_query(text), _ANY_DAY)[0]:
        kind, name = _named(token)
        names = change(kind, name) if kind else None
        # A quotation mark within a value cannot be written.
        if not names or any('"' in one or not one.strip() for one in names):
            continue
        head = token.text.partition(":")[0]
        terms = [f"{head}:{format_value(one)}" for one in names]
        written += text[at : token.start] + (terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})")
        at = token.end
    return _without_twins(written + text[at:]) if at else text


def names_in(text: str) -> list[tuple[Kind, str]]:
    """Every folder, label and account that a query names, as typed."""
    found = (_named(token) for token in read_tokens(plain_query(text), _ANY_DAY)[0])
    return [(kind, name) for kind, name in found if kind]


def label_key(keyword: str) -> str:
    """What two spellings of a label have in common: "$Label_one" on the wire is "label one" to people.

    >>> label_key("$Label_one")
    'label one'
    """
    return keyword.lstrip("$").replace("_", " ").lower()


def _named(token: Token) -> tuple[Kind | None, str]:
    operator, name = token.text.partition(":")[0].lower(), " ".join(token.value.split())
    if token.kind != "operator" or not name:
        return None, ""
    if operator in OF_FOLDERS:
        return (None, "") if operator == "in" and name.lower() in IN_STATES else ("folder", name)
    if operator in OF_LABELS:
        return "label", name
    return ("account", name) if operator == "account" else (None, "")


def _without_twins(text: str) -> str:
    """``(in:a OR in:a)``, as two names that have become one again, is ``in:a``."""
    tokens = read_tokens(plain_query(text), _ANY_DAY)[0]
    for before, one, sign, other, after in zip(tokens, tokens[1:], tokens[2:], tokens[3:], tokens[4:], strict=False):
        kinds = [token.kind for token in (before, one, sign, other, after)]
        if kinds == ["open", "operator", "or", "operator", "close"] and one.text == other.text and before.text == "(":
            return _without_twins(text[: before.start] + one.text + text[after.end :])
    return text
