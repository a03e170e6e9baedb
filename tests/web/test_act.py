"""Acts: each verb on one row and on a selection, by script and by plain form, refused with a reason, undone."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from mailsync.models import AccountSync, Folder, Placement
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db
SCRIPT = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def folders(anna: User) -> dict[str, Folder]:
    account = make_account(anna)
    roles = {"archive": "Archive", "junk": "Junk", "trash": "Trash"}
    made = {role: make_folder(account, path, role=role) for role, path in roles.items()}
    return {"inbox": make_folder(account), "other": make_folder(account, "Receipts"), **made}


def lies_in(placement: Placement) -> set[int]:
    rows = Placement.objects.filter(message_id=placement.message_id, shown=True)
    return set(rows.values_list("folder_id", flat=True))


@pytest.mark.parametrize(("verb", "role"), [("archive", "archive"), ("trash", "trash"), ("junk", "junk")])
def test_a_row_goes_where_the_verb_says(verb: str, role: str, browser: Client, folders: dict[str, Folder]) -> None:
    placement = make_message(folders["inbox"])
    answer = browser.post("/act/", {"one": f"{verb} t{placement.folder_id}-{placement.thread_id}"}, **SCRIPT)
    assert answer.status_code == 200
    assert lies_in(placement) == {folders[role].pk}
    assert "1 message" in answer.content.decode()


@pytest.mark.parametrize(
    ("verb", "before", "field", "after"),
    [
        ("read", {"seen": False}, "seen", True),
        ("unread", {"seen": True}, "seen", False),
        ("flag", {}, "flagged", True),
        ("unflag", {"flagged": True}, "flagged", False),
    ],
)
def test_marks(
    verb: str, before: dict[str, Any], field: str, after: bool, browser: Client, folders: dict[str, Folder]
) -> None:
    placements = [make_message(folders["inbox"], **before) for _ in range(2)]
    names = [f"p{placement.pk}" for placement in placements]
    assert browser.post("/act/", {"do": verb, "on": names}, **SCRIPT).status_code == 200
    for placement in placements:
        placement.refresh_from_db()
        assert getattr(placement, field) is after


@pytest.mark.parametrize("count", [1, 5])
def test_marking_takes_the_same_few_statements_for_any_number(
    count: int, browser: Client, folders: dict[str, Folder], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    placements = [make_message(folders["inbox"], seen=False) for _ in range(count)]
    browser.get("/settings/")  # notes the session, which is done once a minute
    with django_assert_max_num_queries(10):  # two of them the savepoint that a test's transaction is
        browser.post("/act/", {"do": "read", "on": [f"p{one.pk}" for one in placements]}, **SCRIPT)
    assert Placement.objects.filter(seen=True).count() == count


@pytest.mark.parametrize("count", [1, 15])
def test_one_conversation_is_marked_in_a_statement_less(
    count: int, browser: Client, folders: dict[str, Folder], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = make_message(folders["inbox"])
    for _ in range(count - 1):
        make_message(folders["inbox"], thread=first.thread)
    elsewhere = make_message(folders["other"], thread=first.thread)
    hidden = make_message(folders["inbox"], thread=first.thread)
    Placement.objects.filter(pk=hidden.pk).update(shown=False)
    browser.get("/settings/")
    with django_assert_max_num_queries(9):
        answer = browser.post("/act/", {"do": "read", "on": f"t{first.folder_id}-{first.thread_id}"}, **SCRIPT)
    assert f"{count} message" in answer.content.decode()
    assert Placement.objects.filter(seen=True).count() == count
    assert not Placement.objects.filter(pk__in=[elsewhere.pk, hidden.pk], seen=True).exists()


@pytest.mark.parametrize("verb", ["read", "archive"])
def test_a_conversation_that_has_emptied_says_so_and_anothers_does_not_exist(
    verb: str, browser: Client, folders: dict[str, Folder]
) -> None:
    mine = make_message(folders["inbox"])
    Placement.objects.filter(pk=mine.pk).update(shown=False)
    hers = make_message(make_folder(make_account()))
    answer = browser.post("/act/", {"do": verb, "on": f"t{mine.folder_id}-{mine.thread_id}"}, **SCRIPT)
    assert (answer.status_code, "no longer here" in answer.content.decode()) == (409, True)
    for name in (f"t{hers.folder_id}-{hers.thread_id}", "tx-1", "t1-1"):
        assert browser.post("/act/", {"do": verb, "on": name}, **SCRIPT).status_code == 404
    hers.refresh_from_db()
    assert not hers.seen


def test_a_conversation_acts_on_what_its_folder_shows(browser: Client, folders: dict[str, Folder]) -> None:
    first = make_message(folders["inbox"])
    second = make_message(folders["inbox"], thread=first.thread)
    elsewhere = make_message(folders["other"], thread=first.thread)
    browser.post("/act/", {"do": "archive", "on": f"t{first.folder_id}-{first.thread_id}"}, **SCRIPT)
    assert lies_in(first) == lies_in(second) == {folders["archive"].pk}
    assert lies_in(elsewhere) == {folders["other"].pk}


def test_move_by_menu_and_by_form(browser: Client, folders: dict[str, Folder]) -> None:
    one, two = make_message(folders["inbox"]), make_message(folders["inbox"])
    browser.post("/act/", {"move": folders["other"].pk, "on": f"p{one.pk}"}, **SCRIPT)
    browser.post("/act/", {"do": "move", "folder": folders["other"].pk, "on": f"p{two.pk}"}, **SCRIPT)
    assert lies_in(one) == lies_in(two) == {folders["other"].pk}


def test_undo_brings_it_back(browser: Client, folders: dict[str, Folder]) -> None:
    placement = make_message(folders["inbox"])
    toast = browser.post("/act/", {"do": "trash", "on": f"p{placement.pk}"}, **SCRIPT).content.decode()
    found = re.search(r'data-group="([0-9a-f-]+)"', toast)
    assert found
    assert browser.post("/undo/", {"group": found[1]}, **SCRIPT).status_code == 204
    assert lies_in(placement) == {folders["inbox"].pk}


def test_undo_says_what_it_had_to_leave(browser: Client, folders: dict[str, Folder]) -> None:
    for about in (SCRIPT, {}):
        rows = [make_message(folders["inbox"]) for _ in range(3)]
        names = [f"p{row.pk}" for row in rows]
        toast = browser.post("/act/", {"move": folders["other"].pk, "on": names}, **SCRIPT).content.decode()
        found = re.search(r'data-group="([0-9a-f-]+)"', toast)
        assert found
        moved = folders["other"].placements.get(message=rows[0].message)
        browser.post("/act/", {"do": "trash", "on": f"p{moved.pk}"}, **SCRIPT)
        answer = browser.post("/undo/", {"group": found[1]}, follow=True, **about)
        assert "Taken back, but for 1 message that has changed since." in answer.content.decode()
        assert [lies_in(row) == {folders["inbox"].pk} for row in rows] == [False, True, True]


def test_undo_of_nothing_is_not_found(browser: Client) -> None:
    assert browser.post("/undo/", {"group": str(uuid.uuid4())}).status_code == 404
    assert browser.post("/undo/", {"group": "x"}).status_code == 404


def test_without_scripts_the_form_leads_back_and_offers_undo(browser: Client, folders: dict[str, Folder]) -> None:
    placement = make_message(folders["inbox"])
    way = f"/f/{folders['inbox'].pk}/?show=unread"
    answer = browser.post("/act/", {"do": "archive", "on": f"p{placement.pk}", "next": way})
    assert answer.headers["Location"] == way
    page = browser.get(way).content.decode()
    assert "1 message archived" in page
    group = re.search(r'action="/undo/".*?name="group" value="([0-9a-f-]+)"', page, re.DOTALL)
    assert group
    browser.post("/undo/", {"group": group[1], "next": way})
    assert lies_in(placement) == {folders["inbox"].pk}


@pytest.mark.parametrize("way", ["https://evil.test/", "//evil.test/x", "javascript:alert(1)", ""])
def test_the_way_back_never_leads_away(way: str, browser: Client, folders: dict[str, Folder]) -> None:
    placement = make_message(folders["inbox"])
    answer = browser.post("/act/", {"do": "read", "on": f"p{placement.pk}", "next": way})
    assert answer.headers["Location"] == "/"


def test_wishes_that_make_no_sense_come_back_with_a_reason(
    browser: Client, anna: User, folders: dict[str, Folder]
) -> None:
    placement = make_message(folders["inbox"])
    elsewhere = make_folder(make_account(anna))
    nothing = browser.post("/act/", {"do": "archive"}, **SCRIPT)
    assert (nothing.status_code, nothing.content) == (400, b"Select one or more messages first.")
    nowhere = browser.post("/act/", {"do": "move", "on": f"p{placement.pk}"}, **SCRIPT)
    assert nowhere.status_code == 409
    for number in ("9" * 19, "9" * 5000):  # no id is so long; int() itself gives up at 4300 digits
        assert browser.post("/act/", {"move": number, "on": f"p{placement.pk}"}, **SCRIPT).status_code == 409
    type(elsewhere).objects.filter(pk=elsewhere.pk).update(selectable=False)
    shell = browser.post("/act/", {"move": elsewhere.pk, "on": f"p{placement.pk}"}, **SCRIPT)
    assert shell.status_code == 409
    assert "cannot hold messages" in shell.content.decode()
    assert lies_in(placement) == {folders["inbox"].pk}


def test_a_row_that_has_gone_meanwhile_says_so(browser: Client, folders: dict[str, Folder]) -> None:
    placement = make_message(folders["inbox"])
    Placement.objects.filter(pk=placement.pk).update(shown=False)
    answer = browser.post("/act/", {"do": "archive", "on": f"p{placement.pk}"}, **SCRIPT)
    assert answer.status_code == 409
    assert "no longer here" in answer.content.decode()


def test_unknown_verbs_and_get_are_refused(browser: Client, folders: dict[str, Folder]) -> None:
    placement = make_message(folders["inbox"])
    assert browser.post("/act/", {"do": "explode", "on": f"p{placement.pk}"}).status_code == 404
    assert browser.get("/act/").status_code == 405
    assert browser.get("/undo/").status_code == 405


def test_another_site_cannot_act(anna: User, folders: dict[str, Folder]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    placement = make_message(folders["inbox"])
    assert strict.post("/act/", {"do": "trash", "on": f"p{placement.pk}"}).status_code == 403
    assert lies_in(placement) == {folders["inbox"].pk}


def test_a_list_that_is_pulled_down_fetches_now_but_not_what_is_paused(browser: Client, anna: User) -> None:
    live, paused, strangers = make_account(anna), make_account(anna, state="paused"), make_account()
    AccountSync.objects.update(due_at=None)
    assert browser.get("/check/").status_code == 405
    for _ in range(2):
        assert browser.post("/check/", **SCRIPT).status_code == 204
        due = dict(AccountSync.objects.values_list("account_id", "due_at"))
        assert due.get(live.pk) is not None
        assert (due.get(paused.pk), due.get(strangers.pk)) == (None, None)


def test_without_scripts_one_message_leads_back_to_its_conversation_while_others_are_left(
    browser: Client, folders: dict[str, Folder]
) -> None:
    first = make_message(folders["inbox"])
    second = make_message(folders["inbox"], thread=first.thread)
    way = f"/f/{first.folder_id}/"
    here = f"{way}t/{first.thread_id}/?open={first.message_id}"
    form = {"next": way, "stay": here}
    assert f'name="stay" value="{here}"' in browser.get(here).content.decode()
    kept = browser.post("/act/", {"do": "flag", "on": f"p{first.pk}", **form})
    assert kept.headers["Location"] == here
    unread = browser.post("/act/", {"do": "unread", "on": f"p{first.pk}", **form})
    assert unread.headers["Location"] == way
    one_left = browser.post("/act/", {"do": "trash", "on": f"p{first.pk}", **form})
    assert one_left.headers["Location"] == here
    none_left = browser.post("/act/", {"do": "trash", "on": f"p{second.pk}", **form})
    assert none_left.headers["Location"] == way


@pytest.mark.parametrize(
    "stay", ["https://evil.test/f/1/t/1/", "//evil.test/x", "/settings/", "/f/1/t/999999/", "/f/x"]
)
def test_the_way_to_a_conversation_leads_to_no_other_place(
    stay: str, browser: Client, folders: dict[str, Folder]
) -> None:
    placement = make_message(folders["inbox"])
    way = f"/f/{placement.folder_id}/"
    answer = browser.post("/act/", {"do": "flag", "on": f"p{placement.pk}", "next": way, "stay": stay})
    assert answer.headers["Location"] == way
