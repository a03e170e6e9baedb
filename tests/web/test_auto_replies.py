"""The pages of automatic replies, the strip in the mailbox while one is on, and what is told of an answered message."""

import json
from datetime import date, timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import MailAccount, User
from mailsync import actions
from mailsync.actions import AutoReplyText
from mailsync.models import AutoReplied, AutoReply, Outgoing
from tests.factories import make_account, make_folder, make_message, make_user
from tests.web.conftest import Part

pytestmark = pytest.mark.django_db

PAGE = "/settings/automatic-replies/"


@pytest.fixture
def account(anna: User) -> MailAccount:
    return make_account(anna, address="anna@club.test")


def turn_on(account: MailAccount, **words: object) -> AutoReply:
    wanted = {"enabled": True, "html": "<p>I am back on Monday.</p>", **words}
    actions.write_auto_reply(account.user_id, [account.pk], AutoReplyText(**wanted))  # type: ignore[arg-type]
    return AutoReply.objects.get(account=account)


def test_the_only_mailbox_has_its_page_at_once(browser: Client, account: MailAccount) -> None:
    page = browser.get(PAGE).content.decode()
    assert f'action="{PAGE}{account.pk}/"' in page
    answer = browser.post(
        f"{PAGE}{account.pk}/",
        {
            "enabled": "on",
            "first_day": "2026-08-01",
            "last_day": "2027-08-14",
            "text": "Away.\r\nAnna",
            "subject": "Off",
        },
    )
    assert answer["Location"] == PAGE
    reply = AutoReply.objects.get()
    assert (reply.enabled, reply.subject) == (True, "Off")
    assert (reply.text, reply.html) == ("Away.\nAnna", "<p>Away.<br>Anna</p>")
    assert (reply.first_day, reply.last_day) == (date(2026, 8, 1), date(2027, 8, 14))
    page = browser.get(PAGE).content.decode()
    assert 'value="2026-08-01"' in page
    assert ">Away.\nAnna</textarea>" in page


