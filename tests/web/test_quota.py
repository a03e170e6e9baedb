"""What a person and an administrator see of a limited storage: told in time, told what to do, refused with a word."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailsync import actions
from mailsync.models import Blob, Folder, Upload
from tests.factories import make_account, make_folder, make_message, make_user, raw_message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna, address="anna@x.example"))


def keep(folder: Folder, size_bytes: int) -> None:
    """One message of just that size."""
    raw = raw_message(Message_ID="<of-a-size@x.test>")
    make_message(folder, raw + b"x" * (size_bytes - len(raw)))


def allow(user: User, megabytes: int | None) -> None:
    User.objects.filter(pk=user.pk).update(storage_limit_mb=megabytes)


def banner(page: Any) -> str:
    found = re.search(r'<div class="note col (?:danger|warn)" role="(?:alert|status)">.*?</div>', page.content.decode())
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("size", "limit", "words"),
    [
        (899_000, 1, ""),
        (900_000, 1, "Your storage is nearly full.</b> 900 kB of 1.0 MB are used."),
        (1_000_000, 1, "Your storage is full.</b> 1.0 MB of 1.0 MB are used. New mail is listed"),
        (1_000_000, None, ""),
    ],
)
def test_the_list_tells_before_and_when_it_is_full(
    browser: Client, inbox: Folder, size: int, limit: int | None, words: str
) -> None:
    keep(inbox, size)
    allow(inbox.account.user, limit)
    told = banner(browser.get(f"/f/{inbox.pk}/"))
    assert words in told
    assert bool(told) is bool(words)
    assert (reverse("settings_storage") in told) is bool(words)


def test_the_storage_page_shows_figures_and_what_to_do(browser: Client, inbox: Folder) -> None:
    keep(inbox, 750_000)
    url = reverse("settings_storage")
    assert 'id="room"' not in browser.get(url).content.decode()
    allow(inbox.account.user, 2)
    page = browser.get(url).content.decode()
    assert "750 kB of 2.0 MB used" in page
    assert "1.2 MB free" in page
    assert '<progress class="bar big" max="2000000" value="750000"' in page
    assert "Find large mail" not in page
    keep_more = make_folder(inbox.account, "More")
    keep(keep_more, 1_250_000)
    cache.clear()
    page = browser.get(url).content.decode()
    assert 'class="room full"' in page
    assert "2.0 MB of 2.0 MB used" in page
    assert "Your administrator can give you more." in page
    found = re.search(r'href="(/search/\?q=larger[^"]+)"', page)
    assert found is not None
    assert browser.get(found[1]).status_code == 200


def test_a_message_without_its_text_says_why_it_does_not_come(browser: Client, inbox: Folder) -> None:
    keep(inbox, 1_000_000)
    waiting = make_message(inbox, subject="Waiting")
    waiting.message.raw = None
    waiting.message.save()
    url = f"/m/{waiting.message_id}/"
    assert "is being fetched" in browser.get(url).content.decode()
    allow(inbox.account.user, 1)
    page = browser.get(url).content.decode()
    assert "the text of this message has not been fetched" in page
    assert "is being fetched" not in page
    assert "data-waiting" not in page


def test_files_are_refused_with_what_to_do(browser: Client, inbox: Folder) -> None:
    keep(inbox, 990_000)
    user = inbox.account.user
    allow(user, 1)
    draft = actions.start_draft(user.pk, subject="Film")
    url = reverse("draft_upload", args=[draft.pk])
    said = {"name": "film.mov", "type": "video/quicktime", "size": 20_000, "fingerprint": "film"}
    for link in ("", "1"):
        answer = browser.post(url, {**said, "link": link})
        assert answer.status_code == 413
        assert "There is no room for this file: your mail and files take 1.0 of 1.0 MB here." in answer.json()["error"]
    with pytest.raises(actions.CannotDo, match="no room for this file"):
        actions.attach(user.pk, draft.pk, "film.mov", "", b"x" * 20_000)
    assert not Upload.objects.exists()
    assert not Blob.objects.exists()
    assert browser.post(url, {**said, "size": 5_000}).status_code == 200


def test_nobody_is_told_of_anothers_storage(browser: Client, anna: User, inbox: Folder) -> None:
    other = make_user("other", storage_limit_mb=1)
    theirs = make_folder(make_account(other))
    keep(theirs, 1_000_000)
    allow(anna, 2)
    assert banner(browser.get(f"/f/{inbox.pk}/")) == ""
    assert "0 B of 2.0 MB used" in browser.get(reverse("settings_storage")).content.decode()
    assert browser.get(f"/f/{theirs.pk}/").status_code == 404
    assert Client().get(reverse("settings_storage")).status_code == 302


def test_the_administrator_sees_what_everybody_uses_and_sets_a_limit(client: Client, inbox: Folder, anna: User) -> None:
    keep(inbox, 1_500_000)
    root = make_user("root", is_staff=True, is_superuser=True)
    client.force_login(root)
    people = reverse("admin:accounts_user_changelist")
    assert re.search(r'field-storage">1\.5\sMB<', client.get(people).content.decode())
    url = reverse("admin:accounts_user_change", args=[anna.pk])
    form: Any = client.get(url).context["adminform"].form
    fields = {name: value for name, value in form.initial.items() if value is not None and value is not False}
    inline = {"mail_accounts-TOTAL_FORMS": 0, "mail_accounts-INITIAL_FORMS": 0}
    for megabytes, shown in ((2, "1.5 of 2 MB<"), (1, "1.5 of 1 MB, full<"), (0, "1.5 MB<")):
        client.post(url, {**fields, **inline, "storage_limit_mb": megabytes})
        anna.refresh_from_db()
        assert anna.storage_limit_mb == megabytes
        page = client.get(people).content.decode().replace("\N{NO-BREAK SPACE}", " ")
        assert f'field-storage">{shown}' in page


def test_a_page_of_people_is_counted_in_one_query(client: Client, django_assert_max_num_queries: Any) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    for _ in range(20):
        keep(make_folder(), 1000)
    client.get(reverse("admin:accounts_user_changelist"))
    cache.clear()
    with django_assert_max_num_queries(12) as asked:
        client.get(reverse("admin:accounts_user_changelist"))
    assert sum("mailsync_rawmessage" in query["sql"] for query in asked.captured_queries) == 1


def test_an_attachment_by_the_form_without_scripts_is_refused_too(browser: Client, inbox: Folder) -> None:
    keep(inbox, 1_000_000)
    allow(inbox.account.user, 1)
    draft = actions.start_draft(inbox.account.user_id, subject="Film")
    file = SimpleUploadedFile("a.txt", b"words")
    page = browser.post(reverse("draft_attach", args=[draft.pk]), {"files": file}, follow=True)
    assert not draft.attachments.exists()
    assert "There is no room for this file" in page.content.decode()
