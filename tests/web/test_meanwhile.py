"""What an open conversation asks for when something happens to it elsewhere, and how pages are told of that."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from mailsync import actions, announce
from mailsync.models import Folder, Placement
from tests.factories import make_account, make_folder, make_message, make_user
from webmail.present.cards import MOST_OPEN

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna, address="anna@nordlicht.example"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(announce, "_publish", lambda _user, event: lines.append(event))
    return lines


def url_of(placement: Placement) -> str:
    return f"/f/{placement.folder_id}/t/{placement.thread_id}/"


def pane(**more: object) -> dict[str, str]:
    headers = {name.replace("_", "-"): str(value) for name, value in more.items()}
    return {"HX-Request": "true", "HX-Target": "main", **headers}


def open_cards(answer: Any) -> Iterator[int]:
    """The messages whose text came along."""
    for article in answer.content.decode().split("<article ")[1:]:
        if 'class="full"' in article:
            found = re.search(r'id="m(\d+)"', article)
            assert found
            yield int(found[1])


def is_seen(placement: Placement) -> bool:
    placement.refresh_from_db()
    return placement.seen


def test_only_what_came_to_the_end_since_brings_its_text_and_nothing_is_read(browser: Client, inbox: Folder) -> None:
    first = make_message(inbox)
    second = make_message(inbox, thread=first.thread, seen=True)
    late = make_message(inbox, thread=first.thread, received_at=first.received_at)
    third = make_message(inbox, thread=first.thread)
    draft = make_message(inbox, thread=first.thread, seen=True, draft=True)
    headers = pane(HX_Preloaded="true", Heron_After=second.message_id)
    answer = browser.get(url_of(first), headers=headers)
    assert list(open_cards(answer)) == [third.message_id]
    page = answer.content.decode()
    assert page.count("<article ") == 5
    assert f'id="m{third.message_id}" data-message="{third.message_id}" data-names="p{third.pk}" data-unread' in page
    assert f'data-thread="{first.thread_id}"' in page
    assert not any(is_seen(one) for one in (first, late, third))
    assert "Heron-After" in answer.headers["Vary"]
    nothing = browser.get(url_of(first), headers=pane(HX_Preloaded="true", Heron_After=draft.message_id))
    assert list(open_cards(nothing)) == []


def test_of_very_many_that_came_the_newest_bring_their_texts(browser: Client, inbox: Folder) -> None:
    first = make_message(inbox, seen=True)
    more = [make_message(inbox, thread=first.thread) for _ in range(MOST_OPEN + 2)]
    answer = browser.get(url_of(first), headers=pane(HX_Preloaded="true", Heron_After=first.message_id))
    assert list(open_cards(answer)) == [one.message_id for one in more[2:]]


def test_a_single_card_is_asked_for_and_read_alone(browser: Client, inbox: Folder) -> None:
    first = make_message(inbox)
    second = make_message(inbox, thread=first.thread)
    ahead = browser.get(url_of(first), headers=pane(HX_Preloaded="true", Heron_Card=first.message_id))
    assert list(open_cards(ahead)) == [first.message_id]
    assert not is_seen(first)
    browser.get(url_of(first), headers=pane(Heron_Card=first.message_id))
    assert is_seen(first)
    assert not is_seen(second)


@pytest.mark.parametrize("odd", ["", "-1", "x", "9" * 40])
def test_odd_wishes_are_those_of_nobody(odd: str, browser: Client, inbox: Folder) -> None:
    first = make_message(inbox, seen=True)
    answer = browser.get(url_of(first), headers=pane(Heron_Card=odd, Heron_After=odd))
    assert list(open_cards(answer)) == [first.message_id]


def test_a_stranger_is_told_nothing(inbox: Folder) -> None:
    first = make_message(inbox)
    stranger = Client()
    stranger.force_login(make_user("eve"), backend="allauth.account.auth_backends.AuthenticationBackend")
    for headers in (pane(Heron_After=1), pane(Heron_Card=first.message_id)):
        assert stranger.get(url_of(first), headers=headers).status_code == 404


def test_pages_are_told_which_conversations_have_changed(anna: User, inbox: Folder, told: list[dict[str, Any]]) -> None:
    one, other = make_message(inbox), make_message(inbox)
    archive = make_folder(inbox.account, "Archive", role="archive")
    actions.mark_read(anna.pk, [one.pk], True)
    assert [(event["folder"], event["threads"]) for event in told] == [(inbox.pk, [one.thread_id])]
    told.clear()
    actions.archive(anna.pk, [one.pk, other.pk])
    threads = sorted([one.thread_id, other.thread_id])
    assert {(event["folder"], *event["threads"]) for event in told} == {(inbox.pk, *threads), (archive.pk, *threads)}
    assert not any("by" in event for event in told)


def test_of_too_many_conversations_none_is_named(
    anna: User, inbox: Folder, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announce, "MOST_THREADS", 1)
    actions.mark_read(anna.pk, [make_message(inbox).pk, make_message(inbox).pk], True)
    assert [event["folder"] for event in told] == [inbox.pk]
    assert "threads" not in told[0]


def test_what_a_page_reads_bears_its_name_and_nothing_else_does(
    browser: Client, inbox: Folder, told: list[dict[str, Any]]
) -> None:
    placement = make_message(inbox)
    page = {"Heron-Page": "k3x9"}
    browser.get(url_of(placement), headers={**pane(), **page})
    for verb in ("unread", "read", "flag"):
        browser.post("/act/", {"do": verb, "on": f"p{placement.pk}"}, headers={**pane(), **page})
    assert [event.get("by") for event in told] == ["k3x9", None, "k3x9", None]


@pytest.mark.parametrize("name", ["", "a b", '"', "x" * 21, "é"])
def test_a_name_that_no_page_gives_itself_is_none(
    name: str, browser: Client, inbox: Folder, told: list[dict[str, Any]]
) -> None:
    browser.get(url_of(make_message(inbox)), headers={**pane(), "Heron-Page": name})
    assert [event.get("by") for event in told] == [None]


def test_what_was_moved_since_is_acted_on_where_it_lies(browser: Client, inbox: Folder) -> None:
    """Not on the copy of what one has answered, though that is the newest."""
    archive, sent = (make_folder(inbox.account, role.title(), role=role) for role in ("archive", "sent"))
    first = make_message(archive, seen=True)
    own = make_message(sent, thread=first.thread, seen=True)
    page = browser.get(f"/f/{inbox.pk}/t/{first.thread_id}/", headers=pane()).content.decode()
    assert f'data-names="p{first.pk}" data-account' in page
    assert "2 messages in Archive" in re.sub(r"<[^>]*>", "", page)
    Placement.objects.filter(pk=first.pk).update(shown=False)
    page = browser.get(f"/f/{inbox.pk}/t/{first.thread_id}/", headers=pane()).content.decode()
    assert f'data-names="p{own.pk}" data-account' in page
    assert "1 message in Sent" in re.sub(r"<[^>]*>", "", page)
