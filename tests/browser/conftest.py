"""A browser and a mailbox to drive: Chromium, and the site on the test database, served by uvicorn.

For the journeys through worker and mail server see ``tests/browser/site.py``; here the mail is stored
already, so that a test of one interaction takes a second.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from mailsync.models import Folder
from tests.browser.chromium import chromium, new_page
from tests.browser.site import site
from tests.browser.waiting import eventually
from tests.browser.webserver import served
from tests.factories import make_account, make_user
from tests.kept_mailbox import KeptMailbox

__all__ = ["chromium", "new_page", "site"]

# Two cores are shared by everything that runs here.
expect.set_options(timeout=15_000)
#: Playwright's own loop lives in this thread; Django must not take that for a view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


#: A refused act is an answer that the page handles, and the worker is held back by the tests themselves.
_NO_COMPLAINTS = ("Failed to load resource", "Service Worker registration blocked")


@dataclass
class Mailbox:
    """A running site whose only user is Anna, and her folders by path."""

    url: str
    user: User
    folders: dict[str, Folder]
    session: str
    #: What the browser's console said; a test ends with none of it.
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def page(self, browser: Browser, **options: Any) -> Page:
        """A new window in which Anna is signed in."""
        # What a test holds back on its way must not go round by the service worker.
        context: BrowserContext = browser.new_context(**{"service_workers": "block", **options})
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": self.session, "url": self.url}])
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(known in text for known in _NO_COMPLAINTS):
            self.complaints.append(text)

    def inbox(self, browser: Browser, **options: Any) -> Page:
        page = self.page(browser, **{"viewport": {"width": 1440, "height": 900}, **options})
        page.goto(f"{self.url}/f/{self.folders['INBOX'].pk}/")
        page.locator(".scripted").first.wait_for()
        return page


@pytest.fixture(scope="session")
def _server(django_db_setup: None) -> Iterator[str]:
    """uvicorn on the database of this test run."""
    with served() as url:
        yield url


@pytest.fixture(scope="session")
def _kept(django_db_setup: None) -> KeptMailbox:
    return KeptMailbox(newest=130)


@pytest.fixture
def _fence(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Set up before the tables are, so that it is taken down after they were emptied: then others may come in again."""
    yield
    with django_db_blocker.unblock():
        _let_others_in(True)


@pytest.fixture
def mailbox(_server: str, _fence: None, transactional_db: None, _kept: KeptMailbox) -> Iterator[Mailbox]:
    """Anna's mailbox with the sample in it, as nobody has touched it."""
    user = make_user("anna", timezone="Europe/Berlin")
    account = make_account(user, address="anna.berg@nordlicht.example")
    folders = _kept.fill(account)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    # Some pages ask once more who it is.
    client.post("/accounts/reauthenticate/", {"password": "secret"}, headers={"host": "localhost"})
    box = Mailbox(_server, user, folders, client.cookies[settings.SESSION_COOKIE_NAME].value)
    yield box
    for context in box.contexts:
        context.close()
    _shut_others_out()
    assert box.complaints == []


def _shut_others_out() -> None:
    """End what the closed pages still ask of the web server: emptying the tables and a request can wait for each other.

    A wait for the last request is not enough, as one more may be on its way; and one that was let in just before the
    door was shut may be seen only after the others have been ended.
    """
    _let_others_in(False)
    eventually("nobody else in the database", _is_alone)


def _is_alone() -> bool:
    """End whoever is seen there."""
    with connection.cursor() as cursor:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(f"SELECT count(pg_terminate_backend(pid, 5000)) {others}")
        return bool(cursor.fetchone() == (0,))


def _let_others_in(allowed: bool) -> None:
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection._nodb_cursor() as cursor:  # Not from within: a database does not shut itself.
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
