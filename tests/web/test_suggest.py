"""The search box while it is typed in: what is offered, what is remembered, and the chips of what was understood."""

import html
import re

import pytest
from django.test import Client

from accounts.models import User
from mailsync.actions import remember_search
from mailsync.models import Folder, RecentSearch
from mailsync.store.recent_searches import MOST_RECENT
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    inbox = make_folder(make_account(anna))
    make_folder(inbox.account, "Clients/North & South", name="North & South")
    make_message(inbox, subject="Tide", from_name="<b>Ada</b> Lovelace", from_address="ada@example.test")
    make_message(inbox, subject="Ebb", from_address="bob@example.test", from_name="Bob", keywords=["Travel_plans"])
    return inbox


def offered(browser: Client, text: str, at: int | None = None) -> dict[str, str]:
    """By what they lead to: their labels."""
    answer = browser.get("/search/suggest/", {"q": text, "at": len(text) if at is None else at})
    assert answer.status_code == 200
    shown = answer.content.decode()
    found = re.findall(r'data-query="([^"]*)".*?<b dir="auto">(.*?)</b>', shown, re.DOTALL)
    assert len(found) == shown.count('role="option"')
    return {html.unescape(query): label for query, label in found}


def recent(user: User) -> list[str]:
    return list(RecentSearch.objects.filter(user=user).order_by("-used_at", "-id").values_list("query", flat=True))


def test_operators_come_with_their_meaning(browser: Client, inbox: Folder) -> None:
    assert "Who sent it" in browser.get("/search/suggest/?q=").content.decode()
    assert "from:" in offered(browser, "")
    assert list(offered(browser, "tide fr")) == ["tide from:", "tide list:"]
    assert list(offered(browser, "is:unre")) == ["is:unread ", "is:unreplied "]
    # By a word of the meaning too, and none twice.
    assert "has:attachment " in offered(browser, "attached")
    assert "is:unread is:unread " not in offered(browser, "is:unread is:un")


def test_people_folders_labels_and_accounts_fit_their_operator(browser: Client, inbox: Folder) -> None:
    assert offered(browser, "tide from:lov") == {"tide from:ada@example.test ": "&lt;b&gt;Ada&lt;/b&gt; Lovelace"}
    assert list(offered(browser, "to:ada")) == ["to:ada@example.test "]
    assert "from:ada@example.test " in offered(browser, "ada")
    assert list(offered(browser, "in:inb")) == ["in:inbox "]
    assert offered(browser, "in:sou") == {'in:"Clients/North & South" ': "North &amp; South"}
    assert "in:anywhere " in offered(browser, "in:")
    assert list(offered(browser, "label:tra")) == ["label:Travel_plans "]
    assert list(offered(browser, f"account:{inbox.account.address[:3]}")) == [f"account:{inbox.account.address} "]
    assert offered(browser, "after:mon") == offered(browser, "tide ") == {}
    # In the middle of a text, what follows stays.
    assert list(offered(browser, "from:lov is:unread", 8)) == ["from:ada@example.test is:unread"]


def test_what_is_offered_is_found(browser: Client, inbox: Folder) -> None:
    make_message(Folder.objects.get(name="North & South"), subject="Harbour", from_address="bob@example.test")
    for query in ("from:ada@example.test ", 'in:"Clients/North & South" ', "label:Travel_plans "):
        assert browser.get("/search/", {"q": query}).content.decode().count(' role="row" ') == 1, query


def test_a_search_is_remembered_offered_and_forgotten(browser: Client, anna: User, inbox: Folder) -> None:
    for query in ("tide", "harbour", " tide "):
        assert browser.post("/search/recent/", {"q": query}).status_code == 204
    assert recent(anna) == ["tide", "harbour"]
    assert list(offered(browser, ""))[:2] == ["tide", "harbour"]
    assert next(iter(offered(browser, "har"))) == "harbour"
    # Typed out, it is offered no more.
    assert "tide" not in offered(browser, "tide")
    # Without a script they stand on the page of the search.
    shown = browser.get("/search/").content.decode()
    assert 'href="/search/?q=harbour"' in shown
    one = RecentSearch.objects.get(query="harbour")
    assert browser.post(f"/search/recent/{one.pk}/").url == "/search/"  # type: ignore[attr-defined]
    assert browser.post(f"/search/recent/{one.pk}/").status_code == 404
    assert recent(anna) == ["tide"]
    one = RecentSearch.objects.get()
    assert browser.post(f"/search/recent/{one.pk}/", headers={"HX-Request": "true"}).status_code == 204
    remember_search(anna.pk, "tide")
    browser.post("/search/recent/forget/")
    assert recent(anna) == []


def test_of_a_search_typed_on_and_on_the_last_is_kept_and_of_all_the_newest(anna: User) -> None:
    for query in ("tid", "tide", "tide from:ada", "", "x" * 501):
        remember_search(anna.pk, query)
    assert recent(anna) == ["tide from:ada"]
    for number in range(MOST_RECENT + 3):
        remember_search(anna.pk, f"{number} boats")
    assert len(recent(anna)) == MOST_RECENT
    assert recent(anna)[0] == f"{MOST_RECENT + 2} boats"


def test_switched_off_they_are_forgotten_and_no_more_are_kept(browser: Client, anna: User, inbox: Folder) -> None:
    browser.post("/search/recent/", {"q": "tide"})
    assert 'name="recent_searches"' in browser.get("/settings/reading/").content.decode()
    form = {"mark_read_seconds": "0", "after_removal": "next", "remote_pictures": "ask", "keys": "heron"}
    browser.post("/settings/reading/", form)
    assert recent(anna) == []
    browser.post("/search/recent/", {"q": "tide"})
    assert recent(anna) == []
    browser.post("/settings/reading/", {**form, "recent_searches": "on"})
    browser.post("/search/recent/", {"q": "tide"})
    assert recent(anna) == ["tide"]


def test_what_was_understood_stands_as_chips_that_can_be_taken_away(browser: Client, inbox: Folder) -> None:
    query = "tide from:ada is:unread received:2025 -spam larger:1M in:inbox "
    shown = html.unescape(browser.get("/search/", {"q": query}).content.decode())
    chips = re.findall(r'<li class="chip"><span dir="auto">(.*?)</span><a href="(.*?)"', shown)
    assert [label.replace("\xa0", " ") for label, _url in chips] == [
        *("From: ada", "Unread", "2025", "Not: “spam”", "Larger than 1.0 MB", "In: inbox")
    ]
    assert chips[0][1] == "/search/?q=tide+is%3Aunread+received%3A2025+-spam+larger%3A1M+in%3Ainbox"
    assert "chip" not in re.findall(r'<ul class="asked"', browser.get("/search/?q=tide").content.decode())


def test_a_stranger_is_offered_nothing_of_it(browser: Client, anna: User, inbox: Folder) -> None:
    remember_search(anna.pk, "secret tide")
    assert Client().get("/search/suggest/?q=").status_code == 302
    stranger = Client()
    stranger.force_login(make_folder(make_account(make_user("bob"))).account.user)
    assert "secret tide" not in offered(stranger, "")
    assert offered(stranger, "from:ada") == offered(stranger, "label:tra") == {}
    (kept,) = RecentSearch.objects.all()
    assert stranger.post(f"/search/recent/{kept.pk}/").status_code == 404
    stranger.post("/search/recent/forget/")
    assert recent(anna) == ["secret tide"]
