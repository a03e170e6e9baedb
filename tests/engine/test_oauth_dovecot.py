"""A real Dovecot and a submission server that take the provider's tokens: IMAP, POP3 and SMTP, a login each."""

from dataclasses import replace

import pytest

from accounts.models import MailAccount
from mailsync.engine import connect, pull
from mailsync.errors import NeedsUser
from mailsync.models import Message
from mailsync.protocol import auth, imap, pop3
from mailsync.types import Secret, ServerSettings
from tests.engine.oauth_box import let_it_end, make_oauth_account
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox
from tests.servers.oauth_mail import OAuthDovecot, OAuthSmtp
from tests.servers.oauth_provider import OAuthProvider

pytestmark = [pytest.mark.dovecot, pytest.mark.django_db]


@pytest.fixture
def anna(oauth_dovecot: OAuthDovecot) -> Mailbox:
    return oauth_dovecot.add_user()


@pytest.fixture(autouse=True)
def trust(monkeypatch: pytest.MonkeyPatch, oauth_dovecot: OAuthDovecot) -> None:
    """The engine trusts the system's authorities; here the test's own."""
    monkeypatch.setenv("SSL_CERT_FILE", oauth_dovecot.certificates.ca_file)
    from mailsync.protocol import tls

    tls.make_context.cache_clear()
    monkeypatch.setattr("mailsync.engine.connect.ServerSettings", _trusting(oauth_dovecot.certificates.ca_file))


def _trusting(ca_file: str):  # type: ignore[no-untyped-def]
    return lambda **fields: ServerSettings(**{**fields, "ca_file": ca_file})


def with_token(settings: ServerSettings, provider: OAuthProvider) -> ServerSettings:
    token = provider.grant(settings.username)["access_token"]
    return replace(settings, secret=Secret("oauth2", token))


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("kind", ["imap", "imap_starttls", "pop3", "pop3_starttls"])
def test_both_mechanisms_open_the_mailbox(
    anna: Mailbox, shared_oauth_provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch, kind: str, mechanism: str
) -> None:
    monkeypatch.setattr(auth, "choose_mechanism", lambda offered, secret: mechanism if mechanism in offered else "")
    anna.append(raw_message("Oars"))
    settings = with_token(getattr(anna, kind), shared_oauth_provider)
    if kind.startswith("imap"):
        source = imap.connect(settings)
        assert [folder.path for folder in source.list_folders()].count("INBOX") == 1
        source.close()
    else:
        maildrop = pop3.connect(settings)
        assert maildrop.stat()[0] == 1
        maildrop.drop()


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_token_nobody_gave_is_refused_as_a_lost_permission(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, kind: str, mechanism: str
) -> None:
    monkeypatch.setattr(auth, "choose_mechanism", lambda offered, secret: mechanism)
    settings = replace(getattr(anna, kind), secret=Secret("oauth2", "at-made-up"))
    with pytest.raises(NeedsUser) as caught:
        imap.connect(settings) if kind == "imap" else pop3.connect(settings)
    assert caught.value.code == "token"


def test_a_strangers_token_opens_nobody_elses_mailbox(anna: Mailbox, shared_oauth_provider: OAuthProvider) -> None:
    token = shared_oauth_provider.grant("mallory@example.test")["access_token"]
    with pytest.raises(NeedsUser):
        imap.connect(replace(anna.imap, secret=Secret("oauth2", token)))


def test_mail_is_fetched_and_a_token_withdrawn_early_is_renewed(
    anna: Mailbox, shared_oauth_provider: OAuthProvider, oauth_smtp: OAuthSmtp
) -> None:
    anna.append(raw_message("Keys for the boathouse"))
    account = make_oauth_account(shared_oauth_provider, anna.address, anna.imap, oauth_smtp.tls)
    pull.pull_account(account.pk)
    assert Message.objects.get(account=account).subject == "Keys for the boathouse"
    before = shared_oauth_provider.refreshes
    # The kept token looks good for another hour, but the provider has withdrawn it.
    shared_oauth_provider.expire()
    source = connect.open_source(account)
    source.close()
    assert shared_oauth_provider.refreshes == before + 1
    assert account.outgoing_server is not None
    connect.open_sender(account.outgoing_server, account=account).close()
    assert shared_oauth_provider.refreshes == before + 1


def test_an_open_connection_can_be_opened_again_after_its_token_ended(
    anna: Mailbox, shared_oauth_provider: OAuthProvider
) -> None:
    opener = connect.source_opener(make_oauth_account(shared_oauth_provider, anna.address, anna.imap))
    opener().close()
    shared_oauth_provider.expire()
    opener().close()
    opener().close()


def test_a_withdrawn_permission_stops_the_account_with_the_fix(
    anna: Mailbox, shared_oauth_provider: OAuthProvider
) -> None:
    account = make_oauth_account(shared_oauth_provider, anna.address, anna.imap)
    shared_oauth_provider.withdraw(anna.address)
    let_it_end(account)
    pull.pull_account(account.pk)
    account.refresh_from_db()
    assert account.state == MailAccount.State.NEEDS_USER
    assert "Sign in there again" in account.state_reason


def test_pop3_mail_comes_by_token(anna: Mailbox, shared_oauth_provider: OAuthProvider) -> None:
    anna.append(raw_message("By POP3"))
    account = make_oauth_account(shared_oauth_provider, anna.address, anna.pop3)
    pull.pull_account(account.pk)
    assert Message.objects.get(account=account).subject == "By POP3"


def test_a_server_that_another_mailbox_sends_through_is_opened_by_its_own_token(
    anna: Mailbox, shared_oauth_provider: OAuthProvider, oauth_smtp: OAuthSmtp
) -> None:
    owner = make_oauth_account(shared_oauth_provider, anna.address, anna.imap, oauth_smtp.tls)
    other = make_oauth_account(shared_oauth_provider, "other@example.test", anna.imap, user=owner.user)
    assert owner.outgoing_server is not None
    settings = connect.outgoing_settings(owner.outgoing_server, account=other)
    assert shared_oauth_provider.access[settings.secret.value] == anna.address
