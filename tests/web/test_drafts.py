"""A draft's own verbs through the screens: both words kept, files in and out, formats, discarding; only one's own."""

import re
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailsync import actions
from mailsync.message.outgoing_html import original_marker
from mailsync.models import Draft, DraftAttachment
from tests.factories import make_folder, make_message, make_user
from tests.web.mail import html_message, store

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


@pytest.fixture
def draft(writer: User) -> Draft:
    return actions.start_draft(writer.pk, subject="Tea")


def fields(draft: Draft, **more: Any) -> dict[str, Any]:
    return {"version": draft.version, "to": "bob@x.test", "subject": "Tea", "body": "<p>Mine</p>", **more}


def upload(name: str = "plan.txt", data: bytes = b"plan", content_type: str = "text/plain") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type)


# Two windows ----------------------------------------------------------------------------------


def test_a_save_from_an_old_window_overwrites_nothing_and_shows_the_other_words(client: Client, draft: Draft) -> None:
    actions.save_draft(draft.user_id, draft.pk, draft.version, body="<p>Theirs</p>")
    response = client.post(reverse("draft_save", args=[draft.pk]), fields(draft), headers=JSON)
    assert response.status_code == 409
    told = response.json()["conflict"]
    for said in ("Changed in another window", "Nothing has been overwritten", "Mine", "Theirs", "Keep both"):
        assert said in told
    assert Draft.objects.get(pk=draft.pk).body == "<p>Theirs</p>"


def test_both_words_can_be_kept(client: Client, draft: Draft) -> None:
    actions.attach(draft.user_id, draft.pk, "plan.txt", "text/plain", b"plan")
    actions.save_draft(draft.user_id, draft.pk, draft.version, body="<p>Theirs</p>")
    response = client.post(reverse("draft_keep", args=[draft.pk]), fields(draft), headers=JSON)
    copy = Draft.objects.exclude(pk=draft.pk).get()
    assert f'data-draft="{copy.pk}"' in response.json()["html"]
    assert (copy.body, copy.attachments.count()) == ("<p>Mine</p>", 1)
    assert Draft.objects.get(pk=draft.pk).body == "<p>Theirs</p>"


def test_without_scripts_both_are_kept_by_themselves(client: Client, draft: Draft) -> None:
    actions.save_draft(draft.user_id, draft.pk, draft.version, body="<p>Theirs</p>")
    response = client.post(reverse("draft_save", args=[draft.pk]), fields(draft), follow=True)
    copy = Draft.objects.exclude(pk=draft.pk).get()
    assert response.redirect_chain[0][0] == reverse("draft", args=[copy.pk])
    assert copy.body == "<p>Mine</p>"
    assert "both are kept" in response.text


def test_the_same_save_twice_is_one(client: Client, draft: Draft) -> None:
    for _ in range(2):
        response = client.post(reverse("draft_save", args=[draft.pk]), fields(draft), headers=JSON)
        assert response.status_code == 200
    assert Draft.objects.get(pk=draft.pk).version == draft.version + 1


# Files ----------------------------------------------------------------------------------------


def test_a_file_comes_back_as_its_tile(client: Client, draft: Draft) -> None:
    response = client.post(reverse("draft_attach", args=[draft.pk]), {"files": upload()}, headers=JSON)
    row = DraftAttachment.objects.get()
    assert f'data-file="{row.pk}"' in response.json()["html"]
    assert "plan.txt" in response.json()["html"]
    got = client.get(reverse("draft_file", args=[draft.pk, row.pk]))
    assert got.content == b"plan"
    assert got["Content-Disposition"].startswith("attachment")


def test_files_stand_as_they_do_before_their_writer(client: Client, draft: Draft) -> None:
    for name in ("third.txt", "first.txt", "second.txt"):
        client.post(reverse("draft_attach", args=[draft.pk]), {"files": upload(name)}, headers=JSON)
    third, first, second = draft.attachments.all()
    other = actions.start_draft(draft.user_id)
    foreign = actions.attach(draft.user_id, other.pk, "foreign.txt", "text/plain", b"x")

    def save(*files: object) -> list[str]:
        version = Draft.objects.get(pk=draft.pk).version
        sent = fields(draft, version=version, file=[str(one) for one in files])
        assert client.post(reverse("draft_save", args=[draft.pk]), sent, headers=JSON).status_code == 200
        return [file.name for file in draft.attachments.all()]

    wanted = ["first.txt", "second.txt", "third.txt"]
    for _ in range(2):
        assert save(first.pk, second.pk, third.pk) == wanted
    # One that has gone, one of another draft, and nonsense change nothing; nor does a page that names none.
    assert save(10**9, first.pk, foreign.pk, "x", second.pk, third.pk) == wanted
    assert save() == wanted
    assert other.attachments.get().position == 0


