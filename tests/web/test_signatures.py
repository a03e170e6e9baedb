"""The signature of an identity on its settings page: formatted by the editor, kept by a form without scripts."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Identity, User
from mailsync import actions
from mailsync.models import Draft, SignaturePicture
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
WORDS = '<p><b style="color: #b3261e">Alice</b>, <a href="https://club.test/">Club</a></p>'


@pytest.fixture
def identity(writer: User) -> Identity:
    """Whose signature has a picture."""
    identity = Identity.objects.get(user=writer)
    return with_picture(identity, WORDS)


def with_picture(identity: Identity, words: str) -> Identity:
    picture = actions.attach_to_signature(identity.user_id, identity.pk, "logo.png", "image/png", PNG)
    html = f'{words}<p><img src="cid:{picture.content_id}" alt=""></p>'
    return actions.write_signature(identity.user_id, identity.pk, html)


def page_of(identity: Identity) -> str:
    return reverse("identity_edit", args=[identity.pk])


def form(**more: Any) -> dict[str, Any]:
    return {"name": "Alice", "signature_on_new": "on", "signature_on_answers": "on", **more}


def test_the_editor_gets_the_words_with_pictures_that_are_shown(client: Client, identity: Identity) -> None:
    page = client.get(page_of(identity))
    picture = SignaturePicture.objects.get()
    url = reverse("signature_picture", args=[identity.pk, picture.pk])
    assert f"&lt;img src=&quot;{url}&quot; data-cid=&quot;{picture.content_id}&quot;" in page.text
    assert "500 kB together" in page.text
    shown = client.get(url)
    assert (shown.content, shown["Content-Type"]) == (PNG, "image/png")


def test_saving_the_plain_form_untouched_keeps_formatting_and_pictures(client: Client, identity: Identity) -> None:
    page = client.get(page_of(identity))
    assert page.context["text"] == "Alice, Club <https://club.test/>"
    assert "Its formatting and pictures stay as long as" in page.text
    sent = form(text=page.context["text"].replace("\n", "\r\n"), signature_below="True")
    assert client.post(page_of(identity), sent).status_code == 302
    kept = Identity.objects.get()
    assert kept.signature_html == identity.signature_html
    assert (kept.signature_below, SignaturePicture.objects.count()) == (True, 1)
    assert 'value="True" selected' in client.get(page_of(identity)).text


def test_a_plain_form_that_is_changed_makes_a_plain_signature(client: Client, identity: Identity) -> None:
    client.post(page_of(identity), form(text="Alice\r\n\r\n<Club>"))
    kept = Identity.objects.get()
    assert (kept.signature_html, kept.signature_text) == ("<p>Alice</p><p>&lt;Club&gt;</p>", "Alice\n\n<Club>")
    assert not SignaturePicture.objects.exists()
    assert "Its formatting" not in client.get(page_of(identity)).text


def test_what_the_editor_sends_is_cleaned_and_its_text_made(client: Client, identity: Identity) -> None:
    given = client.post(
        reverse("signature_picture_add", args=[identity.pk]),
        {"files": SimpleUploadedFile("new.gif", b"GIF89a", "image/gif")},
    ).json()
    assert client.get(given["url"])["Content-Type"] == "image/gif"
    body = (
        f'<p onclick="x()">Al<script>y()</script></p><ul><li>one</li></ul><img src="{given["url"]}"'
        f' data-cid="{given["cid"]}" width="320"><img src="/settings/" ><p></p>'
    )
    client.post(page_of(identity), form(body=body))
    kept = Identity.objects.get()
    assert kept.signature_html == f'<p>Al</p><ul><li>one</li></ul><img src="cid:{given["cid"]}" width="320">'
    assert "one" in kept.signature_text
    assert [row.name for row in SignaturePicture.objects.all()] == ["new.gif"]


def test_an_old_signature_of_text_alone_is_there_to_be_formatted(client: Client, identity: Identity) -> None:
    Identity.objects.update(signature_html="", signature_text="Alice\n<Club>")
    page = client.get(page_of(identity))
    assert page.context["html"] == "<p>Alice<br>&lt;Club&gt;</p>"
    assert page.context["text"] == "Alice\n<Club>"


def test_what_is_refused_is_said_and_no_word_is_lost(client: Client, identity: Identity) -> None:
    page = client.post(page_of(identity), form(body="<p>New words</p>", reply_to="nobody"))
    assert (page.status_code, page.context["html"]) == (422, "<p>New words</p>")
    page = client.post(page_of(identity), form(name="Other", body="<p>long</p>" * 10_000))
    assert page.status_code == 422
    assert "This signature is too long" in page.text
    kept = Identity.objects.get()
    assert (kept.name, kept.signature_html) == (identity.name, identity.signature_html)
    way = reverse("signature_picture_add", args=[identity.pk])
    for file, words in (
        (SimpleUploadedFile("a.svg", b"<svg/>", "image/svg+xml"), "Only PNG"),
        (SimpleUploadedFile("a.png", b"x" * 500_000, "image/png"), "500 kB together"),
    ):
        answer = client.post(way, {"files": file})
        assert (answer.status_code, words in answer.json()["error"]) == (422, True)
    assert client.post(way).status_code == 422


def test_the_list_says_who_has_one_though_it_be_a_picture(client: Client, writer: User) -> None:
    listed = reverse("settings_writing")
    assert "with a signature" not in client.get(listed).text
    with_picture(Identity.objects.get(), "")
    assert "with a signature" in client.get(listed).text


def test_a_logo_is_no_file_that_was_promised(client: Client, identity: Identity) -> None:
    draft = actions.start_draft(identity.user_id, subject="Plan", to="bo@x.test")
    assert draft.attachments.count() == 1
    body = f"<p>The plan is attached.</p>{draft.body}"
    sent = {"version": draft.version, "to": "bo@x.test", "subject": "Plan", "body": body}
    answer = client.post(reverse("draft_send", args=[draft.pk]), sent, headers=JSON)
    assert "no file is attached" in answer.json()["warnings"]


def test_the_window_of_a_message_shows_it_and_brings_that_of_each_sender(client: Client, identity: Identity) -> None:
    firm = make_account(identity.user, address="alice@firm.test").identities.get()
    with_picture(firm, "<p>Firm</p>")
    Identity.objects.filter(pk=firm.pk).update(signature_on_new=False, signature_below=True)
    draft = actions.start_draft(identity.user_id, identity_id=identity.pk)
    page = client.get(reverse("draft", args=[draft.pk])).text
    home = SignaturePicture.objects.get(identity=identity)
    shown = reverse("draft_cid", args=[draft.pk, home.content_id])
    assert f"src=&quot;{shown}&quot; data-cid=&quot;{home.content_id}&quot;" in page
    assert client.get(shown).content == PNG
    theirs = SignaturePicture.objects.get(identity=firm)
    url = reverse("signature_picture", args=[firm.pk, theirs.pk])
    assert f"src=&quot;{url}&quot; data-cid=&quot;{theirs.content_id}&quot;" in page
    assert page.count(" data-by-itself") == page.count(" data-below") == 1


def test_without_scripts_a_formatted_one_is_exchanged_after_the_editor_wrote_it(
    client: Client, identity: Identity
) -> None:
    """The editor writes the same signature in other tags."""
    firm = with_picture(make_account(identity.user, address="alice@firm.test").identities.get(), "<p>Firm</p>")
    draft = actions.start_draft(identity.user_id, identity_id=identity.pk)
    save = reverse("draft_save", args=[draft.pk])
    body = (
        draft.body.replace("<p>-- </p>", "<p>--</p>").replace("<b style", "<strong style").replace("</b>", "</strong>")
    )
    client.post(save, {"version": draft.version, "identity": identity.pk, "body": f"{body}<p></p>"})
    saved = Draft.objects.get()
    page = client.get(reverse("draft", args=[draft.pk]))
    text = page.context["composing"].text
    sent = {"version": saved.version, "identity": firm.pk, "text": text}
    assert client.post(save, sent, headers=JSON).status_code == 200
    saved.refresh_from_db()
    picture = SignaturePicture.objects.get(identity=firm)
    assert saved.is_html
    assert f'<p>Firm</p><p><img src="cid:{picture.content_id}"' in saved.body
    assert "Alice" not in saved.body
    assert picture.content_id in saved.attachments.values_list("content_id", flat=True)


def test_plain_and_formatted_again_it_is_as_it_was(client: Client, identity: Identity) -> None:
    draft = actions.start_draft(identity.user_id)
    way, opened = reverse("draft_format", args=[draft.pk]), draft.body
    client.post(way, {"version": draft.version, "body": f"<p>Hello</p>{opened}", "rich": "0"})
    plain = Draft.objects.get()
    assert plain.body.startswith("Hello\n\n")
    client.post(way, {"version": plain.version, "text": plain.body, "rich": "1"})
    again = Draft.objects.get()
    assert again.is_html
    assert again.body == f"<p>Hello</p>{opened.removeprefix('<p></p><p></p>')}"
    assert again.attachments.count() == 1


def test_each_person_has_their_own(client: Client, identity: Identity) -> None:
    picture = SignaturePicture.objects.get()
    mallory = make_user("mallory")
    mine = make_account(mallory, address="mallory@mail.test").identities.get()
    client.force_login(mallory)
    assert client.get(page_of(identity)).status_code == 404
    assert client.get(reverse("signature_picture", args=[identity.pk, picture.pk])).status_code == 404
    assert client.get(reverse("signature_picture", args=[mine.pk, picture.pk])).status_code == 404
    assert client.post(reverse("signature_picture_add", args=[identity.pk])).status_code == 404
