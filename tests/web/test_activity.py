"""The page of activity, and acts on a whole list as the list's form sends them."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from mailsync import actions
from mailsync.engine import long_acts
from mailsync.models import Act, Change, Folder
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    folder = make_folder(make_account(anna))
    for number in range(3):
        make_message(folder, subject=f"Minutes {number}")
    return folder


def test_what_was_done_stands_there_and_is_taken_back(browser: Client, anna: User, inbox: Folder) -> None:
    assert "Nothing yet" in browser.get("/activity/").content.decode()
    first, second, third = inbox.placements.order_by("id")
    result = actions.archive(anna.pk, [first.pk, second.pk])
    actions.set_keyword(anna.pk, [third.pk], "$label2")
    Change.objects.filter(group=result.group, placement=first).update(state="failed", error="The folder is full.")
    page = browser.get("/activity/").content.decode()
    for said in (
        "2 messages archived",
        "Minutes 0, Minutes 1",
        "1 was refused: The folder is full.",
        ": Work",
        "Today",
    ):
        assert said in page
    answer = browser.post("/undo/", {"group": str(result.group), "next": "/activity/"})
    assert answer.headers["Location"] == "/activity/"
    assert "Taken back" in browser.get("/activity/").content.decode()


def test_it_speaks_the_language_of_its_reader(browser: Client, anna: User, inbox: Folder) -> None:
    User.objects.filter(pk=anna.pk).update(language="de")
    first, second, third = inbox.placements.order_by("id").values_list("id", flat=True)
    browser.post("/act/", {"do": "archive", "on": [f"p{first}", f"p{second}"], "next": f"/f/{inbox.pk}/"})
    browser.post("/act/", {"do": "flag", "on": [f"p{third}"], "next": f"/f/{inbox.pk}/"})
    Change.objects.filter(placement=first).update(state="failed", error="The server no longer has this message.")
    page = browser.get("/activity/").content.decode()
    for said in ("2 Nachrichten archiviert", "1 Nachricht markiert"):
        assert said in page
    assert "archived" not in page


def test_a_stranger_sees_nothing_and_takes_nothing_back(anna: User, inbox: Folder) -> None:
    result = actions.archive(anna.pk, list(inbox.placements.values_list("pk", flat=True)))
    client = Client()
    assert client.get("/activity/").status_code == 302
    client.force_login(make_user("carl"), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "archived" not in client.get("/activity/").content.decode()
    assert client.post("/undo/", {"group": str(result.group)}).status_code == 404
    everything = {"do": "trash", "everything": "1", "next": f"/f/{inbox.pk}/"}
    assert client.post("/act/", everything).status_code == 404


def test_older_acts_follow_by_pages(browser: Client, anna: User, inbox: Folder, monkeypatch: Any) -> None:
    monkeypatch.setattr("webmail.views.activity.PAGE_ACTS", 2)
    placement = inbox.placements.first()
    assert placement
    for on in (True, False, True):
        actions.flag(anna.pk, [placement.pk], on)
    page = browser.get("/activity/").content.decode()
    older = re.search(r'href="(\?before=\d+)"', page)
    assert older
    assert page.count('<li><span class="ei">') == 2
    assert browser.get(f"/activity/{older[1]}").content.decode().count('<li><span class="ei">') == 1


@pytest.mark.parametrize("path", ["/f/{}/", "/f/{}/?show=unread", "/all/", "/search/?q=minutes"])
def test_everything_in_a_list_is_given_to_the_workers(path: str, browser: Client, inbox: Folder) -> None:
    fields = {"do": "archive", "everything": "1", "next": path.format(inbox.pk), "total": "3"}
    answer = browser.post("/act/", fields, headers={"HX-Request": "true"})
    act = Act.objects.get()
    assert f'data-act="{act.pk}"' in answer.content.decode()
    assert "Everything in the list archived…" in browser.get(f"/f/{inbox.pk}/").content.decode()
    long_acts.work(act.pk)
    inbox.refresh_from_db()
    assert inbox.total == 0
    assert 'data-act="' not in browser.get(f"/f/{inbox.pk}/").content.decode()


def test_everything_asks_for_what_its_verb_needs(browser: Client, inbox: Folder) -> None:
    everything = {"everything": "1", "next": f"/f/{inbox.pk}/"}
    headers = {"HX-Request": "true"}
    assert browser.post("/act/", {**everything, "do": "move"}, headers=headers).status_code == 409
    assert browser.post("/act/", {**everything, "do": "label"}, headers=headers).status_code == 409
    assert browser.post("/act/", {**everything, "do": "trash", "next": "/settings/"}).status_code == 404
    assert browser.post("/act/", {**everything, "do": "trash", "next": "/search/"}).status_code == 404
    receipts = make_folder(inbox.account, "Receipts")
    browser.post("/act/", {**everything, "move": str(receipts.pk)}, headers=headers)
    browser.post("/act/", {**everything, "do": "label", "named": "Boats & more"}, headers=headers)
    assert list(Act.objects.order_by("id").values_list("argument", flat=True)) == [str(receipts.pk), "Boats_&-_more"]
