"""Enriched text becomes HTML: its commands, its parameters, its lines; whatever stands in it, each tag is closed."""

import random
import re

import pytest

from mailsync.message.bodies import choose_bodies, decode_text, reader
from mailsync.message.enriched import enriched_to_html
from mailsync.message.parse import parse_message
from webmail.render.cleaner import sanitize

EXCERPT = '<blockquote type="cite" style="margin:0;padding-inline-start:12px;border-inline-start:2px solid #888">'


def inner(source: str, *, richtext: bool = False) -> str:
    html = enriched_to_html(source, richtext=richtext)
    assert html.startswith('<div style="white-space:pre-wrap">')
    assert html.endswith("</div>")
    return html[len('<div style="white-space:pre-wrap">') : -len("</div>")]


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("<bold>a</bold> <Italic>b</Italic> <UNDERLINE>c</UNDERLINE>", "<b>a</b> <i>b</i> <u>c</u>"),
        ("1 << 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
        ("<<script>alert(1)<</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("a\nb\n\nc\n\n\nd", "a b<br>c<br><br>d"),
        ("<nofill>a\nb</nofill>\nc", "<span>a<br>b</span> c"),
        ("<color><param>red</param>a</color>", '<span style="color:red">a</span>'),
        ("<color><param>FFFF,0000,8000</param>a</color>", '<span style="color:#ff0080">a</span>'),
        ('<color><param>red;x:"y</param>a</color>', "<span>a</span>"),
        (
            "<fontfamily><param>Times New Roman</param>a</fontfamily>",
            '<span style="font-family:Times New Roman">a</span>',
        ),
        ("<lang><param>de-DE</param>a</lang>", '<span lang="de-DE">a</span>'),
        ("<center>a</center>", '<div style="text-align:center">a</div>'),
        (
            "<paraindent><param>left, in</param>a</paraindent>",
            '<div style="margin-inline-start:2em;text-indent:2em">a</div>',
        ),
        ("<excerpt>old</excerpt>new", f"{EXCERPT}old</blockquote>new"),
        # What overlaps, is never closed, was never opened, or has no command before it.
        ("<bold>a<italic>b</bold>c</italic>", "<b>a<i>b</i></b>c"),
        ("<bold>a", "<b>a</b>"),
        ("a</bold>", "a"),
        ("<color><bold>x</bold><param>red</param>a</color>", "<span><b>x</b>a</span>"),
        ("<param>a", "a"),
        ("a < b <3 <a b>", "a &lt; b &lt;3 &lt;a b&gt;"),
        ("<nl><lt>", ""),
    ],
)
def test_enriched(source: str, html: str) -> None:
    assert inner(source) == html


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("This is <bold>bold</bold><nl>\n<nl>\nnext", "This is <b>bold</b><br><br>next"),
        ("a\n\nb", "a b"),
        ("1 <lt> 2 << 3", "1 &lt; 2 &lt;&lt; 3"),
        ("<comment>to nobody</comment>a<np>b", "a<hr>b"),
        ("x<superscript>2</superscript>", "x<sup>2</sup>"),
    ],
)
def test_richtext(source: str, html: str) -> None:
    assert inner(source, richtext=True) == html


def test_each_tag_is_closed_whatever_comes() -> None:
    chance = random.Random(7)
    pieces = ["<bold>", "</bold>", "<color>", "</color>", "<param>", "</param>", "red", "<excerpt>", "</excerpt>", "<"]
    pieces += ["\n\n", "<<", ">", '"', "&amp;", "<lang>", "</lang>", "<nofill>", "</nofill>", "<comment>", "<p onx=1>"]
    for _ in range(2_000):
        html = enriched_to_html("".join(chance.choices(pieces, k=12)))
        tags = re.findall(r"<(/?)([a-z]+)[^<>]*>", html)
        assert len(tags) == html.count("<"), html
        stack: list[str] = []
        for slash, name in tags:
            if slash:
                assert stack.pop() == name, html
            elif name not in ("br", "hr"):
                stack.append(name)
        assert not stack, html


def test_many_commands_take_no_longer_than_words() -> None:
    for one in ("<param>", "<bold>", "<color><param>x", "<", "<<", "\n\n"):
        enriched_to_html(one * 60_000)


RAW = (
    b"From: a@x.test\r\nContent-Type: text/enriched; charset=iso-8859-1\r\n\r\n"
    b"<bold>Gr\xfc\xdfe</bold> to <color><param>red</param>Ann</color>:\r\n\r\n1 << 2\r\n"
)


def test_what_is_indexed_has_no_commands() -> None:
    parsed = parse_message(RAW)
    assert parsed.text == "Grüße to Ann:\n1 < 2"
    assert parsed.preview == "Grüße to Ann: 1 < 2"
    assert not parsed.attachments


def test_it_is_shown_as_any_html() -> None:
    parsed = parse_message(RAW)
    part = choose_bodies(parsed.root).html
    assert part is not None
    shown = sanitize(decode_text(part, reader(RAW))).fill()
    assert '<div style="white-space:pre-wrap"><b>Grüße</b> to <span style="color:light-dark(red,' in shown
    assert "Ann</span>:<br>1 &lt; 2 </div>" in shown
