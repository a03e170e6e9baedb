"""The colours and the reading direction of the frame's document."""

import pytest

from webmail.render import Theme, html_document, render_text, sanitize, text_body

DARK_RULES = "@media (prefers-color-scheme: dark){p{color:#fff}}"


def sheet_of(source: str, theme: Theme) -> str:
    """The sender's own style in the document."""
    return html_document(sanitize(source), theme=theme).partition("</style><style>")[2].partition("</style>")[0]


def test_a_letters_own_dark_rules_count_where_the_page_is_dark_and_nowhere_else() -> None:
    source = f"<style>{DARK_RULES}</style><p>x"
    assert sheet_of(source, "auto") == DARK_RULES
    # A reader's own choice, which the browser does not know.
    assert sheet_of(source, "dark") == "@media (min-width:0){p{color:#fff}}"
    assert sheet_of(source, "light") == "@media (max-width:0){p{color:#fff}}"


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
