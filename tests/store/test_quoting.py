"""What a composition begins with and quotes: the signature, the marker, the original as HTML and as text."""

import base64
from email import message_from_bytes, policy

import pytest
from django.utils import timezone, translation

from accounts.models import Identity
from mailsync import actions
from mailsync.message.compose import build_message
from mailsync.message.outgoing_html import has_original
from mailsync.message.quotes import own_words
from mailsync.models import Draft, DraftAttachment, Message
from mailsync.store.composition import compose_draft
from mailsync.store.quoting import load_quote, plain_body
from mailsync.store.signatures import load_signature
from tests.factories import START, make_account, make_user
from tests.web.mail import html_message, store

pytestmark = pytest.mark.django_db

WITH_PICTURE = (
    b"From: Ann <ann@shop.test>\r\nTo: bob@x.test\r\nSubject: Cat\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
    b'<p>Look: <img src="cid:cat@x"></p>\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <cat@x>\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"\x89PNG cat") + b"\r\n--b--\r\n"
)


def sent(draft: Draft) -> bytes:
    return build_message(compose_draft(draft, message_id="m@x.test", date=START)).raw


def test_a_new_draft_begins_with_room_and_the_signature() -> None:
    user = make_user()
    make_account(user)
    Identity.objects.update(signature_html="<p>Best, <b>Bo</b><script>x</script></p>")
    draft = actions.start_draft(user.pk)
    assert draft.body == "<p></p><p></p><p>-- </p><p>Best, <b>Bo</b></p>"
    Identity.objects.update(signature_html="", signature_text="Bo\n<Day>")
    assert actions.start_draft(user.pk).body.endswith("<p>-- <br>Bo<br>&lt;Day&gt;</p>")


def test_as_text_there_is_room_to_write_and_the_signature_line_ends_in_a_space() -> None:
    user = make_user()
    make_account(user)
    Identity.objects.update(signature_text="Bo")
    assert plain_body(actions.start_draft(user.pk)) == "\n\n-- \nBo\n"


def test_an_answer_holds_the_originals_place_and_the_message_its_words() -> None:
    user = make_user()
    asked = store(user, html_message("<p>Old <i>words</i></p>"))
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    assert has_original(draft.body)
    assert "Old" not in draft.body
    assert "> Old words" in plain_body(draft)
    assert b"<blockquote type=" in sent(draft)


def test_a_forward_carries_who_wrote_when_to_whom() -> None:
    user = make_user()
    asked = store(user, html_message("<p>Old</p>", From="Ann Lee <ann@shop.test>", Subject="Tea & cake"))
    quote = load_quote(actions.start_draft(user.pk, "forward", asked.pk))
    assert quote is not None
    for words in ("Forwarded message", "<b>From:</b> Ann Lee &lt;ann@shop.test&gt;", "<b>Subject:</b> Tea &amp; cake"):
        assert words in quote.html
    assert "<blockquote" not in quote.html


def test_pictures_of_the_original_go_along_only_while_it_is_quoted() -> None:
    user = make_user()
    asked = store(user, WITH_PICTURE)
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    message = message_from_bytes(sent(draft), policy=policy.default)
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<cat@x>"
    assert picture.get_content() == b"\x89PNG cat"  # type: ignore[attr-defined]
    draft.body = "<p>Without it</p>"
    assert b"image/png" not in sent(draft)


def test_a_pasted_picture_that_was_deleted_again_stays_behind() -> None:
    user = make_user()
    make_account(user)
    draft = actions.start_draft(user.pk, body="<p>x</p>", to="a@x.test")
    row = actions.attach(user.pk, draft.pk, "a.png", "image/png", b"\x89PNG", inline=True)
    assert b"image/png" not in sent(draft)
    draft.body = f'<p><img src="cid:{row.content_id}"></p>'
    assert b"image/png" in sent(draft)


def test_a_file_that_once_was_inline_is_a_file() -> None:
    user = make_user()
    make_account(user)
    draft = actions.start_draft(user.pk, body="<p>x</p>", to="a@x.test")
    row = actions.attach(user.pk, draft.pk, "a.png", "image/png", b"\x89PNG")
    DraftAttachment.objects.filter(pk=row.pk).update(content_id="cat@x")
    assert b"attachment" in sent(draft)


def test_leaving_the_original_out_leaves_it_out() -> None:
    user = make_user()
    asked = store(user, html_message("<p>Secret</p>"))
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    draft.body = "<p>Only mine</p>"
    assert b"Secret" not in sent(draft)
    assert plain_body(draft) == "Only mine\n"


def test_where_a_link_leads_is_said_in_the_text_too() -> None:
    user = make_user()
    make_account(user)
    Identity.objects.update(signature_html='<p><a href="https://bo.test/">Bo</a></p>')
    draft = actions.start_draft(user.pk, to="bob@x.test")
    draft.body = draft.body.replace("<p></p>", '<p>See <a href="https://x.test/plan">the plan</a>.</p>', 1)
    assert "See the plan <https://x.test/plan>." in plain_body(draft)
    # Without formatting, another identity's signature still finds this one's.
    assert load_signature(draft.identity, is_answer=False).text in plain_body(draft)
    assert b"See the plan <https://x.test/plan>." in sent(draft).split(b"text/html")[0]


def test_links_of_what_is_forwarded_are_kept_in_the_text() -> None:
    user = make_user()
    asked = store(user, html_message('<p><a href="https://x.test/plan">The plan</a></p>'))
    assert "The plan <https://x.test/plan>" in plain_body(actions.start_draft(user.pk, "forward", asked.pk))
    assert "> The plan\n" in plain_body(actions.start_draft(user.pk, "reply", asked.pk))


def test_what_stands_above_a_quote_is_in_the_writers_language() -> None:
    user = make_user()
    asked = store(user, html_message("<p>Hallo</p>"))
    Message.objects.update(sent_at=START)
    with translation.override("de"), timezone.override("Europe/Berlin"):
        answer = load_quote(actions.start_draft(user.pk, "reply", asked.pk))
        forward = load_quote(actions.start_draft(user.pk, "forward", asked.pk))
    assert answer is not None
    assert forward is not None
    when = "So, 1. Mär 2026 um 10:00"
    assert answer.text == f"Am {when} schrieb Ann:\n> Hallo"
    assert f"<p>Am {when} schrieb Ann:</p>" in answer.html
    assert own_words(answer.text) == ""
    head = ["---------- Weitergeleitete Nachricht ----------", "Von: Ann <ann@shop.test>", f"Datum: {when}"]
    assert forward.text.split("\n")[:3] == head
    assert "<b>Betreff:</b> Hello" in forward.html
    assert own_words(forward.text) == ""
