"""The page on which the open conversation is merged with another: what it offers, what it does, and to whom."""

import re

import pytest
from django.test import Client

from accounts.models import User
from mailsync.models import Folder, Placement
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna))


def way(placement: Placement) -> str:
    return f"/f/{placement.folder_id}/t/{placement.thread_id}/merge/"


def offered(client: Client, url: str) -> list[str]:
    return re.findall(r'type="radio" name="on" value="(\S+)"', client.get(url).content.decode())


def name_of(placement: Placement) -> str:
    return f"t{placement.folder_id}-{placement.thread_id}"


def test_the_menu_of_the_open_conversation_leads_to_it(browser: Client, inbox: Folder) -> None:
    message = make_message(inbox)
    page = browser.get(f"/f/{inbox.pk}/t/{message.thread_id}/").content.decode()
    assert f'href="{way(message)}"' in page


def test_the_newest_of_the_folder_are_offered_but_for_itself(browser: Client, inbox: Folder) -> None:
    message, other = make_message(inbox, subject="Keys"), make_message(inbox, subject="The boathouse")
    page = browser.get(way(message)).content.decode()
    assert "“Keys”" in page
    assert "The boathouse" in page
    assert offered(browser, way(message)) == [name_of(other)]
    assert "no other conversation in this folder" in browser.get(way(_alone(inbox))).content.decode()


def _alone(inbox: Folder) -> Placement:
    return make_message(make_folder(inbox.account, "Quiet"))


def test_others_are_found_by_words_in_the_same_mailbox_alone(browser: Client, anna: User, inbox: Folder) -> None:
    message = make_message(inbox)
    wanted = make_message(make_folder(inbox.account, "Rowing"), subject="Oars of ash")
    make_message(make_folder(make_account(anna)), subject="Oars of pine")
    assert offered(browser, f"{way(message)}?q=oars") == [name_of(wanted)]
    assert "Nothing found" in browser.get(f"{way(message)}?q=narwhal").content.decode()


def test_the_chosen_one_and_this_become_one(browser: Client, inbox: Folder) -> None:
    message, other = make_message(inbox), make_message(inbox)
    form = {"do": "merge", "on": [name_of(message), name_of(other)], "next": f"/f/{inbox.pk}/"}
    assert browser.post("/act/", form).headers["Location"] == f"/f/{inbox.pk}/"
    for placement in (message, other):
        placement.refresh_from_db()
    assert message.thread_id == other.thread_id


def test_a_stranger_and_a_folder_of_another_mailbox_get_404(browser: Client, anna: User, inbox: Folder) -> None:
    message = make_message(inbox)
    elsewhere = make_folder(make_account(anna))
    assert browser.get(f"/f/{elsewhere.pk}/t/{message.thread_id}/merge/").status_code == 404
    hers = make_message(make_folder(make_account(make_user("eve"))))
    assert browser.get(way(hers)).status_code == 404
    assert browser.get(f"/f/{inbox.pk}/t/{hers.thread_id}/merge/").status_code == 404