def test_a_file_is_never_served_as_something_that_runs(client: Client, draft: Draft) -> None:
    evil = upload("page.html", b"<script>alert(1)</script>", "text/html")
    client.post(reverse("draft_attach", args=[draft.pk]), {"files": evil}, headers=JSON)
    got = client.get(reverse("draft_file", args=[draft.pk, DraftAttachment.objects.get().pk]))
    assert got["Content-Type"] == "application/octet-stream"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got["Content-Security-Policy"]


def test_a_pasted_picture_is_shown_by_its_cid_and_no_tile(client: Client, draft: Draft) -> None:
    picture = upload("a.png", PNG, "image/png")
    url = reverse("draft_attach", args=[draft.pk])
    answer = client.post(url, {"files": picture, "inline": "1"}, headers=JSON).json()
    assert client.get(answer["url"])["Content-Type"] == "image/png"
    body = f'<p><img src="{answer["url"]}" data-cid="{answer["cid"]}"></p>'
    client.post(reverse("draft_save", args=[draft.pk]), fields(draft, body=body), headers=JSON)
    assert Draft.objects.get(pk=draft.pk).body == f'<p><img src="cid:{answer["cid"]}"></p>'
    page = client.get(reverse("draft", args=[draft.pk])).text
    assert "data-cid" in page
    assert "data-file=" not in page


def test_only_pictures_stand_among_the_words(client: Client, draft: Draft) -> None:
    svg = upload("a.svg", b"<svg onload='x()'/>", "image/svg+xml")
    response = client.post(reverse("draft_attach", args=[draft.pk]), {"files": svg, "inline": "1"}, headers=JSON)
    assert response.status_code == 413
    assert not DraftAttachment.objects.exists()


def test_too_large_a_file_is_told_and_the_words_stay(client: Client, draft: Draft, settings: Any) -> None:
    settings.HERON_UPLOAD_LIMIT_BYTES = 1024 * 1024
    big = upload("film.mov", b"x" * (1024 * 1024 + 1))
    response = client.post(reverse("draft_attach", args=[draft.pk]), {"files": big, **fields(draft)})
    assert response.status_code == 422
    assert "“film.mov” is larger than 1 MB" in response.text
    assert Draft.objects.get(pk=draft.pk).body == "<p>Mine</p>"


def test_without_scripts_a_file_is_added_and_taken_off(client: Client, draft: Draft) -> None:
    response = client.post(reverse("draft_attach", args=[draft.pk]), {"files": upload(), **fields(draft)}, follow=True)
    assert "plan.txt" in response.text
    row = DraftAttachment.objects.get()
    current = Draft.objects.get(pk=draft.pk)
    url = reverse("draft_detach", args=[draft.pk, row.pk])
    client.post(url, fields(current))
    assert not DraftAttachment.objects.exists()


def test_nothing_chosen_is_said_so(client: Client, draft: Draft) -> None:
    response = client.post(reverse("draft_attach", args=[draft.pk]), fields(draft))
    assert "Choose a file to attach." in response.text


# Formats --------------------------------------------------------------------------------------


def test_plain_text_holds_the_quoted_original_and_back(client: Client, writer: User) -> None:
    asked = store(writer, html_message("<p>How are you?</p>"))
    draft = actions.start_draft(writer.pk, "reply", asked.pk)
    body = f"<p>Well, <b>thanks</b>.</p>{original_marker(asked.pk)}"
    url = reverse("draft_format", args=[draft.pk])
    client.post(url, {"version": draft.version, "body": body, "rich": "0"}, headers=JSON)
    draft.refresh_from_db()
    assert not draft.is_html
    assert draft.body.startswith("Well, thanks.")
    assert "> How are you?" in draft.body
    client.post(url, {"version": draft.version, "text": draft.body, "rich": "1"}, headers=JSON)
    draft.refresh_from_db()
    assert draft.is_html
    assert draft.body.startswith("<p>Well, thanks.</p>")


