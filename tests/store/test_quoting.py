"""What a composition begins with and quotes: the signature, the marker, the original as HTML and as text."""

import base64
from email import message_from_bytes, policy

import pytest

from accounts.models import Identity
from mailsync import actions
from mailsync.message.compose import build_message
from mailsync.message.outgoing_html import has_original
from mailsync.models import Draft, DraftAttachment
from mailsync.store.composition import compose_draft
from mailsync.store.quoting import load_quote, plain_body
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
