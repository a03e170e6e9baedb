"""Authentication-Results: read as RFC 8601 writes them, believed only from one's own provider."""

import pytest

from mailsync.message.authres import aligned, parse_results, verified

TRUSTED = {"mx.example.org"}


def test_a_field_in_full() -> None:
    found = parse_results(
        "mx.example.org 1; dkim=pass (2048-bit; key ok) header.d=Example.com header.s=k header.b=abc;\r\n"
        ' spf=fail reason="not; allowed" smtp.mailfrom=bounce@mail.example.com;'
        " dmarc=pass (p=REJECT sp=NONE) header.from=example.com; arc=none"
    )
    assert found.authserv_id == "mx.example.org"
    assert [(one.method, one.result, one.domain) for one in found.results] == [
        ("dkim", "pass", "example.com"),
        ("spf", "fail", "mail.example.com"),
        ("dmarc", "pass", "example.com"),
        ("arc", "none", ""),
    ]
    assert found.results[1].reason == "not; allowed"
    assert dict(found.results[0].properties)["header.s"] == "k"


@pytest.mark.parametrize(
    ("value", "authserv_id", "methods"),
    [
        ("mx.example.org; none", "mx.example.org", []),
        ("mx.example.org", "mx.example.org", []),
        ("", "", []),
        ("spf=pass smtp.mailfrom=a.example; dkim=pass header.d=a.example", "", ["spf", "dkim"]),
        ("mx; dkim=pass header.i=@a.example", "mx", ["dkim"]),
        ("mx; (comment) dkim=pass", "mx", ["dkim"]),
        (";;;===(((", "", []),
    ],
)
def test_fields_as_they_are(value: str, authserv_id: str, methods: list[str]) -> None:
    found = parse_results(value)
    assert found.authserv_id == authserv_id
    assert [one.method for one in found.results] == methods


@pytest.mark.parametrize(
    ("values", "is_verified", "failed", "known"),
    [
        (["mx.example.org; dkim=pass header.d=bank.example"], True, False, True),
        (["MX.example.org; dkim=pass header.d=bank.example"], True, False, True),
        (["mx.example.org; dkim=pass header.i=@mail.bank.example"], True, False, True),
        (["mx.example.org; spf=pass smtp.mailfrom=x@bank.example"], True, False, True),
        (["mx.example.org; dmarc=pass header.from=bank.example"], True, False, True),
        # Another domain's signature says nothing of From.
        (["mx.example.org; dkim=pass header.d=evil.example"], False, False, True),
        (["mx.example.org; dkim=pass header.d=notbank.example"], False, False, True),
        (["mx.example.org; dkim=fail header.d=bank.example"], False, False, True),
        (["mx.example.org; dmarc=fail; spf=pass smtp.mailfrom=bank.example"], False, True, True),
        # A field that came with the message: no trusted id, or below the provider's own.
        (["evil.example; dkim=pass header.d=bank.example"], False, False, False),
        (["mx.example.org; dkim=fail", "mx.example.org; dkim=pass header.d=bank.example"], False, False, True),
        # The word trusted in a comment is no id.
        (["evil.example (mx.example.org); dkim=pass header.d=bank.example"], False, False, False),
        (['"evil; mx.example.org"; dkim=pass header.d=bank.example'], False, False, False),
        ([], False, False, False),
    ],
)  # fmt: skip
def test_who_is_verified(values: list[str], is_verified: bool, failed: bool, known: bool) -> None:
    verdict = verified("ceo@bank.example", values, TRUSTED)
    assert (verdict.verified, verdict.failed, verdict.known) == (is_verified, failed, known)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("bank.example", "bank.example", True),
        ("mail.bank.example", "bank.example", True),
        ("bank.example", "mail.bank.example", True),
        ("a.bank.example", "b.bank.example", False),
        ("bank.example", "example", False),
        ("", "", False),
    ],
)
def test_alignment(one: str, other: str, same: bool) -> None:
    assert aligned(one, other) is same