def test_the_quote_for_the_editor(client: Client, writer: User) -> None:
    asked = store(writer, html_message('<p>How are you?<img src="https://far.test/a.png"></p>'))
    draft = actions.start_draft(writer.pk, "reply", asked.pk)
    url = reverse("draft_quote", args=[draft.pk])
    html = client.post(url, headers=JSON).json()["html"]
    assert html.endswith('<p>How are you?<img data-remote="https://far.test/a.png"></p></blockquote>')
    assert client.post(url, {"only": "<b>you</b>"}, headers=JSON).json()["html"].endswith("><b>you</b></blockquote>")
    Draft.objects.update(original=None)
    response = client.post(url, headers=JSON)
    assert response.status_code == 422
    assert "not here any more" in response.json()["error"]


# Discarded ------------------------------------------------------------------------------------


def test_discarding(client: Client, draft: Draft) -> None:
    actions.save_draft(draft.user_id, draft.pk, draft.version, subject="Boats")
    response = client.post(reverse("draft_discard", args=[draft.pk]), follow=True)
    assert not Draft.objects.exists()
    group = re.search(r'name="group" value="([^"]+)"', response.text)
    assert group is not None
    assert "Undone." in client.post(reverse("undo"), {"group": group[1]}, follow=True).text
    assert Draft.objects.get() == draft


def test_a_script_is_told_what_takes_a_discarded_draft_back(client: Client, draft: Draft) -> None:
    actions.save_draft(draft.user_id, draft.pk, draft.version, subject="Boats")
    told = client.post(reverse("draft_discard", args=[draft.pk]), headers=JSON).json()
    assert told["label"] == "Draft “Boats” discarded"
    assert client.post(reverse("undo"), {"group": told["group"]}, headers={"HX-Request": "true"}).status_code == 204
    assert Draft.objects.get() == draft


def test_an_empty_draft_goes_without_more_words(client: Client, writer: User) -> None:
    fresh = actions.start_draft(writer.pk)
    told = client.post(reverse("draft_discard", args=[fresh.pk]), headers=JSON).json()
    assert told == {"label": "Draft discarded", "group": ""}


def test_closing_an_untouched_window_leaves_no_draft_but_a_written_one_stays(client: Client, draft: Draft) -> None:
    url = reverse("draft_discard", args=[draft.pk])
    actions.save_draft(draft.user_id, draft.pk, draft.version, body="<p>Words</p>")
    client.post(url, {"untouched": "1"}, headers=JSON)
    assert Draft.objects.count() == 1
    fresh = actions.start_draft(draft.user_id)
    client.post(reverse("draft_discard", args=[fresh.pk]), {"untouched": "1"}, headers=JSON)
    assert Draft.objects.get() == draft


def test_closing_a_stored_draft_never_throws_it_away(client: Client, writer: User) -> None:
    account = writer.mail_accounts.get()
    drafts = make_folder(account, "Drafts", role="drafts")
    stored = make_message(drafts, subject="From another program")
    client.get(reverse("compose"), {"edit": stored.message_id})
    draft = Draft.objects.get()
    assert "data-untouched" not in client.get(reverse("draft", args=[draft.pk])).text
    client.post(reverse("draft_discard", args=[draft.pk]), {"untouched": "1"}, headers=JSON)
    assert Draft.objects.filter(pk=draft.pk).exists()


def test_a_file_is_something_written(client: Client, writer: User, draft: Draft) -> None:
    """A window that is opened anew must not take it for untouched and throw it away."""
    client.post(reverse("draft_attach", args=[draft.pk]), {"files": upload()}, headers=JSON)
    assert "data-untouched" not in client.get(reverse("draft", args=[draft.pk])).text
    client.post(reverse("draft_discard", args=[draft.pk]), {"untouched": "1"}, headers=JSON)
    assert draft.attachments.count() == 1


# Gone -----------------------------------------------------------------------------------------


