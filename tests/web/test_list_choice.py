"""The filter and the order of a list are remembered; an address that names them wins, and one from elsewhere changes
nothing."""

from typing import Any

import pytest
from django.test import Client

from accounts import preferences
from accounts.models import User
from mailsync.models import Folder, ListChoice
from mailsync.store.by_message import tend_message_rows
from tests.factories import make_account, make_folder, make_message
from tests.web.test_mailbox import subjects

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(anna: User) -> Folder:
    inbox = make_folder(make_account(anna))
    for name in ("Zoe", "Ann", "Mia"):
        make_message(inbox, subject=name, from_name=name)
    make_message(inbox, subject="Read", from_name="Bob", seen=True)
    return inbox


def choose(browser: Client, way: str) -> None:
    assert browser.get(way, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_what_was_chosen_comes_again(browser: Client, named: Folder) -> None:
    way = f"/f/{named.pk}/"
    choose(browser, f"{way}?sort=sender&show=unread")
    assert subjects(browser.get(way)) == ["Ann", "Mia", "Zoe"]
    part = browser.get(way, headers={"HX-Request": "true", "HX-Target": "list"})
    assert subjects(part) == ["Ann", "Mia", "Zoe"]
    # Its rows and all that is opened from it say what they are.
    assert f'data-first="{way}?sort=sender&amp;show=unread"' in part.content.decode()
    # The way back to the usual is an address that names it.
    assert f'href="{way}?show=unread"' in part.content.decode()
    choose(browser, f"{way}?sort=sender")
    page = browser.get(way).content.decode()
    assert f'href="{way}?show=all"' in page
    choose(browser, f"{way}?show=all")
    assert subjects(browser.get(way)) == ["Read", "Mia", "Ann", "Zoe"]


def test_an_address_wins_and_one_from_elsewhere_changes_nothing(browser: Client, named: Folder) -> None:
    way = f"/f/{named.pk}/"
    choose(browser, f"{way}?sort=sender")
    for site in ("cross-site", "none", "same-site"):
        answer = browser.get(f"{way}?show=unread", headers={"Sec-Fetch-Site": site})
        assert subjects(answer) == ["Mia", "Ann", "Zoe"]
    assert subjects(browser.get(way)) == ["Ann", "Read", "Mia", "Zoe"]


def test_further_rows_come_as_their_address_says(browser: Client, named: Folder) -> None:
    way = f"/f/{named.pk}/"
    choose(browser, f"{way}?sort=sender")
    rows = browser.get(way, headers={"HX-Request": "true", "HX-Target": "rows", "Sec-Fetch-Site": "same-origin"})
    assert subjects(rows) == ["Read", "Mia", "Ann", "Zoe"]


def test_each_list_has_a_choice_of_its_own(browser: Client, anna: User, named: Folder) -> None:
    other = make_folder(named.account, "Other")
    for name in ("Zoe", "Ann"):
        make_message(other, subject=name, from_name=name)
    make_folder(make_account(anna, address="anna@second.example"), "INBOX", role="inbox")
    choose(browser, f"/f/{named.pk}/?sort=sender")
    choose(browser, "/all/?sort=subject")
    choose(browser, "/all/?sort=oldest")
    assert subjects(browser.get(f"/f/{other.pk}/")) == ["Ann", "Zoe"]
    assert subjects(browser.get("/all/")) == ["Zoe", "Ann", "Mia", "Read"]
    assert ListChoice.objects.count() == 2


def test_a_list_by_message_remembers_its_choice_too(browser: Client, anna: User, named: Folder) -> None:
    preferences.save(anna, conversations=False)
    while tend_message_rows(anna.pk):
        pass
    way = f"/f/{named.pk}/"
    choose(browser, f"{way}?sort=sender&show=unread")
    assert subjects(browser.get(way)) == ["Ann", "Mia", "Zoe"]
    outline = browser.get(f"{way}?sort=sender&show=unread", headers={"HX-Request": "true", "HX-Target": "outline"})
    assert outline.json()["count"] == 3
    choose(browser, "/all/?sort=sender")
    assert subjects(browser.get("/all/")) == ["Ann", "Read", "Mia", "Zoe"]


def test_the_usual_order_is_nothing_to_keep(browser: Client, named: Folder) -> None:
    choose(browser, f"/f/{named.pk}/?show=all")
    assert not ListChoice.objects.exists()


@pytest.mark.parametrize("kept", [{"show": "gone", "sort": "sender"}, {"show": "all", "sort": "gone"}])
def test_what_is_not_offered_counts_as_not_chosen(
    browser: Client, anna: User, named: Folder, kept: dict[str, Any]
) -> None:
    ListChoice.objects.create(user=anna, folder=named, **kept)
    assert len(subjects(browser.get(f"/f/{named.pk}/"))) == 4
