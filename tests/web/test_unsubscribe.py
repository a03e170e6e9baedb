"""Leaving a mailing list at a click: one POST where the provider vouches for it, else a letter; kept and shown."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mailsync.engine import unsubscribe as engine
from mailsync.errors import NeedsUser, TryLater
from mailsync.models import Message, Outgoing, Unsubscription
from mailsync.store import unsubscriptions
from tests.factories import make_account, make_folder, make_user
from tests.web.mail import html_message, store

pytestmark = pytest.mark.django_db
ONE_CLICK = {
    "From": "News <news@shop.test>",
    "Authentication_Results": "mx.example.test; dkim=pass header.d=shop.test",
    "DKIM_Signature": "v=1; a=rsa-sha256; d=shop.test; s=k; h=from:list-unsubscribe:list-unsubscribe-post; b=x",
    "List_Id": "<weekly.shop.test>",
    "List_Unsubscribe": "<https://shop.test/leave?u=1>, <mailto:leave@shop.test?subject=off>",
    "List_Unsubscribe_Post": "List-Unsubscribe=One-Click",
}
UNSIGNED = {**ONE_CLICK, "Authentication_Results": "mx.example.test; dkim=none"}


@pytest.fixture
def anna(client: Client) -> User:
    user = make_user("anna")
    client.force_login(user)
    return user


def newsletter(user: User, **headers: str) -> Message:
    return store(
        user, html_message("<p>News</p>", **headers), make_folder(make_account(user, host="imap.example.test"))
    )


def page(client: Client, message: Message) -> str:
    return client.get(reverse("message", args=[message.pk])).content.decode()


def leave(client: Client, message: Message) -> int:
    return client.post(reverse("leave_list", args=[message.pk])).status_code


def raising(error: Exception) -> Callable[[str], int]:
    def post(url: str) -> int:
        raise error

    return post


def test_one_request_and_it_is_done(client: Client, anna: User) -> None:
    message = newsletter(anna, **ONE_CLICK)
    assert "Unsubscribe" in page(client, message)
    assert leave(client, message) == 302
    row = Unsubscription.objects.get()
    assert (row.list_key, row.url, row.state) == ("weekly.shop.test", "https://shop.test/leave?u=1", "asked")
    assert "is being told to remove you" in page(client, message)
    asked: list[str] = []
    for _ in range(2):  # twice is as once
        engine.unsubscribe(row.pk, post=lambda url: asked.append(url) or 200)  # type: ignore[func-returns-value]
    assert asked == ["https://shop.test/leave?u=1"]
    assert not Outgoing.objects.exists()
    html = page(client, newsletter(anna, **{**ONE_CLICK, "Subject": "Next week"}))
    assert "You left this mailing list on" in html
    assert "leave_list" not in html


def test_without_a_verified_signature_a_letter_goes_instead(client: Client, anna: User) -> None:
    message = newsletter(anna, **UNSIGNED)
    assert leave(client, message) == 302
    outgoing = Outgoing.objects.get()
    raw = bytes(outgoing.raw).decode()
    assert [one.address for one in outgoing.recipients.all()] == ["leave@shop.test"]
    assert "Subject: off\r\n" in raw
    assert Unsubscription.objects.get().url == ""
    assert unsubscriptions.due_unsubscriptions() == []
    Outgoing.objects.update(state="done")
    assert "You left this mailing list on" in page(client, message)


def test_where_only_a_page_is_named_the_reader_opens_it(client: Client, anna: User) -> None:
    message = newsletter(anna, **{**UNSIGNED, "List_Unsubscribe": "<https://shop.test/leave>"})
    assert 'href="https://shop.test/leave"' in page(client, message)
    assert leave(client, message) == 404
    assert not Unsubscription.objects.exists()


def test_who_failed_verification_gets_no_letter(client: Client, anna: User) -> None:
    message = newsletter(anna, **{**ONE_CLICK, "Authentication_Results": "mx.example.test; dmarc=fail; dkim=fail"})
    assert leave(client, message) == 404


@pytest.mark.parametrize(
    ("post", "state", "is_due"),
    [
        (lambda url: 204, "done", False),
        (lambda url: 302, "failed", False),
        (lambda url: 404, "failed", False),
        (lambda url: 503, "asked", True),
        (raising(TryLater("broken off")), "asked", True),
        (raising(NeedsUser("leads to a private address", code="forbidden_host")), "failed", False),
    ],
)
def test_what_the_server_says_is_what_is_shown(
    client: Client, anna: User, post: Callable[[str], int], state: str, is_due: bool
) -> None:
    message = newsletter(anna, **ONE_CLICK)
    leave(client, message)
    row = Unsubscription.objects.get()
    engine.unsubscribe(row.pk, post=post)
    row.refresh_from_db()
    assert row.state == state
    assert (row.due_at is not None) is is_due
    if state == "failed":
        html = page(client, message)
        assert "could not be left" in html
        assert "Open their page" in html


def test_what_the_lists_server_refuses_is_asked_in_another_way(client: Client, anna: User) -> None:
    message = newsletter(anna, **ONE_CLICK)
    leave(client, message)
    engine.unsubscribe(Unsubscription.objects.get().pk, post=lambda url: 410)
    html = page(client, message)
    assert ">Try again<" not in html
    assert "Unsubscribe by letter" in html
    assert "Open their page" in html
    assert leave(client, message) == 302
    assert Outgoing.objects.get().recipients.get().address == "leave@shop.test"


def test_what_the_server_said_is_told_in_the_readers_language_on_both_pages(client: Client, anna: User) -> None:
    message = newsletter(anna, **ONE_CLICK)
    leave(client, message)
    engine.unsubscribe(Unsubscription.objects.get().pk, post=lambda url: 404)
    User.objects.update(language="de")
    for html in (page(client, message), client.get(reverse("settings_subscriptions")).content.decode()):
        assert "Der Server der Liste antwortete mit 404." in html
        assert "Erneut versuchen" in html


def test_a_letter_that_was_taken_back_leaves_the_list_to_be_left(client: Client, anna: User) -> None:
    message = newsletter(anna, **UNSIGNED)
    leave(client, message)
    assert "is being told to remove you" in page(client, message)
    Outgoing.objects.update(state="cancelled")
    for html in (page(client, message), client.get(reverse("settings_subscriptions")).content.decode()):
        assert "is being told" not in html
        assert reverse("leave_list", args=[message.pk]) in html


def test_the_letter_of_an_account_that_is_gone_is_not_waited_for(client: Client, anna: User) -> None:
    message = newsletter(anna, **UNSIGNED)
    leave(client, message)
    Unsubscription.objects.update(outgoing=None)
    assert "You left this mailing list on" in page(client, message)


def test_it_is_not_asked_for_ever(client: Client, anna: User) -> None:
    leave(client, newsletter(anna, **ONE_CLICK))
    asked = 0
    while rows := Unsubscription.objects.filter(due_at__isnull=False):
        assert asked < 10
        rows.update(due_at=timezone.now() - timedelta(seconds=1))
        engine.unsubscribe(rows.get().pk, post=raising(TryLater("away")))
        asked += 1
    assert Unsubscription.objects.get().state == "failed"
    assert asked == 4


def test_a_strangers_list_is_not_there(client: Client, anna: User) -> None:
    assert leave(client, newsletter(make_user("eve"), **ONE_CLICK)) == 404
    assert not Unsubscription.objects.exists()