def test_rich_words_are_kept_with_their_text_and_survive_a_save_without_scripts(
    browser: Client, account: MailAccount
) -> None:
    url = f"{PAGE}{account.pk}/"
    browser.post(url, {"enabled": "on", "body": "<p>Back <b>soon</b><script>x</script></p>"})
    reply = AutoReply.objects.get()
    assert (reply.html, reply.text) == ("<p>Back <b>soon</b></p>", "Back soon")
    browser.post(url, {"enabled": "on", "text": "Back soon", "contacts_only": "on"})
    reply.refresh_from_db()
    assert (reply.html, reply.contacts_only) == ("<p>Back <b>soon</b></p>", True)
    browser.post(url, {"enabled": "on", "text": "Back late"})
    reply.refresh_from_db()
    assert (reply.html, reply.text) == ("<p>Back late</p>", "Back late")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"text": "  "}, "Write what is to be answered."),
        ({"body": "<p></p>"}, "Write what is to be answered."),
        ({"body": f"<p>{'a' * 100_001}</p>"}, "This answer is too long"),
        ({"text": "Away.", "first_day": "2027-08-02", "last_day": "2027-08-01"}, "The last day is before the first."),
        ({"text": "Away.", "last_day": "2026-01-01"}, "The last day is over."),
        ({"text": "Away.", "first_day": "soon"}, "Enter a valid date."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(
    sent: dict[str, str], said: str, browser: Client, account: MailAccount
) -> None:
    answer = browser.post(f"{PAGE}{account.pk}/", {"enabled": "on", "subject": "My own", **sent})
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert said in page
    assert 'value="My own"' in page
    assert not AutoReply.objects.exists()


def test_one_may_hold_for_several_mailboxes(browser: Client, anna: User, account: MailAccount) -> None:
    other, third = make_account(anna, address="anna@work.test"), make_account(anna, address="anna@home.test")
    page = browser.get(PAGE).content.decode()
    assert page.count(">Write one<") == 3
    sent = {"enabled": "on", "text": "Away.", "also": [str(other.pk)]}
    browser.post(f"{PAGE}{account.pk}/", sent)
    assert set(AutoReply.objects.values_list("account__address", "text")) == {
        ("anna@club.test", "Away."),
        ("anna@work.test", "Away."),
    }
    page = browser.get(PAGE).content.decode()
    assert page.count(">On</span>") == 2
    assert page.count("Turn off") == 2
    stranger = make_account(make_user("ben"))
    answer = browser.post(f"{PAGE}{third.pk}/", {**sent, "also": [str(stranger.pk)]})
    assert answer.status_code == 422
    assert not AutoReply.objects.filter(account=stranger).exists()


def test_a_stranger_sees_and_changes_nothing(browser: Client) -> None:
    account = make_account(make_user("ben"))
    reply = turn_on(account)
    assert browser.get(f"{PAGE}{account.pk}/").status_code == 404
    assert browser.post(f"{PAGE}{account.pk}/", {"text": "x"}).status_code == 404
    assert browser.post(f"{PAGE}{account.pk}/off/").status_code == 404
    reply.refresh_from_db()
    assert reply.enabled


def test_the_mailbox_says_that_it_answers_and_turns_it_off(browser: Client, account: MailAccount) -> None:
    folder = make_folder(account)
    make_message(folder)
    where = f"/f/{folder.pk}/"
    strip = "Automatic replies of anna@club.test are on."
    # Nothing else is to be said of this account, and the strip is there all the same.
    account.sync.last_success_at = timezone.now()
    account.sync.save()
    assert strip not in browser.get(where).content.decode()
    turn_on(account, last_day=timezone.now().date() + timedelta(days=9))
    for page in (browser.get(where), browser.get(where, **Part("list")), browser.get("/all/")):
        assert strip in page.content.decode()
        assert f'form="away-{account.pk}"' in page.content.decode()
    assert "The last day is" in browser.get(where).content.decode()
    answer = browser.post(f"{PAGE}{account.pk}/off/", {"next": where})
    assert answer["Location"] == where
    page = browser.get(where).content.decode()
    assert strip not in page
    assert "Automatic replies of anna@club.test are off." in page
    assert browser.post(f"{PAGE}{account.pk}/off/", {"next": "https://else.test/"})["Location"] == "/"
    assert browser.post(f"{PAGE}{account.pk}/off/")["Location"] == PAGE
    assert AutoReply.objects.get().text == "I am back on Monday."


def test_no_strip_before_the_first_day_and_after_the_last(browser: Client, account: MailAccount) -> None:
    where = f"/f/{make_folder(account).pk}/"
    today = timezone.now().date()
    turn_on(account, first_day=today + timedelta(days=3))
    assert "are on." not in browser.get(where).content.decode()
    make_account(account.user)
    assert ">From " in browser.get(PAGE).content.decode()
    AutoReply.objects.update(first_day=None, last_day=today - timedelta(days=3))
    assert "are on." not in browser.get(where).content.decode()
    assert ">Over since " in browser.get(PAGE).content.decode()
    assert "It ended by itself" in browser.get(f"{PAGE}{account.pk}/").content.decode()


def test_whom_it_answered_stands_in_the_settings_and_on_the_message(browser: Client, account: MailAccount) -> None:
    turn_on(account)
    message = make_message(make_folder(account), subject="Lunch").message
    letter = Outgoing.objects.create(
        user=account.user, account=account, message_id="a@x.test", raw=b"x", automatic=True, mail_from=""
    )
    AutoReplied.objects.create(
        account=account, message=message, outgoing=letter, sender="bo@work.test", sent_to="bo@work.test"
    )
    page = browser.get(PAGE).content.decode()
    assert "1 message since it was turned on" in page
    assert "Lunch" in page
    assert "bo@work.test" in page.replace("<wbr>", "")
    why = browser.get(f"/m/{message.pk}/why/").content.decode()
    assert "You answered bo@work.test automatically" in why
    # It is no matter of the outbox, under way or failed.
    assert "a@x.test" not in browser.get("/outbox/").content.decode()
    Outgoing.objects.update(state="failed", finished_at=timezone.now(), error="550 5.7.1 No.")
    assert "could not be sent" in browser.get(PAGE).content.decode()
    assert (
        "An automatic reply to bo@work.test could not be sent" in browser.get(f"/m/{message.pk}/why/").content.decode()
    )
    assert "Not sent" not in browser.get("/outbox/").content.decode()


def test_settings_as_a_file_take_it_over_switched_off(browser: Client, anna: User, account: MailAccount) -> None:
    turn_on(account, subject="Off", html="<p>Back <b>soon</b></p>", last_day=date(2027, 8, 14), contacts_only=True)
    data = browser.get("/settings/storage/settings.json").content
    (said,) = json.loads(data)["automatic_replies"]
    assert (said["account"], said["last_day"]) == ("anna@club.test", "2027-08-14")
    assert said["html"] == "<p>Back <b>soon</b></p>"
    AutoReply.objects.all().delete()
    page = browser.post("/settings/storage/settings/", {"file": SimpleUploadedFile("s.json", data)}).content.decode()
    assert "1 automatic reply" in page
    reply = AutoReply.objects.get()
    assert (reply.enabled, reply.subject, reply.html) == (False, "Off", "<p>Back <b>soon</b></p>")
    assert (reply.last_day, reply.contacts_only) == (date(2027, 8, 14), True)
    # One that is on is left alone.
    turn_on(account, html="<p>Now</p>")
    browser.post("/settings/storage/settings/", {"file": SimpleUploadedFile("s.json", data)})
    reply.refresh_from_db()
    assert (reply.enabled, reply.text) == (True, "Now")


def test_a_setting_is_found_by_what_others_call_it(browser: Client, account: MailAccount) -> None:
    for words in ("out of office", "automatic", "holiday"):
        assert PAGE in browser.get("/settings/search/", {"q": words}).content.decode()
