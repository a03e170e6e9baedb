"""Access tokens: kept while they last, renewed by one worker at a time, and never lost for a provider's bad day."""

import threading

import pytest
from django.db import connection

from accounts.models import Credential
from mailsync.engine import tokens
from mailsync.errors import MailError, NeedsUser, Rejected, TryLater
from tests.engine.oauth_box import let_it_end, make_app, make_oauth_account
from tests.servers.oauth_provider import OAuthProvider

ANNA = "anna@club.test"


@pytest.mark.django_db
def test_a_token_that_lasts_is_used_as_it_is(oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    first = tokens.current_token(account)
    assert first.kind == "oauth2"
    assert oauth_provider.access[first.value] == ANNA
    assert tokens.current_token(account) == first
    assert oauth_provider.refreshes == 0


@pytest.mark.django_db
def test_a_token_that_has_ended_is_renewed_and_both_are_kept_closed(oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    let_it_end(account)
    fresh = tokens.current_token(account)
    assert oauth_provider.access[fresh.value] == ANNA
    kept = {c.kind: c for c in Credential.objects.filter(account=account)}
    assert kept["access_token"].reveal() == fresh.value
    # The provider gave a new refresh token, and the old one is spent.
    assert oauth_provider.refresh[kept["refresh_token"].reveal()] == ANNA
    for credential in kept.values():
        assert not any(token.encode() in bytes(credential.ciphertext) for token in oauth_provider.given)
    let_it_end(account)
    assert tokens.current_token(account).value != fresh.value
    assert oauth_provider.refreshes == 2


@pytest.mark.django_db
def test_a_refused_token_is_renewed_once_for_all(oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    refused = tokens.current_token(account).value
    fresh = tokens.renewed_token(account, refused=refused)
    assert tokens.renewed_token(account, refused=refused) == fresh
    assert oauth_provider.refreshes == 1


@pytest.mark.django_db(transaction=True)
def test_workers_that_renew_at_once_ask_once(oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    let_it_end(account)
    got: list[str] = []
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait(10)
            got.append(tokens.current_token(account).value)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 4
    assert len(set(got)) == 1
    assert oauth_provider.refreshes == 1


@pytest.mark.django_db
def test_a_withdrawn_permission_is_told_with_the_fix(oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    oauth_provider.withdraw(ANNA)
    let_it_end(account)
    with pytest.raises(NeedsUser, match=r"Club no longer accepts.*Sign in there again") as caught:
        tokens.current_token(account)
    assert caught.value.code == "permission"


@pytest.mark.django_db
@pytest.mark.parametrize("broken", [(503, {}), (500, {"error": "invalid_grant"}), (401, {"error": "invalid_client"})])
def test_a_provider_in_trouble_costs_no_permission(
    oauth_provider: OAuthProvider, broken: tuple[int, dict[str, str]]
) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    let_it_end(account)
    oauth_provider.broken = broken
    with pytest.raises(TryLater):
        tokens.current_token(account)
    oauth_provider.broken = None
    assert tokens.current_token(account).value in oauth_provider.access


@pytest.mark.django_db
def test_a_provider_out_of_reach_is_waited_for(oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    let_it_end(account)
    assert account.oauth_app is not None
    account.oauth_app.token_url = "http://127.0.0.1:9/token"
    with pytest.raises(TryLater):
        tokens.current_token(account)


@pytest.mark.django_db
def test_tokens_travel_by_tls_alone(oauth_provider: OAuthProvider, settings: object) -> None:
    settings.HERON_ALLOW_PLAINTEXT = False  # type: ignore[attr-defined]
    account = make_oauth_account(oauth_provider, ANNA)
    let_it_end(account)
    with pytest.raises(MailError, match="https"):
        tokens.current_token(account)
    assert oauth_provider.refreshes == 0


@pytest.mark.django_db
def test_a_token_endpoint_on_a_private_address_is_refused(oauth_provider: OAuthProvider, settings: object) -> None:
    settings.HERON_ALLOW_PRIVATE_HOSTS = []  # type: ignore[attr-defined]
    account = make_oauth_account(oauth_provider, ANNA)
    let_it_end(account)
    with pytest.raises(TryLater, match="private address"):
        tokens.current_token(account)
    assert oauth_provider.refreshes == 0


@pytest.mark.django_db
def test_an_issuer_says_where_its_endpoints_are(oauth_provider: OAuthProvider) -> None:
    found = tokens.find_endpoints(oauth_provider.issuer)
    assert found == tuple(f"{oauth_provider.issuer}/{name}" for name in ("authorize", "token", "revoke"))
    with pytest.raises(Rejected):
        tokens.find_endpoints(f"{oauth_provider.issuer}/elsewhere")


@pytest.mark.django_db
def test_a_permission_is_given_back(oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, ANNA)
    token = account.credentials.get(kind="refresh_token").reveal()
    tokens.revoke(account)
    assert oauth_provider.revoked == [token]


@pytest.mark.django_db
def test_the_registrations_secret_is_closed_and_bound_to_its_row(oauth_provider: OAuthProvider) -> None:
    from accounts import vault

    app = make_app(oauth_provider)
    assert b"client-secret" not in bytes(app.secret_ciphertext)
    app.key = "another"
    with pytest.raises(vault.VaultError):
        app.reveal()
