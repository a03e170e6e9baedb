"""The form of bins that empty themselves: nothing is switched on before it has been said what goes."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mailsync.models import Emptying
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def url() -> str:
    return reverse("settings_emptying")


def test_it_asks_first_and_says_how_much_goes(browser: Client, anna: User, url: str) -> None:
    trash = make_folder(make_account(anna), "Trash", role="trash")
    for days in (40, 50, 3):
        make_message(trash, placed_at=timezone.now() - timedelta(days=days))
    wish = {"trash_days": "30", "junk_days": ""}
    question = browser.post(url, wish).content.decode()
    assert "Bin: after 30 days" in question
    assert "2 messages have been there for longer, and go today." in question
    assert "nobody has a copy" in question
    assert not Emptying.objects.exists()
    answer = browser.post(url, {**wish, "sure": "1"}, follow=True).content.decode()
    assert "Saved." in answer
    assert '<option value="30" selected>After 30 days</option>' in answer
    assert (Emptying.objects.get().trash_days, Emptying.objects.get().junk_days) == (30, None)


def test_a_longer_time_or_none_is_saved_without_a_question(browser: Client, anna: User, url: str) -> None:
    Emptying.objects.create(user=anna, trash_days=30, junk_days=7)
    assert browser.post(url, {"trash_days": "90", "junk_days": ""}).status_code == 302
    assert (Emptying.objects.get().trash_days, Emptying.objects.get().junk_days) == (90, None)
    assert "Junk: after 14 days" in browser.post(url, {"trash_days": "90", "junk_days": "14"}).content.decode()


def test_days_that_are_not_offered_are_refused(browser: Client, url: str) -> None:
    answer = browser.post(url, {"trash_days": "1", "junk_days": "x", "sure": "1"}, follow=True)
    assert "Choose one of the numbers of days" in answer.content.decode()
    assert not Emptying.objects.exists()


def test_the_wishes_of_others_are_out_of_reach(browser: Client, anna: User, url: str) -> None:
    other = make_user()
    Emptying.objects.create(user=other, trash_days=30)
    browser.post(url, {"trash_days": "7", "junk_days": "7", "sure": "1"})
    assert Emptying.objects.get(user=other).trash_days == 30
    assert Emptying.objects.get(user=anna).trash_days == 7
    assert Client().post(url).status_code == 302
