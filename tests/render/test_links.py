# ruff: noqa: E501 - a vector stands on one line
"""Where links may lead, and when their text lies."""

import pytest

from webmail.render.cleaner import sanitize
from webmail.render.links import choose_target, deceptive_host, shown_host


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("https://ok.test/a", "https://ok.test/a"),
        ("  HTTPS://ok.test/a b ", "HTTPS://ok.test/a%20b"),
        ("http://ok.test/\u202egnp.exe", "http://ok.test/gnp.exe"),
        ("ht\ntp://ok.test/", "http://ok.test/"),
        ("https://", None),
        ("https:///path", None),
        ("http://[broken/", None),
        ("//ok.test/", None),
        ("/settings/", None),
        ("settings", None),
        ("", None),
        ("javascript:alert(1)", None),
        ("java\u200bscript:alert(1)", None),
        ("vbscript:x", None),
        ("data:text/html,x", None),
        ("cid:x", None),
        ("file:///etc/passwd", None),
        ("blob:https://x/1", None),
        ("tel:+49123", "tel:+49123"),
        ("sms:+49123", "sms:+49123"),
        ("#", "#m-"),
        ("mailto:", "/compose/"),
        ("mailto:a@b.test", "/compose/?to=a@b.test"),
        ("MAILTO:a@b.test?CC=c@d.test&Subject=a%26b&body=x%0Ay", "/compose/?to=a@b.test&cc=c@d.test&subject=a%26b&body=x%0Ay"),
        ("mailto:a+b@c.test?to=d@e.test", "/compose/?to=a%2Bb@c.test%2C%20d@e.test"),
        ("mailto:a@b.test?bcc=spy@x.test&from=y&attachment=/etc/passwd&in-reply-to=z", "/compose/?to=a@b.test"),
        ("https://x.test/" + "a" * 9000, None),
    ],
)  # fmt: skip
def test_targets(href: str, target: str | None) -> None:
    assert choose_target(href) == target


@pytest.mark.parametrize(
    ("text", "href", "shown"),
    [
        ("paypal.com", "https://evil.test/", "paypal.com"),
        ("https://www.paypal.com/login", "https://evil.test/", "paypal.com"),
        ("Visit PayPal.com now", "https://evil.test/?paypal.com", "PayPal.com"),
        ("paypal.com", "https://paypal.com.evil.test/", "paypal.com"),
        ("paypal.com", "https://www.paypal.com/", None),
        ("paypal.com", "https://login.paypal.com/", None),
        ("login.paypal.com", "https://paypal.com/", None),
        ("Click here", "https://evil.test/", None),
        ("notes.txt", "https://files.test/1", None),
        ("ann@paypal.com", "https://evil.test/", None),
        ("münchen.test", "https://xn--mnchen-3ya.test/", None),
        ("e.g. this", "https://evil.test/", None),
    ],
)
def test_deceptive(text: str, href: str, shown: str | None) -> None:
    assert deceptive_host(text, href) == shown


def test_a_deceptive_link_names_its_real_host() -> None:
    body = sanitize('<a href="https://evil.test/x"><b>paypal</b>.com</a>')
    assert '<span data-heron="host"> [evil.test]</span></a>' in body.fill()
    assert body.deceptive_links == 1


def test_punycode_is_shown() -> None:
    assert shown_host("xn--mnchen-3ya.test") == "münchen.test"
    assert "[münchen.test = xn--mnchen-3ya.test]" in sanitize('<a href="https://xn--mnchen-3ya.test/">Click</a>').fill()
    # An invalid one stays as it is, rather than hiding behind what it might mean.
    assert shown_host("xn--a.test") == "xn--a.test"