def keep(client: Client, draft: Draft, **more: Any) -> Any:
    return client.post(reverse("draft_keep", args=[draft.pk]), fields(draft, **more), headers=JSON)


def test_what_was_written_after_another_window_sent_is_kept(client: Client, writer: User) -> None:
    asked = store(writer, html_message("<p>When?</p>"))
    draft = actions.start_draft(writer.pk, "reply", asked.pk)
    actions.attach(writer.pk, draft.pk, "plan.txt", "text/plain", b"plan")
    said = {"to": "bob@x.test", "subject": "Re: Tea", "body": "<p>At 4</p>"}
    draft = actions.save_draft(writer.pk, draft.pk, draft.version, **said)
    actions.send(writer.pk, draft.pk)
    stale = {**said, "mode": "reply", "original": asked.pk}
    assert client.post(reverse("draft_save", args=[draft.pk]), fields(draft, **stale), headers=JSON).status_code == 404
    assert keep(client, draft, **stale).status_code == 204
    assert not Draft.objects.exists()
    answer = keep(client, draft, **{**stale, "body": "<p>At 4. And bring cake</p>"})
    made = Draft.objects.get()
    assert f'data-draft="{made.pk}"' in answer.json()["html"]
    assert (made.body, made.mode, made.original) == ("<p>At 4. And bring cake</p>", "reply", asked)
    assert [one.name for one in made.attachments.all()] == ["plan.txt"]


@pytest.mark.parametrize("empty", [True, False])
def test_what_was_written_after_another_window_discarded_is_kept(
    client: Client, writer: User, draft: Draft, empty: bool
) -> None:
    actions.discard_draft(writer.pk, draft.pk, empty=empty)
    assert keep(client, draft, body="<p>Words</p>").status_code == 200
    assert Draft.objects.get().body == "<p>Words</p>"


def test_what_was_discarded_is_kept_all_the_same_where_its_writer_says_so(
    client: Client, writer: User, draft: Draft
) -> None:
    draft = actions.save_draft(writer.pk, draft.pk, draft.version, subject="Hello", body="<p>Words</p>")
    actions.discard_draft(writer.pk, draft.pk)
    same = {"to": "", "subject": "Hello", "body": "<p>Words</p>"}
    assert keep(client, draft, **same).status_code == 204
    assert keep(client, draft, **same, asked="1").status_code == 200
    assert Draft.objects.get().body == "<p>Words</p>"


def test_nothing_of_a_strangers_is_kept(client: Client, writer: User, draft: Draft) -> None:
    asked = store(make_user("eve"), html_message("<p>Secret</p>"))
    actions.discard_draft(writer.pk, draft.pk)
    assert keep(client, draft, mode="reply", original=asked.pk).status_code == 404
    client.force_login(make_user("charlie"))
    assert keep(client, draft, body="<p>Mine</p>").status_code == 200
    assert Draft.objects.get().user != writer


# Whose ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["draft_save", "draft_attach", "draft_format", "draft_keep", "draft_quote", "draft_discard", "draft_send"],
)
def test_a_stranger_gets_404(client: Client, draft: Draft, name: str) -> None:
    client.force_login(make_user("charlie"))
    data = {**fields(draft), "files": BytesIO(b"x")}
    assert client.post(reverse(name, args=[draft.pk]), data).status_code == 404
    assert Draft.objects.get().body == draft.body


def test_a_stranger_gets_no_file(client: Client, draft: Draft) -> None:
    row = actions.attach(draft.user_id, draft.pk, "a.png", "image/png", PNG, inline=True)
    client.force_login(make_user("charlie"))
    assert client.get(reverse("draft_file", args=[draft.pk, row.pk])).status_code == 404
    assert client.get(reverse("draft_cid", args=[draft.pk, row.content_id])).status_code == 404
    assert client.post(reverse("draft_detach", args=[draft.pk, row.pk])).status_code == 404
    assert DraftAttachment.objects.exists()


def test_one_draft_does_not_serve_the_file_of_another(client: Client, draft: Draft) -> None:
    other = actions.start_draft(draft.user_id, subject="Other")
    row = actions.attach(draft.user_id, other.pk, "a.txt", "text/plain", b"x")
    assert client.get(reverse("draft_file", args=[draft.pk, row.pk])).status_code == 404
