"""Templates through the screens: kept from a draft, written in the settings, put into a message with their files."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Identity, User
from mailsync import actions
from mailsync.models import Act, Blob, Draft, MailTemplate, TemplateFile
from mailsync.store.blobs import sweep_blobs
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
NASTY = '<p onclick="x()">Hi</p><script>bad()</script><a href="javascript:bad()">x</a>'


@pytest.fixture
def alice(client: Client) -> User:
    user = make_user("alice")
    account = make_account(user, address="alice@mail.test")
    Identity.objects.filter(account=account).update(signature_text="Alice")
    client.force_login(user)
    return user


@pytest.fixture
def draft(alice: User) -> Draft:
    return actions.start_draft(alice.pk, subject="Offer")


@pytest.fixture
def thanks(alice: User) -> MailTemplate:
    return actions.write_template(alice.pk, None, name="Thanks", subject="Thank you", body="<p>Many <b>thanks</b></p>")


def fields(draft: Draft, **more: Any) -> dict[str, Any]:
    return {"version": draft.version, "subject": draft.subject, "body": draft.body, **more}


def with_files(draft: Draft) -> Draft:
    """A picture among the words, and a list of prices."""
    actions.attach(draft.user_id, draft.pk, "prices.pdf", "application/pdf", b"%PDF")
    shown = actions.attach(draft.user_id, draft.pk, "dot.png", "image/png", PNG, inline=True)
    body = f'<p>Look <img src="cid:{shown.content_id}"></p>{draft.body}'
    return actions.save_draft(draft.user_id, draft.pk, draft.version, body=body)


# Kept -----------------------------------------------------------------------------------------


def test_a_message_is_kept_without_its_signature(client: Client, draft: Draft) -> None:
    url = reverse("draft_keep_template", args=[draft.pk])
    body = f"<p>Our offer stands.</p>{draft.body}"
    answer = client.post(url, fields(draft, body=body, template_name="  Our   offer "), headers=JSON).json()
    kept = MailTemplate.objects.get()
    assert (kept.name, kept.subject, kept.body) == ("Our offer", "Offer", "<p>Our offer stands.</p>")
    assert answer["label"] == "“Our offer” is kept as a template."
    assert reverse("draft_insert", args=[draft.pk, kept.pk]) in answer["html"]
    assert "Alice" in Draft.objects.get().body


def test_a_name_is_taken_once_and_replaced_only_at_a_word(client: Client, draft: Draft, thanks: MailTemplate) -> None:
    url = reverse("draft_keep_template", args=[draft.pk])
    refused = client.post(url, fields(draft, body="<p>New</p>", template_name="THANKS"), headers=JSON)
    assert refused.status_code == 409
    assert "called “Thanks” already" in refused.json()["error"]
    thanks.refresh_from_db()
    assert thanks.body == "<p>Many <b>thanks</b></p>"
    again = fields(draft, body="<p>New</p>", template_name="THANKS", replace="1", version=refused.json()["version"])
    assert client.post(url, again, headers=JSON).status_code == 200
    thanks.refresh_from_db()
    assert (thanks.name, thanks.subject, thanks.body) == ("THANKS", "Offer", "<p>New</p>")
    assert MailTemplate.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"template_name": " "}, "Give the template a name."),
        ({"template_name": "x" * 101}, "100 characters at most"),
        ({"template_name": "Empty", "subject": "", "body": "<p></p>"}, "Write something first"),
    ],
)
def test_what_cannot_be_kept_says_why(client: Client, draft: Draft, more: dict[str, str], words: str) -> None:
    answer = client.post(reverse("draft_keep_template", args=[draft.pk]), fields(draft, **more), headers=JSON)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert not MailTemplate.objects.exists()


def test_without_scripts_a_message_is_kept_too(client: Client, draft: Draft) -> None:
    url = reverse("draft_keep_template", args=[draft.pk])
    plain = {
        "version": draft.version,
        "subject": "Offer",
        "text": "Our offer\r\n\r\n-- \r\nAlice",
        "template_name": "A",
    }
    assert client.post(url, plain, follow=True).text.count("“A” is kept as a template.") == 1
    assert MailTemplate.objects.get().body == "<p>Our offer</p>"


# Put into a message ---------------------------------------------------------------------------


def test_a_script_gets_the_words_and_nothing_is_changed_before_it_saves(
    client: Client, draft: Draft, thanks: MailTemplate
) -> None:
    answer = client.post(reverse("draft_insert", args=[draft.pk, thanks.pk]), headers=JSON).json()
    assert answer["html"] == "<p>Many <b>thanks</b></p>"
    assert (answer["text"], answer["subject"], answer["files"]) == ("Many thanks", "Thank you", "")
    assert Draft.objects.get().body == draft.body


def test_without_scripts_the_words_go_above_the_signature(client: Client, draft: Draft, thanks: MailTemplate) -> None:
    client.post(reverse("draft_insert", args=[draft.pk, thanks.pk]), fields(draft))
    found = Draft.objects.get()
    assert found.subject == "Offer"
    assert found.body == "<p>Many <b>thanks</b></p><p></p><p>-- <br>Alice</p>"


def test_without_scripts_plain_words_stay_and_an_empty_subject_is_filled(
    client: Client, draft: Draft, thanks: MailTemplate
) -> None:
    plain = {"version": draft.version, "subject": "", "text": "Dear Bo,\r\n"}
    client.post(reverse("draft_insert", args=[draft.pk, thanks.pk]), plain)
    found = Draft.objects.get()
    assert (found.is_html, found.subject, found.body) == (False, "Thank you", "Many thanks\n\nDear Bo,\n")


def test_files_and_pictures_come_along_each_time_under_names_of_their_own(client: Client, draft: Draft) -> None:
    template = actions.keep_template(draft.user_id, with_files(draft).pk, "Prices")
    other = actions.start_draft(draft.user_id)
    url = reverse("draft_insert", args=[other.pk, template.pk])
    first, second = (client.post(url, headers=JSON).json() for _ in range(2))
    assert "prices.pdf" in first["files"]
    assert "dot.png" not in first["files"]
    assert first["size_bytes"] == len(PNG) + len(b"%PDF")
    pictures = list(other.attachments.exclude(content_id="").values_list("content_id", flat=True))
    assert len({*pictures, *draft.attachments.exclude(content_id="").values_list("content_id", flat=True)}) == 3
    for cid, answer in zip(pictures, (first, second), strict=True):
        address = reverse("draft_cid", args=[other.pk, cid])
        assert address in answer["html"]
        assert client.get(address).content == PNG


def test_a_message_begins_with_a_template_and_leaves_nothing_when_it_was_only_looked_at(
    client: Client, draft: Draft
) -> None:
    template = actions.keep_template(draft.user_id, with_files(draft).pk, "Prices")
    page = client.get(reverse("compose"), {"template": template.pk}, follow=True)
    begun = Draft.objects.exclude(pk=draft.pk).get()
    assert "prices.pdf" in page.text
    assert begun.subject == "Offer"
    assert begun.body.startswith("<p>Look <img")
    assert begun.body.endswith("<p>-- <br>Alice</p>")
    assert begun.store_due_at is None
    client.post(reverse("draft_discard", args=[begun.pk]), {"untouched": "1"}, headers=JSON)
    assert not Draft.objects.filter(pk=begun.pk).exists()
    assert template.files.count() == 2


def test_a_file_that_does_not_fit_says_so(client: Client, draft: Draft, settings: Any) -> None:
    template = actions.keep_template(draft.user_id, with_files(draft).pk, "Prices")
    settings.HERON_UPLOAD_LIMIT_BYTES = 1
    answer = client.post(reverse("draft_insert", args=[draft.pk, template.pk]), headers=JSON)
    assert answer.status_code == 422
    assert "prices.pdf" in answer.json()["error"]
    assert draft.attachments.count() == 2


def test_bytes_stay_while_a_template_names_them(draft: Draft) -> None:
    template = actions.keep_template(draft.user_id, with_files(draft).pk, "Prices")
    actions.discard_draft(draft.user_id, draft.pk)
    Act.objects.all().delete()
    Blob.objects.update(created_at=timezone.now() - timedelta(days=30))
    assert sweep_blobs() == 0
    actions.remove_template(draft.user_id, template.pk)
    assert sweep_blobs() == 2


# In the settings ------------------------------------------------------------------------------


def test_one_is_written_cleaned_renamed_and_removed(client: Client, alice: User) -> None:
    client.post(reverse("template_add"), {"name": "Hi", "subject": "Hello", "body": NASTY})
    found = MailTemplate.objects.get()
    assert found.body == "<p>Hi</p><a>x</a>"
    page = client.get(reverse("settings_writing"))
    assert reverse("template_edit", args=[found.pk]) in page.text
    client.post(reverse("template_edit", args=[found.pk]), {"name": "Hey", "subject": "", "body": "<p>Hey</p>"})
    found.refresh_from_db()
    assert (found.name, found.subject, found.body) == ("Hey", "", "<p>Hey</p>")
    client.post(reverse("template_remove", args=[found.pk]), {"sure": "1"})
    assert not MailTemplate.objects.exists()


def test_without_scripts_words_that_were_not_changed_keep_their_formatting(
    client: Client, thanks: MailTemplate
) -> None:
    url = reverse("template_edit", args=[thanks.pk])
    client.post(url, {"name": "Thanks a lot", "subject": "", "text": "Many thanks"})
    thanks.refresh_from_db()
    assert (thanks.name, thanks.body) == ("Thanks a lot", "<p>Many <b>thanks</b></p>")
    client.post(url, {"name": "Thanks a lot", "subject": "", "text": "Many\r\nthanks <3"})
    thanks.refresh_from_db()
    assert thanks.body == "<p>Many<br>thanks &lt;3</p>"


def test_a_name_that_is_taken_is_refused_and_nothing_typed_is_lost(client: Client, thanks: MailTemplate) -> None:
    page = client.post(reverse("template_add"), {"name": "thanks", "subject": "S", "body": "<p>Long words</p>"})
    assert page.status_code == 422
    assert "called “Thanks” already" in page.text
    assert page.text.count("Long words") == 2
    assert MailTemplate.objects.count() == 1


def test_files_are_shown_given_and_taken_off(client: Client, draft: Draft) -> None:
    template = actions.keep_template(draft.user_id, with_files(draft).pk, "Prices")
    picture, prices = TemplateFile.objects.order_by("-content_id")
    page = client.get(reverse("template_edit", args=[template.pk]))
    assert reverse("template_file", args=[template.pk, picture.pk]) in page.text
    served = client.get(reverse("template_file", args=[template.pk, prices.pk]))
    assert served.content == b"%PDF"
    assert served["Content-Disposition"].startswith("attachment")
    client.post(reverse("template_file_remove", args=[template.pk, prices.pk]))
    client.post(reverse("template_edit", args=[template.pk]), {"name": "Prices", "subject": "", "body": "<p>Gone</p>"})
    assert not TemplateFile.objects.exists()


def pdf(name: str = "prices.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF", "application/pdf")


def test_files_are_added_with_the_words(client: Client, alice: User) -> None:
    sent = {"name": "Prices", "subject": "", "body": "<p>See</p>", "files": [pdf(), pdf("more.pdf")]}
    assert client.post(reverse("template_add"), sent).status_code == 302
    template = MailTemplate.objects.get()
    assert [row.name for row in template.files.all()] == ["prices.pdf", "more.pdf"]
    edit = reverse("template_edit", args=[template.pk])
    client.post(edit, {"name": "Prices", "subject": "", "body": "<p>See</p>", "files": [pdf("third.pdf")]})
    assert template.files.count() == 3


def test_a_picture_stays_where_the_words_show_it(client: Client, thanks: MailTemplate) -> None:
    way = reverse("template_picture", args=[thanks.pk])
    given = [client.post(way, {"files": SimpleUploadedFile("dot.png", PNG, "image/png")}).json() for _ in range(2)]
    assert client.get(given[0]["url"])["Content-Type"] == "image/png"
    body = f'<p>Look <img src="{given[0]["url"]}" data-cid="{given[0]["cid"]}"></p>'
    client.post(reverse("template_edit", args=[thanks.pk]), {"name": "Thanks", "subject": "", "body": body})
    thanks.refresh_from_db()
    assert f'src="cid:{given[0]["cid"]}"' in thanks.body
    assert [row.content_id for row in thanks.files.all()] == [given[0]["cid"]]


def test_what_does_not_fit_says_so_and_the_words_are_kept(client: Client, alice: User, settings: Any) -> None:
    settings.HERON_UPLOAD_LIMIT_BYTES = 3
    sent = {"name": "Prices", "subject": "", "body": "<p>See</p>", "files": [pdf()]}
    page = client.post(reverse("template_add"), sent, follow=True)
    assert "“prices.pdf” does not fit" in page.text
    assert (MailTemplate.objects.get().body, TemplateFile.objects.count()) == ("<p>See</p>", 0)
    way = reverse("template_picture", args=[MailTemplate.objects.get().pk])
    answer = client.post(way, {"files": SimpleUploadedFile("dot.png", PNG, "image/png")})
    assert (answer.status_code, "does not fit" in answer.json()["error"]) == (422, True)
    answer = client.post(way, {"files": SimpleUploadedFile("dot.svg", b"<svg/>", "image/svg+xml")})
    assert answer.status_code == 422


def test_each_person_has_their_own(client: Client, thanks: MailTemplate) -> None:
    mallory = make_user("mallory")
    make_account(mallory, address="mallory@mail.test")
    mine = actions.start_draft(mallory.pk)
    client.force_login(mallory)
    assert client.get(reverse("compose"), {"template": thanks.pk}).status_code == 404
    assert client.post(reverse("draft_insert", args=[mine.pk, thanks.pk]), headers=JSON).status_code == 404
    assert "Thanks" not in client.get(reverse("draft", args=[mine.pk])).text
    assert client.post(reverse("template_picture", args=[thanks.pk])).status_code == 404
    assert (
        client.post(reverse("template_add"), {"name": "Thanks", "subject": "", "body": "<p>x</p>"}).status_code == 302
    )
    assert MailTemplate.objects.filter(user=mallory).count() == 1
