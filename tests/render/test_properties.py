"""For any input at all: the cleaner ends, what it makes is proven, and cleaning that again changes nothing of it."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from webmail.render.body import CleanBody, Slot
from webmail.render.cleaner import sanitize
from webmail.render.css import StyleFilter
from webmail.render.guard import TooHard
from webmail.render.sheet import filter_sheet
from webmail.render.text import render_text
from webmail.render.verify import verify, verify_sheet


def _words(text: str) -> list[str]:
    return text.split(" ")


_SPARKS = _words(
    "< > </ /> & &lt; &#x3c; &amp; \" ' ` = - -- --> <!-- <![CDATA[ ]]> <? ?> ; : ( ) { } \\ / // # @ ! url( "
    "url('http://evil.test/') @import expression( javascript: data: cid:x mailto:a@b.test http://evil.test/ "
    "onerror= style= href= src= class= id= <script> </script> <style> </style> <svg> </svg> <math> <mtext> "
    "<mglyph> <table> <td> <tr> <p> </p> <a> </a> <img <div> </div> <blockquote> <pre> <select> <option> "
    "<textarea> <title> <noscript> <template> <iframe> <form> <body <html <br> <font color=red> <details> "
    "<plaintext> <xmp> \u202e \ufdd0 \ufdd1 \x00 \x0c \xa0 position:fixed &#41; &#59; 1x \\72 \\69 <?xml "
    "<!doctype html> -moz- var(--x) &#xfdd0; &#x000000000000fdd1 &#64976; &#0; &#127; &#x110000;"
)
SOUP = st.lists(st.one_of(st.sampled_from(_SPARKS), st.text(max_size=4)), max_size=40).map("".join)
SPACED = st.lists(st.one_of(st.sampled_from(_SPARKS), st.text(max_size=4)), max_size=40).map(" ".join)
MANY = settings(max_examples=400)


def some_picture(slot: Slot) -> str:
    return f"/m/1/{slot.origin}/2"


@MANY
@given(st.one_of(SOUP, SPACED))
def test_whatever_comes_is_proven(source: str) -> None:
    try:
        body = sanitize(source)
    except TooHard:
        return
    verify(body.fill())
    verify(body.fill(some_picture))
    verify_sheet(body.sheet)
    assert not re.search("[\x00\ufdd0\ufdd1]", body.fill())
    assert CleanBody.from_json(body.as_json()) == body


@MANY
@given(SOUP)
def test_what_was_cleaned_stays_as_it_is(source: str) -> None:
    """The output is markup that parses to itself: the ground that mutation XSS needs is not there."""
    once = sanitize(source)
    text = _unprefixed(once.fill())
    again = _unprefixed(sanitize(once.doctype + text).fill())
    third = _unprefixed(sanitize(once.doctype + again).fill())
    assert again == third


def _unprefixed(html: str) -> str:
    """Without what each cleaning adds anew: prefixes of names, marks of pictures and of folded quotes."""
    html = re.sub(r'(id|name|usemap|href)="(#?)(?:m-)+', r'\1="\2', html)
    html = re.sub(r"<details data-heron=\"quote\"><summary>•••</summary>|</?details>|</?summary>", "", html)
    html = re.sub(r'<span data-heron="host"> \[[^<]*\]</span>|</?span>', "", html)
    return re.sub(r' data-heron="[a-z]+"', "", html)


@MANY
@given(st.one_of(SOUP, SPACED))
def test_any_style_is_proven(style: str) -> None:
    kept = StyleFilter(lambda url: "none").sanitize_css(style)
    verify('<p style="' + kept.replace("&", "&amp;").replace('"', "&quot;").replace(">", "&gt;") + '">')


@MANY
@given(st.one_of(SOUP, SPACED))
def test_any_sheet_is_proven(sheet: str) -> None:
    verify_sheet(filter_sheet(sheet).css)


@MANY
@given(st.one_of(SOUP, SPACED, st.text()))
def test_any_text_is_proven(text: str) -> None:
    verify(render_text(text))
