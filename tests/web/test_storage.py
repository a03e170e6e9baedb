"""What is kept here, and all of it as one archive: every message whole, in a form that mail programs read again."""

import contextlib
import io
import mailbox
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from mailsync.message.vcard import VCard
from mailsync.models import Message, Placement, RawMessage
from mailsync.store import export
from mailsync.store.contacts import keep_card
from tests.factories import make_account, make_folder, make_message, make_user, raw_message
from tests.store.big_folder import fill
from tests.store.test_listing_size import kept_plans as kept_plans  # a fixture
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db

RAW = b"From: a@b.test\r\nSubject: One\r\n\r\nFrom the beginning\r\n>From a quotation\r\nend"


def archive(answer) -> zipfile.ZipFile:  # type: ignore[no-untyped-def]
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_everything_comes_out_and_can_be_read_again(browser: Client, anna: User, tmp_path: Path) -> None:
    account = make_account(anna, address="anna@x.example")
    folder = make_folder(account, "Work/Bills", delimiter="/")
    for _ in range(3):
        make_message(folder, RAW + str(_).encode())
    keep_card(anna.pk, VCard(name="Ann Berg"))
    found = archive(browser.get("/settings/storage/export.zip"))
    assert sorted(found.namelist()) == ["anna@x.example/Work/Bills.mbox", "contacts.vcf", "settings.json"]
    path = tmp_path / "bills"
    path.write_bytes(found.read("anna@x.example/Work/Bills.mbox"))
    with contextlib.closing(mailbox.mbox(path)) as box:
        read = list(box)
    assert [message["Subject"] for message in read] == ["One"] * 3
    # The standard library leaves the marks of mboxrd where they are.
    body = str(read[2].get_payload())
    assert body.startswith(">From the beginning\n>>From a quotation\nend2")


def test_mail_comes_in_the_order_of_its_dates_whatever_came_to_us_first(anna: User) -> None:
    folder = make_folder(make_account(anna))
    days = [3, 1, 2, 2, 2, 4]
    with pytest.MonkeyPatch.context() as patch:
        # Batches end within a day, too.
        patch.setattr(export, "_BATCH_ROWS", 2)
        for number, day in enumerate(days):
            make_message(folder, raw_message(f"Day {day}.{number}"), received_at=datetime(2026, 1, day, tzinfo=UTC))
        make_message(folder, shown=False)
        ((_, pieces),) = export.export_files(anna.pk)
        found = re.findall(rb"Subject: (Day [\d.]+)", b"".join(pieces))
    assert found == [b"Day 1.1", b"Day 2.2", b"Day 2.3", b"Day 2.4", b"Day 3.0", b"Day 4.5"]


def test_a_large_folder_is_read_batch_by_batch(anna: User, kept_plans: None) -> None:
    folder = fill(make_account(anna), "INBOX", 3000)
    raw = RawMessage.objects.create(account=folder.account, sha256=b"x" * 32, size_bytes=len(RAW), data=RAW)
    # The first of the third batch.
    third = Placement.objects.filter(folder=folder).order_by("received_at")[2 * export._BATCH_ROWS]
    Message.objects.filter(pk=third.message_id).update(raw=raw)
    ((_, pieces),) = export.export_files(anna.pk)
    piece, read = rows_touched(lambda: next(pieces))
    assert b"From the beginning" in piece
    # Each with its message, in three batches.
    assert read <= 3 * 2 * export._BATCH_ROWS + 10


def test_one_account_alone(browser: Client, anna: User) -> None:
    one, two = make_account(anna, address="1@x.example"), make_account(anna, address="2@x.example")
    for account in (one, two):
        make_message(make_folder(account, "INBOX"), RAW)
    found = archive(browser.get("/settings/storage/export.zip", {"account": one.pk}))
    assert found.namelist() == ["1@x.example/INBOX.mbox"]


def test_a_name_that_no_file_system_takes_is_mended(browser: Client, anna: User) -> None:
    make_message(make_folder(make_account(anna, address="a@x.example"), "../..\\etc:*", delimiter="."), RAW)
    name, _settings = archive(browser.get("/settings/storage/export.zip")).namelist()
    assert ".." not in name
    assert not set(name) & set('\\:*"')


def test_the_page_says_how_much_there_is(browser: Client, anna: User) -> None:
    make_message(make_folder(make_account(anna, address="a@x.example"), "INBOX"), RAW)
    page = browser.get("/settings/storage/").content.decode()
    assert "1 message, " in page
    assert "a<wbr>@x.example" in page


def test_a_stranger_gets_404_and_nothing_of_others(browser: Client, anna: User) -> None:
    theirs = make_account(make_user("other"), address="t@x.example")
    make_message(make_folder(theirs, "INBOX"), RAW)
    assert browser.get("/settings/storage/export.zip", {"account": theirs.pk}).status_code == 404
    assert browser.get("/settings/storage/export.zip", {"account": "x"}).status_code == 404
    assert archive(browser.get("/settings/storage/export.zip")).namelist() == ["settings.json"]


@pytest.mark.parametrize("path", ["/settings/storage/", "/settings/storage/export.zip", "/settings/search/"])
def test_the_door_is_closed_to_those_who_are_not_signed_in(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("dark", "Theme"),
        ("undo", "Undo send"),
        ("signature", "Signature"),
        ("passkey", "Passkeys and two-step sign-in"),
    ],
)
def test_settings_are_found_by_their_words(browser: Client, typed: str, label: str) -> None:
    assert f">{label}</a>" in browser.get("/settings/search/", {"q": typed}).content.decode()


def test_a_word_that_nothing_speaks_of(browser: Client) -> None:
    assert "No setting speaks of" in browser.get("/settings/search/", {"q": "zzz"}).content.decode()


def test_every_place_that_is_found_leads_to_a_page(browser: Client) -> None:
    from webmail.views.settings.search import _places

    for place in _places():
        assert browser.get(place.url.partition("#")[0], follow=True).status_code == 200, place
