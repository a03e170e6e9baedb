"""When a session was last used is known to the minute, for a write a minute; a change of place is known at once."""

import time
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from tests.factories import make_user
from webmail import middleware

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(make_user("anna"), backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get("/settings/")
    return client


def writes(browser: Client, **headers: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert browser.get("/settings/", headers=headers).status_code == 200
    return sum(query["sql"].startswith("UPDATE") and "usersession" in query["sql"] for query in asked)


@override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1)
def test_behind_a_proxy_a_place_is_what_the_proxy_saw(browser: Client) -> None:
    browser.get("/settings/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert UserSession.objects.get().ip == "198.51.100.7"


def test_a_request_within_the_minute_writes_nothing(browser: Client) -> None:
    assert writes(browser) == 0


def test_after_a_minute_it_is_noted_again(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(seconds=61))
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert writes(browser) == 1
    assert writes(browser) == 0
    assert UserSession.objects.get().last_seen_at > timezone.now() - timedelta(seconds=30)


def test_another_browser_or_address_is_noted_at_once(browser: Client) -> None:
    assert writes(browser, User_Agent="Elsewhere/1.0") == 1
    assert UserSession.objects.get().user_agent == "Elsewhere/1.0"
    browser.defaults["REMOTE_ADDR"] = "192.0.2.1"
    assert writes(browser, User_Agent="Elsewhere/1.0") == 1
    assert UserSession.objects.get().ip == "192.0.2.1"


def test_a_process_remembers_only_so_many(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "MOST_NOTED", 1)
    other = Client()
    other.handler = browser.handler
    other.force_login(make_user("bob"), backend="allauth.account.auth_backends.AuthenticationBackend")
    other.get("/settings/")
    assert [writes(one) for one in (browser, browser, other)] == [1, 0, 1]


def test_a_long_name_of_a_browser_is_compared_as_it_is_kept(browser: Client) -> None:
    assert writes(browser, User_Agent="x" * 1000) == 1
    assert writes(browser, User_Agent="x" * 1000) == 0
