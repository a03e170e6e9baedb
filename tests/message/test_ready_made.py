"""The words of a template: what is cut out of a draft, and where they go in one."""

import time

import pytest

from mailsync.message.outgoing_html import original_marker
from mailsync.message.ready_made import put_at_top, ready_made

_MARK = original_marker(7)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("<p></p><p></p>", ""),
        ("<p>Hi <b>Bo</b></p><p></p>", "<p>Hi <b>Bo</b></p>"),
        ("<p>Hi</p><p></p><p>-- <br>Anna</p>", "<p>Hi</p>"),
        ("<p>Hi</p><p>--</p><b>Dr. Berg</b><br>Firm" + _MARK + "<p></p>", "<p>Hi</p>"),
        ("<p>Two -- dashes</p><p>-- and more</p>", "<p>Two -- dashes</p><p>-- and more</p>"),
        ("<p>Above</p>" + _MARK + "<p>Below</p>", "<p>Above</p><p>Below</p>"),
        ('<p>Hi</p><p>-- <br>Anna</p><p>Bo wrote:</p><blockquote type="cite"><p>-- </p>Bo</blockquote>', "<p>Hi</p>"),
        ('<p onclick="x()">Hi</p><script>bad()</script>', "<p>Hi</p>"),
        ('<p>See</p><img src="cid:a@inline">', '<p>See</p><img src="cid:a@inline">'),
    ],
)
def test_the_writers_own_words_are_kept(body: str, kept: str) -> None:
    assert ready_made(body, is_html=True) == kept


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("\n\n", ""),
        ("Hi\nthere\n\n<b>\n", "<p>Hi<br>there</p><p>&lt;b&gt;</p>"),
        ("Hi\n\n-- \nAnna\n", "<p>Hi</p>"),
        ("Hi\n\nBo wrote:\n> one\n> two\n", "<p>Hi</p>"),
        ("Hi\n\n-- \nAnna\n\nBo wrote:\n> -- \n> Bo\n", "<p>Hi</p>"),
    ],
)
def test_plain_words_too(body: str, kept: str) -> None:
    assert ready_made(body, is_html=False) == kept


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("<p></p>", "<p>Thanks</p>"),
        ("<p></p><p></p><p>-- <br>Anna</p>" + _MARK, "<p>Thanks</p><p></p><p>-- <br>Anna</p>" + _MARK),
        ("<p>Mine</p>", "<p>Thanks</p><p>Mine</p>"),
    ],
)
def test_they_go_above_what_stands(body: str, after: str) -> None:
    assert put_at_top(body, "<p>Thanks</p>", is_html=True) == after


@pytest.mark.parametrize(
    ("body", "after"),
    [("\n", "Thanks\n"), ("\n\n-- \nAnna\n", "Thanks\n\n-- \nAnna\n"), ("Mine\n", "Thanks\n\nMine\n")],
)
def test_they_go_above_plain_words(body: str, after: str) -> None:
    assert put_at_top(body, "<p>Thanks</p>", is_html=False) == after


@pytest.mark.parametrize("row", [">", "> ", ">\n", "x:\n>", "x:\n"])
def test_a_quote_that_is_made_to_be_slow_is_found_in_linear_time(row: str) -> None:
    began = time.process_time()
    assert ready_made(f"Hello\nAnn wrote:\n{row * 50_000}\nBye", is_html=False).endswith("Bye</p>")
    assert time.process_time() - began < 2.0
