"""Sources and what becomes of them, one a line."""

import re

import pytest

from webmail.render.body import CleanBody, Slot, join_bodies
from webmail.render.cleaner import sanitize
from webmail.render.document import html_document

LINK = ' target="_blank" rel="noopener noreferrer nofollow" referrerpolicy="no-referrer"'


def clean(source: str) -> str:
    return sanitize(source).fill()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain", "plain"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("&amp;lt;b&amp;gt;", "&amp;lt;b&amp;gt;"),
        ("a&nbsp;b", "a&nbsp;b"),
        ("<p>one<p>two", "<p>one</p><p>two</p>"),
        ("<B>loud</B>", "<b>loud</b>"),
        ("<b><i>crossed</b></i>", "<b><i>crossed</i></b>"),
        ("<br/><hr/>", "<br><hr>"),
        ("<pre>\n\nx</pre>", "<pre>\n\nx</pre>"),
        ("<script>alert(1)</script>x", "x"),
        ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)"),
        ("<style>b{}</style><title>t</title>x", "x"),
        ("<form action=/x><input name=a><button>Go</button></form>", "Go"),
        ("<blink>still</blink>", "still"),
        ("<xmp><b>raw</b></xmp>", "<pre>&lt;b&gt;raw&lt;/b&gt;</pre>"),
        ("<!-- c --><![CDATA[x]]><?php y ?>z", "z"),
        ("<!--[if mso]><b>Outlook</b><![endif]-->z", "z"),
        ("<![if !mso]>z<![endif]>", "z"),
        ("<o:p>word</o:p>", "word"),
        ("<font face=Wingdings>J</font>J", '<font face="Wingdings">☺</font>J'),
        (
            "<p style='font-family:Wingdings;mso-a:b'>à<b style='font:7pt Arial'>à</b>",
            '<p style="font-family:Wingdings">→<b style="font:7pt Arial">à</b></p>',
        ),
        ("<font face=Wingdings>A whole text</font>", '<font face="Wingdings">A whole text</font>'),
        # img breaks out of svg, as in a browser; what could act does not come along.
        ("<svg><style><img src=x onerror=alert(1)></style></svg>x", '<img data-heron="empty">x'),
        ("<math><mi>x</mi></math>y", "y"),
        ("<p onclick=alert(1) data-x=1 srcset=y>x</p>", "<p>x</p>"),
        ("<p id=top class='a b'>x</p>", '<p id="m-top" class="a b">x</p>'),
        ('<p title="&quot;><script>">x</p>', '<p title="&quot;&gt;&lt;script&gt;">x</p>'),
        ("<a name=x>x</a>", '<a name="m-x">x</a>'),
        ("<a href=#top>x</a>", '<a href="#m-top">x</a>'),
        ("<a href='https://ok.test/?a=1&amp;b=2'>x</a>", f'<a href="https://ok.test/?a=1&amp;b=2"{LINK}>x</a>'),
        ("<a href='java\tscript:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='&#106;avascript:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='/settings/'>x</a>", "<a>x</a>"),
        ("<a href='//evil.test/'>x</a>", "<a>x</a>"),
        ("<a href='data:text/html,x'>x</a>", "<a>x</a>"),
        ("<a href='mailto:a@b.test?subject=Hi&amp;attach=/etc/passwd'>x</a>",
         f'<a href="/compose/?to=a@b.test&amp;subject=Hi"{LINK}>x</a>'),
        ("<img src=cid:a alt=A>", '<img alt="A" data-heron="missing">'),
        ("<img src=http://r.test/a.png alt=A>", '<img alt="A" data-heron="blocked">'),
        ("<img src=javascript:alert(1)>", '<img data-heron="empty">'),
        ("<img src='data:image/svg+xml;base64,PHN2Zz4='>", '<img data-heron="empty">'),
        ("<img src='data:image/gif;base64,R0lGODdh'>", '<img src="data:image/gif;base64,R0lGODdh">'),
        ("<img src=/m/1/eml>", '<img data-heron="empty">'),
        # The words of what cannot be shown, but not of a beacon.
        ("<img src=a.svg alt=Logo>", '<img alt="Logo" data-heron="missing">'),
        ("<img src='data:image/svg+xml;base64,PHN2Zz4=' alt=Logo>", '<img alt="Logo" data-heron="missing">'),
        ("<img src=https://r.test/ alt=x width=1 height=1>", '<img alt="x" width="1" height="1" data-heron="empty">'),
        ("<video poster=https://r.test/><source src=https://r.test/><p>Watch it <b>there</b></p></video>",
         "<p>Watch it <b>there</b></p>"),
        ("<object data=x><embed src=x>words</object><textarea><b>x</textarea><canvas>y</canvas>",
         "words&lt;b&gt;xy"),
        ("<td background=x>no table</td>", "no table"),
        ("<table><tr><td bgcolor=red>x</table>",
         '<table><tbody><tr><td bgcolor="red">x</td></tr></tbody></table>'),
        ("<p role=dialog>x</p><p role=img>y</p>", '<p>x</p><p role="img">y</p>'),
        ("<map name=m><area href=https://a.test usemap=z></map>",
         f'<map name="m-m"><area href="https://a.test"{LINK}></map>'),
        ("<img usemap=#m src=cid:x>", '<img usemap="#m-m" data-heron="missing">'),
        ("a\x00b\x07c\ud800d", "abcd"),
        ("&#0;&#1;&#xFDD0;0&#xFDD1;", "�0"),
    ],
)  # fmt: skip
def test_table(source: str, expected: str) -> None:
    assert clean(source) == expected


