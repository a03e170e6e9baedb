"""Address lists: as RFC 5322 has them, as people type them, as broken software sends them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.message.addresses import (
    ascii_address,
    format_address,
    is_address,
    parse_address_list,
    read_addresses,
    same_address,
)
from mailsync.types import Address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.org", [("", "ann@example.org")]),
        ("Ann Lee <ann@example.org>", [("Ann Lee", "ann@example.org")]),
        ('"Lee, Ann" <ann@example.org>, bob@example.org', [("Lee, Ann", "ann@example.org"), ("", "bob@example.org")]),
        ("ann@example.org (Ann Lee)", [("Ann Lee", "ann@example.org")]),
        ("(note) Ann (more (nested)) <ann@example.org>", [("Ann", "ann@example.org")]),
        ("Team: ann@example.org, Bob <bob@example.org>;", [("", "ann@example.org"), ("Bob", "bob@example.org")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.example,@b.example:ann@example.org>", [("", "ann@example.org")]),
        ('"quoted local"@example.org', [("", '"quoted local"@example.org')]),
        ('"a@b"@example.org', [("", '"a@b"@example.org')]),
        ("ann@[192.0.2.1]", [("", "ann@[192.0.2.1]")]),
        ("=?utf-8?Q?J=C3=BCrgen?= <j@example.org>", [("Jürgen", "j@example.org")]),
        ('"=?utf-8?Q?Lee=2C_Ann?=" <a@example.org>', [("Lee, Ann", "a@example.org")]),
        ("=?utf-8?Q?Lee=2C_A?= <a@example.org>, b@example.org", [("Lee, A", "a@example.org"), ("", "b@example.org")]),
        ("ann@example.org; bob@example.org", [("", "ann@example.org"), ("", "bob@example.org")]),
        ("ann@example.org\nbob@example.org", [("", "ann@example.org"), ("", "bob@example.org")]),
        ("Ann Lee ann@example.org", [("Ann Lee", "ann@example.org")]),
        ("<ann@example.org> <bob@example.org>", [("", "ann@example.org"), ("", "bob@example.org")]),
        ("'ann@example.org' <ann@example.org>", [("", "ann@example.org")]),
        ("Ann <'ann@example.org'>", [("Ann", "ann@example.org")]),
        ("mailto:ann@example.org", [("", "ann@example.org")]),
        ('"Ann "The Boss" Lee" <ann@example.org>', [("Ann The Boss Lee", "ann@example.org")]),
        ("Jürgen <jürgen@bücher.example>", [("Jürgen", "jürgen@bücher.example")]),
        (", ,; ", []),
        ("", []),
    ],
)  # fmt: skip
def test_lists_that_can_be_read(text: str, expected: list[tuple[str, str]]) -> None:
    found = parse_address_list(text)
    assert [(one.name, one.address) for one in found.addresses] == expected
    assert found.errors == ()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("bob", "bob"),
        ("ann@", "ann@"),
        ("Ann <ann>", "ann"),
        ("a b@c d@e.example", None),
        ("ann@example.org@evil.example", "ann@example.org@evil.example"),
        ("<ann@exa mple.org>", None),
    ],
)
def test_what_is_no_address_is_told_in_words(text: str, wrong: str | None) -> None:
    found = parse_address_list(text)
    if wrong is not None:
        assert found.addresses == ()
        assert found.errors == (f"“{wrong}” is not an email address. Write it as name@example.org.",)


def test_a_typed_list_does_not_swallow_a_recipient_into_a_name() -> None:
    found = parse_address_list("bob, Ann <ann@example.org>")
    assert found.addresses == (Address("Ann", "ann@example.org"),)
    assert len(found.errors) == 1


def test_a_received_list_loses_nothing() -> None:
    addresses, sound = read_addresses("Lee, Ann <ann@example.org>, nobody, bob@example.org")
    assert addresses == (Address("Lee, Ann", "ann@example.org"), Address("nobody", ""), Address("", "bob@example.org"))
    assert not sound


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("", "a@b.example"), "a@b.example"),
        (Address("Ann Lee", "a@b.example"), "Ann Lee <a@b.example>"),
        (Address("Lee, Ann", "a@b.example"), '"Lee, Ann" <a@b.example>'),
        (Address('O"Neil \\', "a@b.example"), '"O\\"Neil \\\\" <a@b.example>'),
        (Address("Jürgen", "a@b.example"), "Jürgen <a@b.example>"),
    ],
)
def test_format_for_people(address: Address, text: str) -> None:
    assert format_address(address) == text
    assert parse_address_list(text).addresses == (address,)


def test_domains_become_a_labels_and_compare_so() -> None:
    assert ascii_address("a@bücher.example") == "a@xn--bcher-kva.example"
    assert same_address("Ann@BÜCHER.example", "ann@xn--bcher-kva.EXAMPLE")
    with pytest.raises(ValueError, match="is not a domain name"):
        ascii_address("a@exa\u2028mple.ö\u200b..")


@pytest.mark.parametrize(
    "text", ["a@b.example\r\nRCPT TO:<x@y>", "a@b\x00.example", "a b@c.example", "@b.example", "a@"]
)
def test_no_address(text: str) -> None:
    assert not is_address(text)


_names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"]), max_size=40).map(
    lambda text: " ".join(text.split()).strip("'\"")
)


@given(
    st.lists(
        st.tuples(_names, st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z0-9-]{1,20}\.example", fullmatch=True)), max_size=6
    )
)
@settings(max_examples=150)
def test_formatted_lists_read_back_equal(pairs: list[tuple[str, str]]) -> None:
    wanted = tuple(Address(name, address) for name, address in pairs if "=?" not in name and name.strip("'\"") == name)
    wanted = tuple(one for one in wanted if one.name != one.address)
    found = parse_address_list(", ".join(map(format_address, wanted)))
    assert found.addresses == wanted
    assert found.errors == ()


_HOSTILE = ("(" * 300_000, '"' * 300_001, "<" * 300_000, "a:" * 200_000, "a\n" * 200_000, "(a)" * 100_000,
            "\\" * 300_000, "a@b," * 200_000, "=?utf-8?q?" * 50_000, "<" + "a " * 300_000,
            "a " * 300_000 + "@", "x:;" * 200_000)  # fmt: skip


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
def test_hostile_lists_are_read_in_linear_time(text: str) -> None:
    began = time.process_time()
    read_addresses(text)
    assert time.process_time() - began < 2.0
