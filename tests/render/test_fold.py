# ruff: noqa: E501 - a vector stands on one line
"""Which quotes are folded."""

import pytest

from webmail.render.cleaner import sanitize

GMAIL = '<div>Yes!</div><div class="gmail_quote"><div class="gmail_attr">On Monday Ann wrote:</div><blockquote>Hm?</blockquote></div>'
APPLE = '<div>Yes!</div><br><blockquote type="cite">Hm?</blockquote>'
THUNDERBIRD = '<p>Yes!</p><div class="moz-cite-prefix">Ann wrote:<br></div><blockquote type="cite">Hm?</blockquote><br>'
OUTLOOK_WEB = '<div><p>Yes!</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Ann</div><div>Hm?</div></div>'
OUTLOOK = (
    '<div class="WordSection1"><p>Yes!</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;'
    'padding:3.0pt 0cm 0cm 0cm"><p><b>From:</b> Ann</p></div><p>Hm?</p></div>'
)


@pytest.mark.parametrize("source", [GMAIL, APPLE, THUNDERBIRD, OUTLOOK_WEB, OUTLOOK])
def test_the_rest_of_the_conversation_is_folded(source: str) -> None:
    body = sanitize(source)
    assert body.has_quote
    before, _, folded = body.fill().partition('<details data-heron="quote"><summary>•••</summary>')
    assert "Yes!" in before
    assert "Hm?" in folded.partition("</details>")[0]
    assert "wrote:" not in before
    assert "From:" not in before


@pytest.mark.parametrize(
    "source",
    [
        '<blockquote type="cite">All there is</blockquote>',
        '<div class="gmail_quote">---------- Forwarded message ----------<br>From: Ann</div>',
        '<p>See below.</p><div class="gmail_quote">---------- Forwarded message ----------<br>From: Ann</div>',
        '<p>Hi</p><blockquote type="cite">One?</blockquote><p>Yes.</p><blockquote type="cite">Two?</blockquote><p>No.</p>',
        "<p>He said</p><blockquote>to be or not to be</blockquote>",
        '<img src="cid:x"><p></p>',
    ],
)
def test_what_stays_open(source: str) -> None:
    body = sanitize(source)
    assert not body.has_quote
    assert "<details" not in body.fill()


def test_only_the_last_of_several_is_folded() -> None:
    source = '<p>a</p><blockquote type="cite">one</blockquote><p>b</p><blockquote type="cite">two</blockquote>'
    before, _, folded = sanitize(source).fill().partition("<details")
    assert "one" in before
    assert "two" in folded
