"""What another app shares: which form becomes a letter, and which one must not. The worker's part is in Chromium's."""

import json
from typing import Any

import pytest
from django.contrib.staticfiles.finders import find
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailsync.models import Draft, DraftAttachment
from tests.factories import make_account, make_user
from tests.web.composing import JSON

pytestmark = pytest.mark.django_db

BY_BROWSER = {"Sec-Fetch-Site": "none"}
ELSEWHERE = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}]


def manifest(client: Client, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = client.get("/heron.webmanifest", headers=headers)
    assert answer.headers["Content-Type"] == "application/manifest+json"
    told: dict[str, Any] = json.loads(answer.content)
    return told


def share(client: Client, headers: dict[str, str], *files: SimpleUploadedFile, **given: str) -> Any:
    """As the manifest has a browser do it."""
    target = manifest(client)["share_target"]
    assert (target["method"], target["enctype"]) == ("POST", "multipart/form-data")
    form: dict[str, Any] = {target["params"][name]: value for name, value in given.items()}
    if files:
        form[target["params"]["files"][0]["name"]] = files
    return client.post(target["action"], form, headers=headers)


def test_the_manifest_speaks_the_browsers_language_and_what_it_names_is_there(client: Client) -> None:
    told = manifest(client)
    assert [one["name"] for one in told["shortcuts"]] == ["New message", "Inbox", "Search"]
    assert [one["name"] for one in manifest(client, {"Accept-Language": "de"})["shortcuts"]][1] == "Posteingang"
    client.force_login(make_user("dora"))
    for one in (told["start_url"], *(shortcut["url"] for shortcut in told["shortcuts"])):
        assert client.get(one).status_code in (200, 302), one
    pictures = [*told["icons"], *(icon for shortcut in told["shortcuts"] for icon in shortcut["icons"])]
    assert {one.get("purpose", "any") for one in pictures} == {"any", "maskable"}
    for picture in pictures:
        assert find(picture["src"].removeprefix("/static/")), picture


def test_what_is_shared_is_a_letter_with_its_files(client: Client, writer: User) -> None:
    files = (SimpleUploadedFile("tide.txt", b"high"), SimpleUploadedFile("boat.png", b"\x89PNG", "image/png"))
    given = {"title": "Tides\r\nBcc: x@y.test", "text": "High <b>water</b>", "url": "https://tides.example/kiel"}
    answer = share(client, BY_BROWSER, *files, **given)
    found = Draft.objects.get()
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("draft", args=[found.pk]))
    assert (found.subject, found.to) == ("Tides Bcc: x@y.test", "")
    assert "High &lt;b&gt;water&lt;/b&gt;" in found.body
    assert "https://tides.example/kiel" in found.body
    assert [one.name for one in found.attachments.order_by("position", "id")] == ["tide.txt", "boat.png"]
    # Closing the window unchanged keeps it.
    client.post(reverse("draft_discard", args=[found.pk]), {"untouched": "1"}, headers=JSON)
    assert Draft.objects.filter(pk=found.pk).exists()


def test_a_link_that_the_text_has_already_is_not_put_in_twice(client: Client, writer: User) -> None:
    share(client, BY_BROWSER, text="Look: https://tides.example/", url="https://tides.example/")
    assert Draft.objects.get().body.count("tides.example") == 1


def test_a_file_too_large_is_said_and_the_rest_comes_along(
    client: Client, writer: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HERON_UPLOAD_LIMIT_BYTES = 1000
    files = (SimpleUploadedFile("film.mp4", bytes(2000)), SimpleUploadedFile("note.txt", b"small"))
    answer = share(client, BY_BROWSER, *files, text="Both")
    assert [one.name for one in DraftAttachment.objects.all()] == ["note.txt"]
    assert "film.mp4" in client.get(answer.headers["Location"]).text


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_another_site_begins_nothing_in_somebodys_name(client: Client, writer: User, headers: dict[str, str]) -> None:
    answer = share(client, headers, SimpleUploadedFile("trap.exe", b"MZ"), title="Buy", text="Now")
    assert answer.status_code == 403
    assert "Heron cannot tell who sent this" in answer.text
    assert not Draft.objects.exists()


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_what_the_worker_kept_of_another_sites_form_waits_for_a_click(
    client: Client, writer: User, headers: dict[str, str]
) -> None:
    first = client.get(reverse("share"), {"id": "7-x"}, headers=headers)
    assert first.status_code == 302
    page = client.get(first.headers["Location"], headers=headers)
    assert 'data-asks="1"' in page.text
    assert 'data-asks=""' in client.get(reverse("share"), {"id": "7-x"}, headers=BY_BROWSER).text


def test_signing_in_between_does_not_make_another_sites_form_ones_own(client: Client) -> None:
    door = client.get(reverse("share"), {"id": "7-x"}, headers=ELSEWHERE[0])
    assert door.status_code == 302
    assert "id%3D7-x%26ask%3D1" in door.headers["Location"]


def test_who_is_not_signed_in_comes_back_to_what_they_shared(client: Client) -> None:
    door = client.get(reverse("share"), {"id": "7-x"}, headers=BY_BROWSER)
    assert door.headers["Location"] == f"{reverse('account_login')}?next=/share/%3Fid%3D7-x"


def test_without_worker_and_session_the_words_go_along_and_the_files_are_said_to_be_gone(client: Client) -> None:
    answer = share(client, BY_BROWSER, SimpleUploadedFile("tide.txt", b"high"), title="Tides", text="High & dry")
    assert answer.status_code == 302
    door = client.get(answer.headers["Location"], follow=True)
    assert "The files could not be kept" in door.text
    user = make_user("alice")
    make_account(user)
    client.force_login(user)
    client.get(answer.headers["Location"])
    found = Draft.objects.get()
    assert found.subject == "Tides"
    assert "High &amp; dry" in found.body


def test_without_an_account_the_way_to_one_is_shown(client: Client) -> None:
    client.force_login(make_user("dora"))
    assert share(client, BY_BROWSER, text="x").headers["Location"] == reverse("settings_accounts")
    told = client.post(reverse("share"), {"text": "x"}, headers={**JSON, "Sec-Fetch-Site": "same-origin"})
    assert told.status_code == 409
    assert told.json()["error"]
