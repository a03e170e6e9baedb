"""The colours and the reading direction of the frame's document."""

import pytest

from webmail.render import Theme, html_document, render_text, sanitize, text_body
from webmail.render.body import join_bodies

DARK_RULES = "@media (prefers-color-scheme: dark){p{color:#fff}}"
CLAIM = '<meta name="color-scheme" content="light dark">'


def sheet_of(source: str, theme: Theme) -> str:
    """The sender's own style in the document."""
    return html_document(sanitize(source), theme=theme).partition("</style><style>")[2].partition("</style>")[0]


@pytest.mark.parametrize(
    ("claim", "adapts"),
    [
        (CLAIM, True),
        ("<META NAME=Supported-Color-Schemes CONTENT='light Dark'>", True),
        ("<style>:root{color-scheme:light dark}</style>", True),
        ('<meta name="color-scheme" content="light only">', False),
        ("<style>:root{color-scheme:light}</style>", False),
        ("", False),
    ],
)
def test_whether_a_letter_has_dark_colours_of_its_own(claim: str, adapts: bool) -> None:
    assert sanitize(f"{claim}<style>{DARK_RULES}</style><p>x").adapts is adapts
    assert not sanitize(f"{claim}<style>p{{color:#111}}</style><p>x").adapts


def test_its_dark_rules_count_where_the_page_is_dark_and_nowhere_else() -> None:
    source = f"{CLAIM}<style>{DARK_RULES}</style><p>x"
    body = sanitize(source)
    assert sheet_of(source, "auto") == DARK_RULES
    assert "html{background:#131b26" in html_document(body, theme="auto")
    # A reader's own choice, which the browser does not know.
    assert sheet_of(source, "dark") == "@media (min-width:0){p{color:#fff}}"
    assert "html{background:#131b26" in html_document(body, theme="dark")
    assert sheet_of(source, "light") == "@media (max-width:0){p{color:#fff}}"
    assert "html{background:#131b26" not in html_document(body, theme="light")
    assert "invert" not in html_document(body, theme="dark", recolour=True)


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_dark_rules_of_a_letter_that_stays_on_white_never_count(theme: Theme) -> None:
    source = f"<style>{DARK_RULES}</style><p>x"
    assert sheet_of(source, theme) == "@media (max-width:0){p{color:#fff}}"
    assert "html{background:#131b26" not in html_document(sanitize(source), theme=theme)


def test_bodies_side_by_side_adapt_only_together() -> None:
    adapting = sanitize(f"{CLAIM}<style>{DARK_RULES}</style><p>x")
    assert join_bodies([adapting, sanitize("<p>footer")]).adapts
    assert not join_bodies([adapting, sanitize("<p style='color:#111'>footer")]).adapts


def test_text_runs_as_its_first_letter_does() -> None:
    assert '<body dir="auto">' in html_document(text_body(render_text("שלום")))


@pytest.mark.parametrize(
    ("source", "direction"),
    [
        ("<p>שלום", ' dir="auto"'),
        ("<body dir=RTL><p>שלום", ' dir="rtl"'),
        ("<html dir=rtl><p>שלום", ' dir="rtl"'),
        ("<p dir=rtl>שלום", ""),
        ("<p style='direction: rtl'>שלום", ""),
        ("<style>.r{direction:rtl}</style><p class=r>שלום", ""),
    ],
)
def test_html_does_where_it_says_nothing_of_directions(source: str, direction: str) -> None:
    assert f"<body{direction}>" in html_document(sanitize(source))
