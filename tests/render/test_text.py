# ruff: noqa: E501 - a vector stands on one line
"""Plain text as HTML: nothing of it is markup, addresses are links, quotes have their levels."""

import re

import pytest

from webmail.render.text import linkify, render_text
from webmail.render.verify import verify

LINK = ' target="_blank" rel="noopener noreferrer nofollow" referrerpolicy="no-referrer"'


def link(href: str, shown: str) -> str:
    return f'<a href="{href}"{LINK}>{shown}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("https://ok.test", link("https://ok.test", "https://ok.test")),
        ("see https://ok.test/a?b=1&c=2.", "see " + link("https://ok.test/a?b=1&amp;c=2", "https://ok.test/a?b=1&amp;c=2") + "."),
        ("(https://ok.test/a_(b))", "(" + link("https://ok.test/a_(b)", "https://ok.test/a_(b)") + ")"),
        ("<https://ok.test/>", "&lt;" + link("https://ok.test/", "https://ok.test/") + "&gt;"),
        ("www.ok.test/x, and", link("http://www.ok.test/x", "www.ok.test/x") + ", and"),
        ("ann@ok.test!", link("/compose/?to=ann@ok.test", "ann@ok.test") + "!"),
        ("mailto:ann@ok.test", link("/compose/?to=ann@ok.test", "mailto:ann@ok.test")),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("https://", "https://"),
        ("foohttps://ok.test", "foohttps://ok.test"),
        ('https://ok.test/"onmouseover="alert(1)', link("https://ok.test/", "https://ok.test/") + "&quot;onmouseover=&quot;alert(1)"),
        ("https://ok.test/<script>alert(1)</script>", link("https://ok.test/", "https://ok.test/") + "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("https://ok.test/\u202eexe.gpj", link("https://ok.test/", "https://ok.test/") + "\u202eexe.gpj"),
        ("HTTPS://ok.test/ and WwW.ok.test", link("HTTPS://ok.test/", "HTTPS://ok.test/") + " and " + link("http://WwW.ok.test", "WwW.ok.test")),
        ("none & none\nhttps://a.test and b@b.test\n\n@ no one\nwww.c.test", "none &amp; none\n" + link("https://a.test", "https://a.test") + " and " + link("/compose/?to=b@b.test", "b@b.test") + "\n\n@ no one\n" + link("http://www.c.test", "www.c.test")),
        ("https://ok.test/\nx@ok.test", link("https://ok.test/", "https://ok.test/") + "\n" + link("/compose/?to=x@ok.test", "x@ok.test")),
        # Scripts without spaces, and their marks.
        ("詳細はhttps://ok.test/a/をご覧ください", "詳細は" + link("https://ok.test/a/", "https://ok.test/a/") + "をご覧ください"),
        ("请访问https://ok.test/a?b=c。谢谢", "请访问" + link("https://ok.test/a?b=c", "https://ok.test/a?b=c") + "。谢谢"),
        ("（https://ok.test/x）", "（" + link("https://ok.test/x", "https://ok.test/x") + "）"),
        ("見るwww.ok.testを", "見る" + link("http://www.ok.test", "www.ok.test") + "を"),
        ("宛先ann@ok.testまで", "宛先" + link("/compose/?to=ann@ok.test", "ann@ok.test") + "まで"),
        ("https://ok.test/Köln", link("https://ok.test/Köln", "https://ok.test/Köln")),
        ("müller@ok.test", "müller@ok.test"),
        ("https://ok.test/?t=" + "a" * 7000, link("https://ok.test/?t=" + "a" * 7000, "https://ok.test/?t=" + "a" * 7000)),
        ("[1]: https://ok.test/'><img src=x onerror=alert(1)>", "[1]: " + link("https://ok.test/", "https://ok.test/") + "&#x27;&gt;&lt;img src=x onerror=alert(1)&gt;"),
    ],
)  # fmt: skip
def test_linkify(text: str, html: str) -> None:
    assert linkify(text) == html


def test_punycode_is_shown() -> None:
    assert "[аррӏе.test]" in linkify("https://xn--80ak6aa92e.test/") or "[" in linkify("https://xn--80ak6aa92e.test/")


def test_quotes_are_nested_and_the_last_is_folded() -> None:
    html = render_text("Yes.\n\nOn Monday Ann wrote:\n> One\n> > Two\n> Three\n")
    assert html == (
        '<div data-heron="text">Yes.\n<details data-heron="quote"><summary>•••</summary>On Monday Ann wrote:'
        "<blockquote>One<blockquote>Two</blockquote>Three</blockquote></details></div>"
    )


def test_the_last_quote_is_folded_below_a_signature_too() -> None:
    html = render_text("Yes.\n-- \nAnn\n\nOn Monday Bob wrote:\n> One\n")
    assert html == (
        '<div data-heron="text">Yes.\n<div data-heron="signature">-- \nAnn\n</div><details data-heron="quote">'
        "<summary>•••</summary>On Monday Bob wrote:<blockquote>One</blockquote></details></div>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "> all of it is a quote",
        "> question\nanswer",
        "one\n> question\nanswer",
        ">From here on it is spring",
        "No quote at all",
    ],
)
def test_what_is_not_folded(text: str) -> None:
    assert "<details" not in render_text(text)


def test_a_signature_is_dimmed() -> None:
    assert '<div data-heron="signature">-- \nAnn</div></div>' in render_text("Hi\n-- \nAnn")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("> q\n-- \nAnn", "<blockquote>q</blockquote>@-- \nAnn</div>"),
        ("Hi\n> q\n--\n> r\n-- \nx", "Hi<blockquote>q</blockquote>--<blockquote>r</blockquote>@-- \nx</div>"),
        ("Hi\n-- \nAnn\n> q\nx", "Hi\n@-- \nAnn</div><blockquote>q</blockquote>x"),
        # A rule between two thoughts is none.
        ("one\n--\ntwo\n--\nAnn", "one\n--\ntwo\n@--\nAnn</div>"),
        ("one\n--" + "\ntwo" * 13, "one\n--" + "\ntwo" * 13),
        ("one\n-- " + "\ntwo" * 13, "one\n@-- " + "\ntwo" * 13 + "</div>"),
        ("-- \nAnn\n\nBob", "@-- \nAnn\n\nBob</div>"),
        ("> -- \n> Ann", "<blockquote>-- \nAnn</blockquote>"),
        ("--not\n --", "--not\n --"),
    ],
)
def test_where_a_signature_begins(text: str, html: str) -> None:
    signed = html.replace("@", '<div data-heron="signature">')
    assert render_text(text) == f'<div data-heron="text">{signed}</div>'


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5000 + "x",
        "@\n" * 50_000,
        "://" * 50_000 + "\n" + "www.\n" * 50_000,
        ">" * 100_000,
        "\n".join(">" * (n % 40) + " x" for n in range(2_000)),
        "a@" * 50_000,
        "www." * 50_000,
        "https://" * 20_000,
        "(" * 50_000 + "https://x.test/" + ")" * 50_000,
        "https://x.test/" + ")" * 1_900,
        "a.b@c." * 20_000,
        "\x00\x07\ufdd0\ud800 x",
    ],
)
def test_any_text_is_proven_and_quick(text: str) -> None:
    import time

    started = time.process_time()
    html = render_text(text)
    assert time.process_time() - started < 1.0
    verify(html)
    assert html.count("<blockquote>") == html.count("</blockquote>")
    assert not re.search("[\x00\x07\ufdd0\ud800]", html)
