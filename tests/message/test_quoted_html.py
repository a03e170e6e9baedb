"""A quoted message as it can be written into: words, lists, pictures and tables of data stay, layout gives way."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.message.outgoing_html import clean_draft, clean_outgoing
from mailsync.message.quoted_html import (
    editable_quote,
    quoting_text_as_html,
    with_lines_at_quotes,
    without_links_in_quotes,
    without_quotes,
)

_CITE = '<blockquote type="cite">'


@pytest.mark.parametrize(
    ("arrived", "editable"),
    [
        ("<p>One <b>two</b><br>three</p>", "<p>One <b>two</b><br>three</p>"),
        ('<p class="x" style="margin: 9px; font-size: 40px; text-align: center">x</p>',
         '<p style="text-align: center">x</p>'),
        ('<span style="color: red; font-family: Papyrus; position: fixed">x</span>',
         '<span style="color: red">x</span>'),
        ('<font face="Arial" size="7" color="red">x</font>', '<font color="red">x</font>'),
        ('<blockquote class="gmail_quote" style="margin:0">old</blockquote>', f"{_CITE}old</blockquote>"),
        ('<a href="https://x.test/" style="color: #111; display: block">x</a>',
         '<a href="https://x.test/" style="color: #111">x</a>'),
        # Words that nobody was to see, and pictures that count who reads.
        ('<div style="display:none">Read on</div>x', "x"),
        ('<div style="MAX-HEIGHT:0;overflow:hidden">Read on</div>x', "x"),
        ('<p style="max-height: 0.5em">x</p>', "<p>x</p>"),
        ('<img src="https://t.test/o.gif" width="1" height="1">x', "x"),
        ('<img src="https://t.test/cat.png" width="100" alt="Cat" style="float: left">',
         '<img src="https://t.test/cat.png" alt="Cat" width="100">'),
        ('<img src="cid:cat@x">', '<img src="cid:cat@x">'),
        # Layout.
        ('<table width="600"><tr><td align="center">One</td></tr><tr><td>Two</td></tr></table>',
         "<div>One</div><div>Two</div>"),
        ('<table><tr><td><table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table></td></tr></table>',
         "<div><table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></tbody></table></div>"),
        ('<table role="presentation"><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>',
         "<div>a</div><div>b</div><div>c</div><div>d</div>"),
        # Data.
        ('<table style="margin:-900px"><tr><th>a</th><th>b</th></tr><tr><td colspan="2" bgcolor="#eee" style="'
         'border: 1px solid red; width: 9000px; background: red">c</td><td>d</td></tr></table>',
         "<table><tbody><tr><th>a</th><th>b</th></tr>"
         '<tr><td colspan="2" style="border: 1px solid red">c</td><td>d</td></tr></tbody></table>'),
        ('<table><tr><td rowspan="0000000009000">a</td><td>b</td></tr><tr><td colspan="x" style="'
         'border: 1px solid #112233; border-top: 900px solid red; padding: 20em">c</td><td>d</td></tr></table>',
         "<table><tbody><tr><td>a</td><td>b</td></tr>"
         '<tr><td style="border: 1px solid #112233">c</td><td>d</td></tr></tbody></table>'),
        ('<p style="color: hsl(200deg 100% 50%)">x</p>', '<p style="color: hsl(200deg 100% 50%)">x</p>'),
        ('<ol start="3"><li>x</li></ol>', '<ol start="3"><li>x</li></ol>'),
        ("<dl><dt>x</dt><dd>y</dd></dl>", "<div><div>x</div><div>y</div></div>"),
        ("a &lt;b&gt; &amp;amp;", "a &lt;b&gt; &amp;amp;"),
    ],
)  # fmt: skip
def test_what_can_be_written_into(arrived: str, editable: str) -> None:
    assert editable_quote(clean_outgoing(arrived)) == editable


def test_depth_and_many_tables_cost_time_in_proportion() -> None:
    deep = clean_outgoing("<div>" * 5000 + "x" + "</div>" * 5000)
    tables = "<table><tr><td>" * 2000 + "x" + "</td></tr></table>" * 2000
    begun = time.perf_counter()
    assert "x" in editable_quote(deep)
    assert "x" in editable_quote(tables)
    assert time.perf_counter() - begun < 5


@given(st.text(alphabet="<>/\"'=& abdivtablerblockquoteimgsrcstyle:;0123", max_size=200))
def test_it_is_as_clean_as_it_was(html: str) -> None:
    once = editable_quote(clean_outgoing(html))
    assert clean_draft(once) == clean_draft(clean_draft(once))
    assert editable_quote(once) == once or "<table" in once


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("One\ntwo\n\nthree", "<p>One<br>two</p><p>three</p>"),
        ("> old\n\nMine\n", f"{_CITE}<p>old</p></blockquote><p>Mine</p>"),
        ("a\r\n>> b\r\n> c", f"<p>a</p>{_CITE}{_CITE}<p>b</p></blockquote><p>c</p></blockquote>"),
        (">From here", "<p>From here</p>"),
        (">" * 400 + " x", f"{_CITE * 20}<p>x</p>{'</blockquote>' * 20}"),
    ],
)
def test_text_with_its_quotes(text: str, html: str) -> None:
    assert quoting_text_as_html(text) == html


def test_quotes_leave_with_a_line_at_their_side() -> None:
    told = with_lines_at_quotes(f"{_CITE}old</blockquote><blockquote>mine</blockquote>")
    assert told.startswith('<blockquote type="cite" style="margin: ')
    assert told.endswith("<blockquote>mine</blockquote>")


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("<p>Mine</p><blockquote>set in by me</blockquote>", "<p>Mine</p><blockquote>set in by me</blockquote>"),
        (f"<p>A</p><p>Bo wrote:</p>{_CITE}x{_CITE}y</blockquote>z</blockquote><p>B</p>{_CITE}x</blockquote>",
         "<p>A</p><p>B</p>"),
        (f"<blockquote>a {_CITE}b</blockquote></blockquote>", f"<blockquote>a {_CITE}b</blockquote></blockquote>"),
        (f"<p>A</p>{_CITE}never ended", "<p>A</p>"),
    ],
)  # fmt: skip
def test_what_is_left_without_quotes(body: str, own: str) -> None:
    assert without_quotes(body) == own


def test_links_of_quotes_are_not_told_in_the_text() -> None:
    link = '<a href="https://x.test/">x</a>'
    told = without_links_in_quotes(f"{link}{_CITE}{link}{_CITE}{link}</blockquote>{link}</blockquote>{link}")
    assert told == f"{link}{_CITE}<a>x</a>{_CITE}<a>x</a></blockquote><a>x</a></blockquote>{link}"
