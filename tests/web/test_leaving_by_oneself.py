"""A person deletes their own account: asked again who they are, told what goes, and nothing of theirs is left."""

from typing import Any

import pytest
from django.test import Client

from accounts.invitations import make_user as invite
from accounts.models import User
from tests.belongings import fill_every_table
from tests.factories import make_account, make_folder, make_message, make_user
from tests.forgotten import forget_all
from tests.web.signing_in import PASSWORD
from tests.web.test_leaving import everything

pytestmark = pytest.mark.django_db

PAGE = "/settings/security/leave/"


def test_everything_of_theirs_goes_and_nothing_of_anybody_else(client: Client) -> None:
    fill_every_table(make_user())
    before = everything()
    alice = invite("alice@people.test")
    alice.set_password(PASSWORD)
    alice.save()
    fill_every_table(alice)
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    answer = client.post(PAGE, {"address": " Alice@People.test"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert not client.login(email="alice@people.test", password=PASSWORD)
    forget_all()
    left = everything()
    # The word that greets at the door lies in a session of nobody.
    assert {label: left[label] - count for label, count in before.items() if left[label] != count} in (
        {},
        {"sessions.Session": 1},
    )
    assert "is closed. Everything in it is being deleted." in client.get("/accounts/login/").content.decode()
    assert client.get("/settings/").status_code == 302


def test_a_slip_deletes_nothing(at_home: Client, alice: User) -> None:
    for typed in ("", "bob@people.test"):
        answer = at_home.post(PAGE, {"address": typed})
        assert answer.status_code == 422
        assert "Nothing was deleted" in answer.content.decode()
    assert User.objects.filter(pk=alice.pk).exists()


def test_an_open_session_is_not_enough(client: Client, alice: User) -> None:
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    for answer in (client.get(PAGE), client.post(PAGE, {"address": alice.email})):
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert User.objects.filter(pk=alice.pk).exists()


def test_the_page_says_what_exists_only_here(at_home: Client, alice: User) -> None:
    box = make_account(alice, protocol="pop3")
    for _ in range(2):
        make_message(make_folder(box, f"F{_}"))
    page = at_home.get(PAGE).content.decode()
    assert "2 messages are kept here." in page
    assert "POP3 server exists only here" in page
    assert "export.zip" in page


def test_the_only_administrator_stays(at_home: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True, is_staff=True)
    assert "only administrator" in at_home.get(PAGE).content.decode()
    assert at_home.post(PAGE, {"address": alice.email}).status_code == 422
    assert User.objects.filter(pk=alice.pk).exists()
    make_user(is_superuser=True, is_staff=True)
    assert at_home.post(PAGE, {"address": alice.email}).status_code == 302
    assert not User.objects.filter(pk=alice.pk, is_active=True).exists()


def test_permissions_are_given_back(at_home: Client, alice: User, monkeypatch: Any) -> None:
    given_back: list[int] = []
    monkeypatch.setattr("mailsync.engine.tokens.revoke", lambda account: given_back.append(account.pk))
    account = make_account(alice)
    assert at_home.post(PAGE, {"address": alice.email}).status_code == 302
    assert given_back == [account.pk]
