"""Signatures in words, as tables: cleaned, cut off, exchanged."""

import time

import pytest

from mailsync.message.outgoing_html import original_marker
from mailsync.message.signatures import (
    Signature,
    above_signature,
    clean_signature,
    plain_as_html,
    swap_plain_signature,
    swap_signature,
    without_empty_tail,
    words_as_text,
)

MARKER = original_marker(7)
LOGO = '<img src="cid:logo@signature" alt="">'


def signed(words: str, **more: bool) -> Signature:
    html = f"<p>-- </p>{words}"
    return Signature(html, words_as_text(html).strip(), **more)


ANN = signed(f"<p><b>Ann</b> Lee</p><p>{LOGO}</p>")
FIRM = signed('<p>A. Lee, <a href="https://firm.test/">Firm</a></p>')


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<p>Ann</p><p></p><p><br></p>", "<p>Ann</p>"),
        ("<p></p>", ""),
        ("<p>&nbsp;</p>", ""),
        (f"<p>{LOGO}</p>", '<p><img src="cid:logo@signature" alt=""></p>'),
        ("<p>--</p><p>Ann</p>", "<p>Ann</p>"),
        ("<p>-- <br>Ann<br>Club</p>", "<p>Ann<br>Club</p>"),
        ("<p>-- no line of its own</p>", "<p>-- no line of its own</p>"),
        (f"<p>Ann</p>{MARKER}", "<p>Ann</p>"),
        ('<p>Ann<script>x()</script></p><img src="file:///C:/logo.png">', "<p>Ann</p>"),
        (
            '<p class="MsoNormal"><span style="font-size:10.0pt;mso-fareast-language:EN-GB;position:fixed">Ann'
            "<o:p></o:p></span></p>",
            '<p><span style="font-size: 10.0pt">Ann</span></p>',
        ),
    ],
)
def test_what_is_pasted_is_cleaned(typed: str, kept: str) -> None:
    assert clean_signature(typed) == kept
    assert clean_signature(kept) == kept


@pytest.mark.parametrize(
    "stands",
    [
        ANN.html,
        # As an editor writes it, and as it comes back from a server.
        f"<p>--</p><p><strong>Ann</strong> Lee</p><p>{LOGO}</p>",
        f"<p>-- <br><b>Ann</b> Lee<br>{LOGO}</p><p></p>",
    ],
)
@pytest.mark.parametrize("below", ["", MARKER, f"{MARKER}<p></p>"])
def test_one_that_stands_unchanged_is_exchanged(stands: str, below: str) -> None:
    assert swap_signature(f"<p>Hi</p>{stands}{below}", ANN, FIRM) == f"<p>Hi</p>{FIRM.html}{below}"
    assert swap_signature(f"<p>Hi</p>{stands}{below}", ANN, Signature()) == f"<p>Hi</p>{below}"


def test_it_is_exchanged_below_the_original_too() -> None:
    assert swap_signature(f"<p>Hi</p>{MARKER}{ANN.html}", ANN, FIRM) == f"<p>Hi</p>{MARKER}{FIRM.html}"


@pytest.mark.parametrize(
    "body",
    [
        f"<p>Hi</p>{ANN.html}<p>PS: more</p>",
        f"<p>Hi</p>{ANN.html.replace('Lee', 'Li')}",
        f"<p>Hi</p>{ANN.html.replace('logo@', 'other@')}",
        f"<p>Hi</p>{ANN.html.replace(LOGO, '')}",
        f"<p>Hi</p>{MARKER}",
    ],
)
def test_one_that_was_changed_or_taken_away_is_left_alone(body: str) -> None:
    assert swap_signature(body, ANN, FIRM) == body


def test_where_an_identity_has_none_the_other_ones_comes_to_its_place() -> None:
    below = signed("<p>Firm</p>", below=True)
    assert swap_signature(f"<p>Hi</p>{MARKER}", Signature(), FIRM) == f"<p>Hi</p>{FIRM.html}{MARKER}"
    assert swap_signature(f"<p>Hi</p>{MARKER}", Signature(), below) == f"<p>Hi</p>{MARKER}{below.html}"
    assert swap_signature("<p>Hi</p>", Signature(), below) == f"<p>Hi</p>{below.html}"


def test_what_messages_of_a_kind_begin_with_follows_each_identitys_wish() -> None:
    by_hand = signed("<p>A. Lee</p>", by_itself=False)
    assert swap_signature(f"<p>Hi</p>{ANN.html}", ANN, by_hand) == "<p>Hi</p>"
    assert swap_signature("<p>Hi</p>", ANN, by_hand) == "<p>Hi</p>"
    assert swap_signature("<p>Hi</p>", by_hand, ANN) == f"<p>Hi</p>{ANN.html}"
    # One that was put in by hand stays put in.
    other = signed("<p>Other</p>", by_itself=False)
    assert swap_signature(f"<p>Hi</p>{by_hand.html}", by_hand, other) == f"<p>Hi</p>{other.html}"
    assert swap_plain_signature(f"Hi\n\n{by_hand.text}\n", by_hand, other) == f"Hi\n\n{other.text}\n"
    assert swap_plain_signature(f"Hi\n\n{ANN.text}\n", ANN, by_hand) == "Hi\n\n\n"
    assert swap_plain_signature("Hi\n", by_hand, ANN) == f"Hi\n\n{ANN.text}\n"


def test_in_plain_text_it_is_exchanged_with_where_its_links_lead() -> None:
    old, new = signed("<p>Alice</p>"), FIRM
    assert swap_plain_signature("Hi\n\n-- \n\nAlice\n", old, new) == "Hi\n\n-- \n\nA. Lee, Firm <https://firm.test/>\n"
    assert swap_plain_signature("Hi\n\n-- \n\nAl\n", old, new) == "Hi\n\n-- \n\nAl\n"
    assert swap_plain_signature("Hi\n", Signature(), new).startswith("Hi\n\n-- \n\nA. Lee")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (f"Hi\n\n{ANN.text}\n", f"<p>Hi</p>{ANN.html}"),
        (f"\n\n{ANN.text}\n", f"<p></p>{ANN.html}"),
        (
            f"Hi\n\n{ANN.text}\n\nBo wrote:\n> Old\n",
            f'<p>Hi</p>{ANN.html}<p>Bo wrote:</p><blockquote type="cite"><p>Old</p></blockquote>',
        ),
        ("Hi\n\n-- \n\nAnne\n", "<p>Hi</p><p>-- </p><p>Anne</p>"),
    ],
)
def test_with_formatting_again_it_has_its_own_again(text: str, html: str) -> None:
    assert plain_as_html(text, ANN) == html


def test_words_are_what_stands_above_it() -> None:
    assert above_signature(f"<p>Hi</p>{ANN.html}") == "<p>Hi</p>"
    assert above_signature("<p>-- not a line</p>") == "<p>-- not a line</p>"


def test_empty_paragraphs_are_taken_from_the_end_alone_and_in_linear_time() -> None:
    empty = '<p></p><p><br></p><p dir="auto"></p>'
    assert without_empty_tail(f"{empty}<p>Ann</p>{empty}") == f"{empty}<p>Ann</p>"
    assert without_empty_tail(empty) == ""
    began = time.process_time()
    many = empty * 50_000 + "x"
    assert without_empty_tail(many) == many
    assert time.process_time() - began < 2.0
