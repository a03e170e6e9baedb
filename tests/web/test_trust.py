"""What is said of a sender: who vouches for them, and what looks wrong. Tables, no database."""

import pytest

from mailsync.message.authres import Verdict
from mailsync.types import Address
from webmail.present.trust import find_warnings, judge, lookalike_of

NOBODY = Verdict()


@pytest.mark.parametrize(
    ("domain", "known", "found"),
    [
        ("paypa1.com", "paypal.com", "paypal.com"),
        ("paypai.com", "paypal.com", "paypal.com"),
        ("rnicrosoft.com", "microsoft.com", "microsoft.com"),
        ("example-corp.com", "examplecorp.com", "examplecorp.com"),
        ("exampl.com", "example.com", "example.com"),
        ("exmaple.com", "example.com", "example.com"),
        ("еxample.com", "example.com", "example.com"),  # a Cyrillic е
        ("xn--xample-2of.com", "example.com", "example.com"),
        ("example.com", "example.com", ""),
        ("mail.example.com", "example.com", ""),
        ("example.com", "mail.example.com", ""),
        ("other.com", "example.com", ""),
        ("a.io", "b.io", ""),
        ("", "example.com", ""),
        # Mail providers are who they are, at home and abroad.
        ("ymail.com", "gmail.com", ""),
        ("mail.com", "gmail.com", ""),
        ("yahoo.se", "yahoo.de", ""),
        ("qmail.com", "gmail.com", "gmail.com"),
        ("gmail.co", "gmail.com", "gmail.com"),
        ("outlook.cm", "outlook.com", "outlook.com"),
        ("amazon.se", "amazon.de", "amazon.de"),
    ],
)
def test_lookalikes(domain: str, known: str, found: str) -> None:
    assert lookalike_of(domain, {known}) == found


@pytest.mark.parametrize(
    ("sender", "reply_to", "facts", "kinds"),
    [
        (Address("Ann", "ann@shop.test"), [], {}, []),
        (Address("service@paypal.com", "x@evil.test"), [], {}, ["name_shows_address"]),
        (Address("PayPal <service@paypal.com>", "x@evil.test"), [], {}, ["name_shows_address"]),
        (Address("ann@shop.test", "ann@shop.test"), [], {}, []),
        (Address("ann@shop.test", "ann@mail.shop.test"), [], {}, []),
        (Address("Ann", "ann@shop.test"), [Address("", "x@evil.test")], {}, ["reply_elsewhere"]),
        (Address("Ann", "ann@shop.test"), [Address("", "help@support.shop.test")], {}, []),
        (Address("Ann", "ann@shop.test"), [Address("", "list@lists.test")], {"list_id": "x"}, []),
        (Address("Ann", "ann@xn--shp-0na.test"), [], {}, ["punycode"]),
        (Address("Ann", "ann@shop.test"), [], {"from_count": 2}, ["several_authors"]),
        (Address("Bob", "bob@peop1e.test"), [], {}, ["lookalike"]),
    ],
)
def test_warnings(sender: Address, reply_to: list[Address], facts: dict[str, object], kinds: list[str]) -> None:
    found = find_warnings(sender, reply_to, facts, NOBODY, known_domains={"people.test"})
    assert [one.kind for one in found] == kinds


def test_a_failed_verdict_and_a_dangerous_file_are_told() -> None:
    found = find_warnings(
        Address("", "a@b.test"), [], {}, Verdict(failed=True), known_domains=(), dangerous_files=["x.exe"]
    )
    assert [(one.kind, one.what) for one in found] == [("failed", "a@b.test"), ("dangerous_file", "x.exe")]


PASS = "dkim=pass header.d=shop.test; spf=pass smtp.mailfrom=shop.test; dmarc=pass header.from=shop.test"


@pytest.mark.parametrize(
    ("results", "host", "verified"),
    [
        ([f"mx.google.com; {PASS}"], "imap.gmail.com", True),
        ([f"mail.people.test; {PASS}"], "imap.people.test", True),
        ([f"evil.test; {PASS}"], "imap.people.test", False),
        ([f"mx.google.com.evil.test; {PASS}"], "imap.gmail.com", False),
        (["mx.google.com; dkim=none", f"mx.google.com; {PASS}"], "imap.gmail.com", False),
        ([f"evil.test; {PASS}", f"mx.google.com; {PASS}"], "imap.gmail.com", False),
        (["mx.google.com; dkim=pass header.d=other.test"], "imap.gmail.com", False),
        ([], "imap.gmail.com", False),
    ],
)
def test_only_the_readers_own_provider_is_believed(results: list[str], host: str, verified: bool) -> None:
    assert judge("ann@shop.test", results, host).verified is verified


def test_a_failed_dmarc_is_told() -> None:
    assert judge("a@shop.test", ["mx.google.com; dmarc=fail header.from=shop.test"], "imap.gmail.com").failed