def test_pictures_become_slots() -> None:
    body = sanitize('<img src="cid:A%40b"><div style="background:url(http://r.test/x)">y</div>')
    assert body.slots == (Slot("src", "cid", "A@b"), Slot("css", "remote", "http://r.test/x"))
    filled = body.fill(lambda slot: f"/got/{slot.origin}")
    assert '<img src="/got/cid" decoding="async" referrerpolicy="no-referrer">' in filled
    assert re.search(r"background:linear-gradient\([^;]*\),url\(/got/remote\)", filled)


@pytest.mark.parametrize("url", ["/a b", '/a"', "/a)", "javascript:x", "//h/x", "/a<", "/a&b", "/a'", "/a\\"])
def test_a_slot_takes_only_plain_urls(url: str) -> None:
    body = sanitize("<img src=http://r.test/>")
    with pytest.raises(ValueError, match="plain URL"):
        body.fill(lambda slot: url)


def test_pictures_of_a_sheet_become_slots() -> None:
    body = sanitize("<style>.a{background-image:url(http://shop.test/a.png)}</style><p class=a>x")
    assert body.slots == (Slot("css", "remote", "http://shop.test/a.png"),)
    assert body.remote == 1
    assert "url(" not in html_document(body)
    assert "url(/proxy)}</style>" in html_document(
        CleanBody.from_json(body.as_json()), picture_url=lambda slot: "/proxy"
    )
    both = join_bodies([body, body])
    assert len(both.slots) == 2
    assert html_document(both, picture_url=lambda slot: "/proxy").count("url(/proxy)") == 2


def test_forged_marks_are_taken_out() -> None:
    source = '<img src="cid:x" alt="\ufdd00\ufdd1"><p style="color:\\fdd0 0\\fdd1 ">&#xfdd0;0&#xfdd1;</p>'
    filled = clean(source)
    assert "\ufdd0" not in filled
    assert filled.count("data-heron") == 1


@pytest.mark.parametrize(
    "reference", ["&#xfdd0;", "&#x0000000000fdd0;", "&#64976;", "&#00000000000064976", "&#XFDD0;", "&#2;", "&#127;"]
)
def test_no_reference_spells_an_unwanted_character(reference: str) -> None:
    """They are looked for only where a reference may spell one: every way to write a number must be known."""
    assert clean(f'<p title="a{reference}b">c{reference}d</p>') == '<p title="ab">cd</p>'
    assert clean(f"&#65;{reference};") == "A" + (";" if reference.endswith(";") else "")


def test_the_body_element_becomes_attributes() -> None:
    body = sanitize(
        '<html dir=rtl lang=ar><body bgcolor=#eee text=black link=red background="http://r.test/b.png" '
        'leftmargin=0 onload=alert(1) style="position:fixed;margin:4px">x'
    )
    assert body.fill() == "x"
    attributes = "".join(piece if isinstance(piece, str) else "none" for piece in body.body_attributes)
    assert re.fullmatch(
        r' style="background-image:linear-gradient\([^;]*\),none;margin:4px" dir="rtl" lang="ar"', attributes
    )
    assert body.sheet == (
        ":where(body){background-color:light-dark(#eee,#182029);color:light-dark(black,#e8eef7);margin-left:0px}\n"
        ":where(a:link){color:light-dark(red,#feada0)}"
    )
    assert body.sets_colors


@pytest.mark.parametrize(
    ("source", "mode"),
    [
        ("<p>x", ""),
        ("<!doctype html><p>x", "<!doctype html>"),
        ("\n<!-- c --><!DOCTYPE HTML>", "<!doctype html>"),
        (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">',
            "<!doctype html>",
        ),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://x">', "XHTML 1.0 Transitional"),
        ('<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN">', ""),
        ('<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2//EN">', ""),
    ],
)
def test_the_rendering_mode_is_kept(source: str, mode: str) -> None:
    found = sanitize(source).doctype
    assert found == mode or (mode.startswith("XHTML") and mode in found)


def test_deep_and_long_messages_end() -> None:
    deep = sanitize("<div>" * 2_000 + "core" + "</div>" * 2_000)
    assert "core" in deep.fill()
    long = sanitize("<i>x</i>" * 70_000)
    assert long.truncated


@pytest.mark.parametrize(
    ("source", "is_blank"),
    [
        ("", True),
        ("<div><br></div><p>&nbsp;</p>", True),
        ("<img src=http://beacon.test/ width=1 height=1>", True),
        ("<p>\u200b\u200c</p>", True),
        ("<p>x", False),
        ("<img src=http://shop.test/a.png>", False),
        ("<img alt=Logo>", False),
        ("<hr>", False),
        ("<div style='background:red;height:90px'></div>", False),
        ("<table background=cid:a><td>", False),
    ],
)
def test_what_is_blank(source: str, is_blank: bool) -> None:
    assert sanitize(source).is_blank is is_blank


def test_colours_are_noticed() -> None:
    assert not sanitize("<p style='margin:0'>x</p><style>p{padding:0}</style>").sets_colors
    for source in (
        "<p style='color:red'>x</p>",
        "<p style='background:#fff'>x</p>",
        "<p bgcolor=red>x",
        "<font color=red>x</font>",
        "<style>p{color:red}</style>x",
        "<style>@media screen{p{background:red}}</style>x",
        "<body text=red>x",
    ):
        assert sanitize(source).sets_colors, source


def test_a_body_survives_its_cache() -> None:
    body = sanitize('<body bgcolor=red><img src="cid:x"><p style="background:url(http://r.test/)">ü</p>')
    assert type(body).from_json(body.as_json()) == body
