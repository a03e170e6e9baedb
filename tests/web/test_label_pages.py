"""Labels made by themselves and coloured: a row a user and keyword, seen in rows, in the reading pane and the tree."""

import re

import pytest
from django.test import Client

from accounts.models import User
from mailsync import actions
from mailsync.engine import long_acts
from mailsync.models import Act, Folder, Label
from mailsync.store.labels import load_hues, load_labels
from tests.factories import make_account, make_folder, make_message, make_user
from webmail.present.labels import COLOURS, label_of
from webmail.templatetags.heron import HUES

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna))


def shown(user: User) -> dict[str, tuple[int, int | None]]:
    return {one.keyword: (one.total, one.hue) for one in load_labels(user.pk)}


def test_every_colour_offered_is_one_whose_contrast_is_measured() -> None:
    assert {hue for hue, _name in COLOURS} == set(HUES)
    assert len({str(name) for _hue, name in COLOURS}) == len(COLOURS)


def test_a_label_is_made_before_any_message_has_it(browser: Client, anna: User, inbox: Folder) -> None:
    assert 'href="/labels/new/"' in browser.get(f"/f/{inbox.pk}/").content.decode()
    assert 'value="205"' in browser.get("/labels/new/").content.decode()
    answer = browser.post("/labels/new/", {"name": "Grüße", "hue": "205"})
    (label,) = Label.objects.filter(user=anna)
    assert label_of(label.keyword).text == "Grüße"
    page = browser.get(answer.headers["Location"]).content.decode()
    assert re.search(r'data-keyword="Gr&amp;APwA3w-e".*?<span class="swatch h205"', page)
    assert 'role="menuitemcheckbox"' in page
    assert page.count('value="Gr&amp;APwA3w-e"') == 1
    assert "Grüße" not in browser_of("carl").get("/labels/new/").content.decode()


def browser_of(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": " "}, 422),
        ({"name": "$MDNSent"}, 422),
        ({"name": "x" * 70}, 422),
        ({"name": "Boats", "hue": "7"}, 404),
    ],
)
def test_what_is_no_label_is_not_made(fields: dict[str, str], status: int, browser: Client, inbox: Folder) -> None:
    assert browser.post("/labels/new/", fields).status_code == status
    assert not Label.objects.exists()


def test_a_colour_shows_in_rows_in_the_reading_pane_and_in_the_tree(browser: Client, anna: User, inbox: Folder) -> None:
    mail = make_message(inbox, keywords=["Travel"])
    own = label_of("Travel").hue
    chosen = next(hue for hue, _name in COLOURS if hue != own)
    chip = '<span class="chip h{}" dir="auto">Travel</span>'
    assert chip.format(own) in browser.get(f"/f/{inbox.pk}/").content.decode()
    page = browser.get("/edit-label/travel/").content.decode()
    assert re.search(rf'value="{own}" checked', page)
    assert browser.post("/edit-label/travel/", {"do": "colour", "hue": str(chosen)}).status_code == 302
    assert re.search(rf'value="{chosen}" checked', browser.get("/edit-label/Travel/").content.decode())
    rows = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert chip.format(chosen) in rows
    assert f'class="swatch h{chosen}"' in rows
    assert chip.format(chosen) in browser.get(f"/m/{mail.message_id}/").content.decode()
    carl = make_user("carl")
    assert load_hues(carl.pk) == {}
    assert load_hues(anna.pk) == {"travel": chosen}
    assert browser.post("/edit-label/Travel/", {"do": "colour", "hue": "1"}).status_code == 404


def test_a_colour_goes_with_a_new_name_and_back_with_undo(browser: Client, anna: User, inbox: Folder) -> None:
    make_message(inbox, keywords=["Travel"], server_flags=["Travel"])
    actions.colour_label(anna.pk, "Travel", 325)
    browser.post("/edit-label/Travel/", {"do": "rename", "name": "Far"})
    act = Act.objects.get()
    long_acts.work(act.pk)
    assert shown(anna) == {"Far": (1, 325)}
    browser.post("/undo/", {"group": str(act.group)})
    long_acts.work(act.pk)
    assert shown(anna) == {"Travel": (1, 325)}


def test_a_label_that_is_deleted_leaves_and_undo_brings_it_back(browser: Client, anna: User, inbox: Folder) -> None:
    actions.make_label(anna.pk, "Boats", 150)
    browser.post("/edit-label/Boats/", {"do": "delete"})
    assert shown(anna) == {}
    browser.post("/undo/", {"group": str(Act.objects.get().group)})
    assert shown(anna) == {"Boats": (0, 150)}


def test_labels_by_themselves_have_a_bound_and_what_is_remembered_makes_room(anna: User, inbox: Folder) -> None:
    Label.objects.bulk_create(Label(user=anna, keyword=f"l{n}", kept=n < 199) for n in range(400))
    actions.make_label(anna.pk, "last")
    assert Label.objects.filter(user=anna).count() == 200
    with pytest.raises(actions.CannotDo):
        actions.make_label(anna.pk, "one-more")
    actions.make_label(anna.pk, "LAST", 15)
    assert shown(anna)["last"] == (0, 15)


@pytest.mark.parametrize(
    "address", ["/label/a%00b/", "/edit-label/a%00b/", "/edit-label/a%20b/", f"/edit-label/{'x' * 65}/"]
)
def test_an_address_that_can_be_no_label_is_404(address: str, browser: Client, inbox: Folder) -> None:
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize("name", ["x" * 65, "$Junk"])
def test_a_name_that_cannot_be_one_says_why(name: str, browser: Client, inbox: Folder) -> None:
    answer = browser.post("/labels/new/", {"name": name})
    assert answer.status_code == 422
    assert "Choose another." in answer.content.decode()
