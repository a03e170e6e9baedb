"""Changing the servers of an account that is there: tried before they are kept, and nobody else's are touched."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import MailAccount, OutgoingServer, User
from mailsync.types import LoginReport, StepResult
from tests.factories import make_account
from tests.web.connecting import HAND, OK, Probe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("network")]


@pytest.fixture
def account(anna: User) -> MailAccount:
    return make_account(anna, address="alice@club.test", state=MailAccount.State.NEEDS_USER)


@pytest.fixture
def send(browser: Client, account: MailAccount) -> Callable[..., str]:
    def post(**typed: str) -> str:
        answer = browser.post(f"/settings/accounts/{account.pk}/servers/", {**HAND, **typed})
        return f"{answer.status_code} {answer.content.decode()}"

    return post


def test_a_new_password_mends_the_account(send: Callable[..., str], account: MailAccount, probe: Probe) -> None:
    assert send(password="fresh").startswith("302")
    account.refresh_from_db()
    assert account.state == MailAccount.State.ACTIVE
    assert account.credentials.get().reveal() == "fresh"


def test_how_mail_is_sent_can_be_chosen_anew(
    browser: Client, anna: User, send: Callable[..., str], account: MailAccount, probe: Probe
) -> None:
    send(password="fresh")
    account.refresh_from_db()
    mine = account.outgoing_server
    assert mine is not None
    relay = OutgoingServer.objects.create(user=anna, host="relay.test", username="alice", is_relay=True)
    send(password="fresh", sending=f"server:{relay.pk}")
    account.refresh_from_db()
    assert account.outgoing_server == relay
    assert not OutgoingServer.objects.filter(pk=mine.pk).exists()
    page = browser.get(f"/settings/accounts/{account.pk}/").text
    assert f'<option value="server:{relay.pk}" selected>' in page
    send(password="fresh", sending="none")
    account.refresh_from_db()
    assert account.outgoing_server is None
    assert OutgoingServer.objects.filter(pk=relay.pk).exists()


def test_what_other_accounts_send_through_stays_as_it_is(
    browser: Client, anna: User, send: Callable[..., str], account: MailAccount, probe: Probe
) -> None:
    relay = OutgoingServer.objects.create(user=anna, host="relay.test", username="alice", is_relay=True)
    theirs = make_account(anna, address="alice@work.test").outgoing_server
    assert theirs is not None
    for shared in (relay, theirs):
        before = shared.host
        MailAccount.objects.filter(pk=account.pk).update(outgoing_server=shared)
        page = browser.get(f"/settings/accounts/{account.pk}/").text
        assert f'<option value="server:{shared.pk}" selected>' in page
        send(password="fresh")
        account.refresh_from_db()
        shared.refresh_from_db()
        assert shared.host == before
        assert "fresh" not in [secret.reveal() for secret in shared.credentials.all()]
        assert account.outgoing_server is not None
        assert (account.outgoing_server.host, account.outgoing_server.username) == ("smtp.club.test", "alice")


def test_a_stored_password_never_goes_to_a_new_server(
    send: Callable[..., str], account: MailAccount, probe: Probe
) -> None:
    assert send(host="evil.test", password="").startswith("422")
    assert probe.tried == []
    account.refresh_from_db()
    assert account.host == "127.0.0.1"


def test_a_refused_password_changes_nothing(send: Callable[..., str], account: MailAccount, probe: Probe) -> None:
    probe.report = LoginReport(StepResult(False, "password", "The server refused the password."), OK)
    page = send(password="wrong")
    assert "The server refused the password." in page
    account.refresh_from_db()
    assert account.credentials.get().reveal() == "secret"


def test_the_address_and_the_protocol_stay(send: Callable[..., str], account: MailAccount, probe: Probe) -> None:
    send(password="fresh", address="other@club.test", protocol="pop3")
    account.refresh_from_db()
    assert (account.address, account.protocol) == ("alice@club.test", "imap")
