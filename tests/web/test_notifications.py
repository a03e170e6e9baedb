"""The page of notifications: what a browser subscribes with, who sees it, and how it ends."""

from typing import Any

import pytest
from django.test import Client

from accounts import preferences
from accounts.models import PushKey, User
from accounts.rotation import rotate_secrets
from accounts.vault import make_key
from mailsync.message.push_text import as_text
from mailsync.models import Device
from tests.factories import make_user
from tests.protocol.push_receiver import Receiver

pytestmark = pytest.mark.django_db

PAGE = "/settings/notifications/"


def given(**changes: str) -> dict[str, str]:
    browser = Receiver()
    fields = {
        "endpoint": "https://push.example.net/send/1",
        "p256dh": as_text(browser.public),
        "auth": as_text(browser.secret),
    }
    return {**fields, **changes}


def subscribe(client: Client, **changes: str) -> int:
    agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    return client.post(f"{PAGE}devices/", given(**changes), headers={"User-Agent": agent}).status_code


def bob() -> Client:
    other = Client()
    other.force_login(make_user("bob"), backend="allauth.account.auth_backends.AuthenticationBackend")
    return other


def test_this_browser_is_told_until_it_is_removed(browser: Client, anna: User) -> None:
    page = browser.get(PAGE).content.decode()
    assert "data-push-key" in page
    assert "Browsers that are told" not in page
    assert subscribe(browser) == 204
    device = Device.objects.get()
    assert (device.user, device.session_key) == (anna, browser.session.session_key)
    page = browser.get(PAGE).content.decode()
    assert "data-push-key" not in page
    assert "Firefox on Linux" in page
    assert "This one" in page
    answer = browser.post(f"{PAGE}devices/{device.pk}/remove/", follow=True)
    assert "That browser is told nothing more." in answer.content.decode()
    assert not Device.objects.exists()


def test_a_browser_that_subscribes_for_another_person_is_the_firsts_no_more(browser: Client, anna: User) -> None:
    subscribe(browser)
    assert subscribe(bob()) == 204
    assert Device.objects.get().user != anna


def test_a_stranger_removes_nothing_and_is_told_nothing(browser: Client) -> None:
    subscribe(browser)
    device, other = Device.objects.get(), bob()
    assert other.post(f"{PAGE}devices/{device.pk}/remove/").status_code == 404
    assert "Firefox on Linux" not in other.get(PAGE).content.decode()
    assert Client().post(f"{PAGE}devices/", given()).status_code == 302
    assert Client().get(PAGE).status_code == 302
    assert Device.objects.count() == 1


def test_signing_out_ends_it(browser: Client) -> None:
    subscribe(browser)
    browser.post("/accounts/logout/")
    assert not Device.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "http://push.example.net/1"},
        {"endpoint": "https:///1"},
        {"endpoint": "javascript:alert(1)"},
        {"endpoint": "https://push.example.net/" + "x" * 1000},
        {"endpoint": "https://push.example.net/\x001"},
        {"endpoint": "https://[push/1"},
        {"p256dh": "BAAA"},
        {"p256dh": "%%"},
        {"p256dh": ""},
        {"auth": "AAAA"},
        {"auth": as_text(bytes(range(17)))},
    ],
    ids=str,
)
def test_what_no_browser_gives_is_refused(browser: Client, settings: Any, changes: dict[str, Any]) -> None:
    settings.HERON_ALLOW_PRIVATE_HOSTS = []
    assert subscribe(browser, **changes) == 422
    assert not Device.objects.exists()


def test_the_person_chooses_what_a_word_says(browser: Client, anna: User) -> None:
    assert not preferences.load(anna).push_details
    browser.post(PAGE, {"push_details": "on", "push_about": "known"})
    anna.refresh_from_db()
    assert preferences.load(anna).push_details
    assert preferences.load(anna).push_about == "known"


def test_the_key_is_made_once_and_closed_anew_with_the_vaults(browser: Client, settings: Any) -> None:
    pages = [browser.get(PAGE).content.decode() for _ in range(2)]
    keys = {page.partition('data-push-key="')[2].partition('"')[0] for page in pages}
    assert len(keys) == 1
    settings.HERON_VAULT_KEYS = [make_key(), *settings.HERON_VAULT_KEYS]
    assert rotate_secrets().rotated == 1
    settings.HERON_VAULT_KEYS = settings.HERON_VAULT_KEYS[:1]
    assert keys.pop() in browser.get(PAGE).content.decode()
    assert PushKey.objects.count() == 1
