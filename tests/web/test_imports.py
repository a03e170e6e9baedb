"""The page that imports mail: the form without scripts, the pieces that scripts send, and what became of it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import MailAccount, User
from mailsync.engine import long_acts
from mailsync.models import Act, Folder, Upload
from mailsync.store import uploads
from tests.actions.test_mail_imports import boxed, mails
from tests.factories import make_account, make_folder, make_user

pytestmark = pytest.mark.django_db

PAGE = "/settings/storage/import/"


@pytest.fixture
def account(anna: User) -> MailAccount:
    return make_account(anna, address="anna@x.example")


def announce(browser: Client, into: str, size: int = 5, **more: Any) -> Any:
    fields = {"into": into, "name": "old.mbox", "size": size, "fingerprint": "f", **more}
    return browser.post(reverse("import_begin"), fields)


def test_the_form_alone_is_enough(browser: Client, account: MailAccount) -> None:
    page = browser.get(PAGE).content.decode()
    assert f'<option value="a{account.pk}">' in page
    files = [SimpleUploadedFile("old.mbox", boxed(mails(2))), SimpleUploadedFile("x.pdf", b"%PDF-1.7")]
    answer = browser.post(PAGE, {"into": f"a{account.pk}", "file": files}, follow=True)
    assert "“x.pdf” holds no mail." in answer.content.decode()
    act = Act.objects.get()
    assert Upload.objects.count() == 1, "what cannot be read is not kept"
    long_acts.work(act.pk)
    page = browser.get(PAGE).content.decode()
    assert "“old.mbox” imported into Imported" in page
    assert "2 messages imported" in page
    assert 'hx-trigger="load delay:2s"' not in page
    folder = Folder.objects.get(account=account, name="Imported")
    assert folder.total == 2
    # A second import goes into the same folder.
    browser.post(PAGE, {"into": f"a{account.pk}", "file": SimpleUploadedFile("new.mbox", boxed(mails(1, "New")))})
    assert Act.objects.latest("pk").argument == str(folder.pk)


def test_the_folder_has_its_name_in_the_language_of_the_reader(browser: Client, account: MailAccount) -> None:
    with override("de"):
        browser.post(
            PAGE,
            {"into": f"a{account.pk}", "file": SimpleUploadedFile("a.mbox", boxed(mails(1)))},
            headers={"accept-language": "de"},
        )
    assert Folder.objects.filter(account=account, name="Importiert").exists()


def test_pieces_bring_a_large_file_and_the_last_one_begins(browser: Client, account: MailAccount) -> None:
    folder = make_folder(account, "Work")
    data = boxed(mails(3)) + b"\n" * uploads.PIECE_BYTES
    begun = announce(browser, str(folder.pk), len(data)).json()
    assert (begun["received"], begun["piece"]) == (0, uploads.PIECE_BYTES)
    answers = []
    for start in range(0, len(data), uploads.PIECE_BYTES):
        piece = data[start : start + uploads.PIECE_BYTES]
        url = f"{begun['url']}?at={start}"
        answers.append(browser.post(url, piece, content_type="application/octet-stream").json())
    assert [sorted(answer) for answer in answers] == [["received"], ["html", "received"]]
    assert "old.mbox" in answers[1]["html"]
    assert "hx-get" in answers[1]["html"], "it asks again while the workers are at it"


@pytest.mark.parametrize("data", [b"%PDF-1.7 and no mail", b"BEGIN:VCARD\r\nFN:Ann\r\n", b"PK\x03\x04 broken archive"])
def test_what_is_no_mail_is_told_and_forgotten(browser: Client, account: MailAccount, data: bytes) -> None:
    begun = announce(browser, f"a{account.pk}", len(data)).json()
    answer = browser.post(f"{begun['url']}?at=0", data, content_type="application/octet-stream")
    assert answer.status_code == 422
    assert "old.mbox" in answer.json()["error"]
    assert not Upload.objects.exists()
    assert not Act.objects.exists()


def test_a_refusal_comes_before_the_file(browser: Client, account: MailAccount) -> None:
    answer = announce(browser, f"a{account.pk}", 0)
    assert (answer.status_code, answer.json()) == (422, {"error": "“old.mbox” is empty."})


def test_what_has_not_come_whole_can_be_given_up(browser: Client, account: MailAccount) -> None:
    begun = announce(browser, f"a{account.pk}").json()
    assert browser.post(f"{begun['url']}/cancel").status_code == 204
    assert browser.post(f"{begun['url']}/cancel").status_code == 404


def test_the_list_tells_each_fate(browser: Client, anna: User, account: MailAccount) -> None:
    folder = make_folder(account, "Work")

    def act(state: str, number: int, **fields: Any) -> None:
        group = f"00000000-0000-0000-0000-{number:012}"
        said = {"label": f"Import {number}", "argument": str(folder.pk), "state": state, **fields}
        Act.objects.create(user=anna, verb=Act.IMPORT, group=group, **said)

    act("working", 1, total=200, rows_done=50, count=1200)
    act(
        "done",
        2,
        count=1,
        detail={"known": 1, "too_large": 2, "no_mail": 3, "left_out": [["known", "<Tea>"], ["no_mail", "a/cat.png"]]},
    )
    act(
        "stopped",
        3,
        error="Your room here is full. What has been imported stays; make room, then import the file again.",
    )
    act("undone", 4)
    act("undoing", 5)
    page = browser.get(reverse("import_list")).content.decode()
    assert 'value="25"' in page
    for words in (
        *("1,200 messages imported", "1 was here already", "2 are too large", "3 files hold no mail"),
        *("&lt;Tea&gt; (was here already)", "a/cat.png (no mail)", "and 4 more"),
        *("Stopped: Your room here is full.", "Taken back", "Being taken back", "Stop and take back"),
    ):
        assert words in page, words
    assert "Under way: 25 %" in browser.get(reverse("activity")).content.decode()


def test_a_stranger_finds_nothing(browser: Client, account: MailAccount) -> None:
    theirs = make_account(make_user("other"))
    folder = make_folder(theirs, "Work")
    for into in (f"a{theirs.pk}", str(folder.pk), "", "x", "a"):
        assert announce(browser, into).status_code == 404
    other = Client()
    other.force_login(theirs.user)
    begun = announce(browser, f"a{account.pk}").json()
    piece = {"data": b"hello", "content_type": "application/octet-stream"}
    assert other.post(f"{begun['url']}?at=0", **piece).status_code == 404
    assert other.post(f"{begun['url']}/cancel").status_code == 404
    for at in ("", "-1", "x", "9" * 20):
        assert browser.post(f"{begun['url']}?at={at}", **piece).status_code == 404
    assert announce(browser, f"a{account.pk}", "many").status_code == 404  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["settings_import", "import_list"])
def test_the_door_is_closed_to_those_who_are_not_signed_in(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 302
