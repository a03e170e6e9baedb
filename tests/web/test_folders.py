"""The pages that make, rename, move, empty and delete folders and labels; they need no script."""

import pytest
from django.test import Client

from accounts.models import User
from mailsync.engine import long_acts
from mailsync.models import Act, Folder, Placement
from mailsync.store.folder_paths import load_shown_paths
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna, address="anna@nordlicht.example"))


def test_a_folder_is_made_below_another_and_the_toast_takes_it_back(browser: Client, inbox: Folder) -> None:
    parent = make_folder(inbox.account, "Boats")
    page = browser.get(f"/folders/new/?below={parent.pk}").content.decode()
    assert f'<option value="{parent.pk}" selected>' in page
    answer = browser.post("/folders/new/", {"name": "Sails", "below": str(parent.pk)}, follow=True)
    made = Folder.objects.get(path="Boats/Sails")
    assert answer.redirect_chain[0][0] == f"/f/{made.pk}/"
    act = Act.objects.get()
    assert f'name="group" value="{act.group}"' in answer.content.decode()
    again = browser.post("/folders/new/", {"name": "Sails", "below": str(parent.pk)})
    assert again.status_code == 422
    assert "exists already" in again.content.decode()
    assert browser.post("/folders/new/", {"name": "X", "below": "nonsense"}).status_code == 404


def test_without_a_mail_account_there_is_no_place_for_a_folder(browser: Client) -> None:
    page = browser.get("/folders/new/").content.decode()
    assert "No mail account is connected yet." in page
    assert 'href="/settings/accounts/add/"' in page
    assert 'name="below"' not in page


def test_a_folder_is_renamed_moved_and_deleted(browser: Client, inbox: Folder) -> None:
    other = make_folder(inbox.account, "Work")
    folder = make_folder(inbox.account, "Boats")
    make_message(folder)
    url = f"/f/{folder.pk}/edit/"
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert f'href="{url}"' in page
    browser.post(url, {"do": "rename", "name": "Ships"})
    browser.post(url, {"do": "move", "below": str(other.pk)})
    assert "Ships" in browser.get("/").headers.get("Location", "") or "Ships" in browser.get(url).content.decode()
    refused = browser.post(url, {"do": "delete"})
    assert refused.status_code == 422
    assert "still holds messages" in refused.content.decode()
    browser.post(url, {"do": "delete", "mail_to_trash": "1"})
    assert Placement.objects.filter(folder__role="trash", shown=True).count() == 1
    assert [act.verb for act in Act.objects.order_by("id")] == ["rename_folder", "move_folder", "delete_folder"]
    assert browser.post(url, {"do": "explode"}).status_code == 404


def test_a_script_that_moves_a_folder_gets_the_toast_or_the_reason(browser: Client, inbox: Folder) -> None:
    boats = make_folder(inbox.account, "Boats")
    sails = make_folder(inbox.account, "Sails")
    asked = {"HX-Request": "true"}
    answer = browser.post(f"/f/{sails.pk}/edit/", {"do": "move", "below": str(boats.pk)}, headers=asked)
    assert "data-undo" in answer.content.decode()
    sails.refresh_from_db()
    assert load_shown_paths(inbox.account_id)[sails.pk] == "Boats/Sails"
    refused = browser.post(f"/f/{boats.pk}/edit/", {"do": "move", "below": str(sails.pk)}, headers=asked)
    assert (refused.status_code, refused.content.decode()) == (409, "A folder cannot be moved into itself.")


def test_the_bin_is_emptied_and_special_folders_keep_their_names(browser: Client, inbox: Folder) -> None:
    trash = make_folder(inbox.account, "Trash", role="trash")
    make_message(trash)
    page = browser.get(f"/f/{trash.pk}/edit/").content.decode()
    assert "Empty it" in page
    assert "New name" not in page
    browser.post(f"/f/{trash.pk}/edit/", {"do": "empty"})
    trash.refresh_from_db()
    assert trash.total == 0


def test_a_label_is_renamed_and_deleted_everywhere(browser: Client, inbox: Folder) -> None:
    mail = make_message(inbox, keywords=["Travel", "Boats"])
    away = make_message(make_folder(inbox.account, "Trash", role="trash"), keywords=["Travel"])
    assert "Travel" in browser.get("/edit-label/Travel/").content.decode()
    answer = browser.post("/edit-label/Travel/", {"do": "rename", "name": "Far away"})
    assert answer.headers["Location"] == "/label/Far_away/"
    long_acts.work(Act.objects.get().pk)
    for placement, labels in ((mail, ["Boats", "Far_away"]), (away, ["Far_away"])):
        placement.refresh_from_db()
        assert placement.keywords == labels
    browser.post("/edit-label/Far_away/", {"do": "delete"})
    long_acts.work(Act.objects.latest("pk").pk)
    mail.refresh_from_db()
    assert mail.keywords == ["Boats"]
    assert browser.post("/edit-label/Boats/", {"do": "rename", "name": " "}).status_code == 422
    assert browser.post("/edit-label/Boats/", {"do": "explode"}).status_code == 404


def test_a_stranger_arranges_nothing(inbox: Folder) -> None:
    client = Client()
    client.force_login(make_user("carl"), backend="allauth.account.auth_backends.AuthenticationBackend")
    folder = make_folder(inbox.account, "Boats")
    assert client.get(f"/f/{folder.pk}/edit/").status_code == 404
    assert client.post(f"/f/{folder.pk}/edit/", {"do": "rename", "name": "Mine"}).status_code == 404
    for below in (f"a{inbox.account_id}", str(folder.pk)):
        assert client.post("/folders/new/", {"name": "Mine", "below": below}).status_code == 404
    assert client.post("/edit-label/Travel/", {"do": "delete"}).status_code == 404
