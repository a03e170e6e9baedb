"""An address for signing in that is changed: told where it was, and kept in its person's log."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.web.signing_in import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.org", PASSWORD))
    return client


@pytest.fixture
def alice() -> User:
    user = User.objects.create_user("alice@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def change(office: Client, alice: User, **fields: str) -> str:
    form = {"email": alice.email, "name": alice.name, "language": "", "timezone": "UTC", "is_active": "on", **fields}
    inline = {f"mail_accounts-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    answer = office.post(page, {**form, **inline}, follow=True)
    assert answer.redirect_chain
    return answer.content.decode()


def test_who_has_an_address_changed_reads_of_it_at_the_old_one(
    office: Client, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        change(office, alice, email="mallory@example.org")
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.org"]
    assert "root@example.org has changed the address" in letter.body
    assert "from alice@example.org to mallory@example.org" in letter.body
    line = alice.security_events.get(kind="address_changed")
    assert (line.detail, str(line.actor)) == ("alice@example.org → mallory@example.org", "root@example.org")


def test_any_other_change_mails_nobody(office: Client, alice: User, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        change(office, alice, name="Alice")
    assert mail.outbox == []
    assert not alice.security_events.filter(kind="address_changed").exists()


@pytest.mark.django_db(transaction=True)
def test_the_administrator_reads_that_the_letter_did_not_go(
    office: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("accounts.notices.send_mail", refuse)
    page = change(office, alice, email="new@example.org")
    assert "could not be told that it is no longer the address" in page
    assert "no route to host" in page
    assert User.objects.get(pk=alice.pk).email == "new@example.org"


def test_who_changes_their_own_is_told_at_the_old_one(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    EmailAddress.objects.create(user=alice, email="new@example.org", verified=True)
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/email/", {"email": "new@example.org", "action_primary": ""})
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.org"]
    assert "was changed from alice@example.org to new@example.org" in letter.body
