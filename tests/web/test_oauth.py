"""Connecting by a provider's sign-in page: there and back, and all that may be wrong with what comes back."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts import provider_rows
from accounts.models import MailAccount, OAuthApp, ProviderRow, User
from mailsync import actions
from mailsync.types import LoginReport, ServerSettings, StepResult
from tests.engine.oauth_box import make_app, make_oauth_account
from tests.factories import make_user
from tests.servers.oauth_provider import OAuthProvider

pytestmark = pytest.mark.django_db

ROW = """
name = "Club"
domains = ["club.test"]
imap = ["imap.club.test", 993]
smtp = ["smtp.club.test", 465]
sign_in = ["oauth2"]
oauth = "club"
"""
BACK = "/settings/accounts/oauth/callback/"
OK = StepResult(True)


@pytest.fixture(autouse=True)
def club(oauth_provider: OAuthProvider) -> OAuthApp:
    ProviderRow.objects.create(key="club", settings=ROW)
    provider_rows.refresh(now=True)
    oauth_provider.address = "anna@club.test"
    return make_app(oauth_provider)


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ServerSettings, ServerSettings | None]]:
    """Both logins work, and are remembered."""
    seen: list[tuple[ServerSettings, ServerSettings | None]] = []

    def check(incoming: ServerSettings, outgoing: ServerSettings | None) -> LoginReport:
        seen.append((incoming, outgoing))
        return LoginReport(OK, OK)

    monkeypatch.setattr(actions, "check_login", check)
    return seen


@pytest.fixture
def anna(client: Client) -> User:
    user = make_user("anna")
    client.force_login(user)
    return user


def leave(client: Client, **query: str) -> dict[str, str]:
    """Set out for the provider; what it is told."""
    answer = client.get("/settings/accounts/oauth/club/", query)
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def allow(provider: OAuthProvider, asked: dict[str, str]) -> dict[str, str]:
    """The person allows it at the provider; what the provider sends back."""
    import http.client
    from urllib.parse import urlencode

    connection = http.client.HTTPConnection("127.0.0.1", provider.port, timeout=10)
    form = urlencode({**asked, "do": "allow"})
    connection.request("POST", "/authorize", form, {"Content-Type": "application/x-www-form-urlencoded"})
    location = connection.getresponse().headers["Location"]
    connection.close()
    assert location.split("?")[0].endswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_the_connect_page_offers_it(client: Client, anna: User) -> None:
    page = client.get("/settings/accounts/add/").content.decode()
    assert 'href="/settings/accounts/oauth/club/"' in page
    assert "Continue with Club" in page
    note = client.get("/settings/accounts/add/servers/", {"address": "anna@club.test"}).content.decode()
    assert "Sign in with Club" in note
    assert "/settings/accounts/oauth/club/?address=anna%40club.test&amp;protocol=imap" in note


def test_there_and_back_connects_the_mailbox(
    client: Client, anna: User, oauth_provider: OAuthProvider, tried: list[tuple[ServerSettings, ServerSettings]]
) -> None:
    answer = client.get(BACK, allow(oauth_provider, leave(client)))
    account = MailAccount.objects.get(user=anna)
    assert answer.headers["Location"] == f"/settings/accounts/{account.pk}/started/"
    assert (account.address, account.auth_method, account.provider) == ("anna@club.test", "oauth2", "club")
    assert {c.kind for c in account.credentials.all()} == {"access_token", "refresh_token"}
    assert account.outgoing_server is not None
    assert account.outgoing_server.auth_method == "oauth2"
    assert not account.outgoing_server.credentials.exists()
    incoming, outgoing = tried[0]
    assert (incoming.secret.kind, incoming.host, outgoing.host) == ("oauth2", "imap.club.test", "smtp.club.test")


def test_an_answer_is_good_for_one_use(client: Client, anna: User, oauth_provider: OAuthProvider) -> None:
    back = allow(oauth_provider, leave(client))
    assert client.get(BACK, back).status_code == 302
    answer = client.get(BACK, back)
    assert answer.status_code == 422
    assert "Start again" in answer.content.decode()


def test_somebody_elses_answer_connects_nothing(client: Client, anna: User, oauth_provider: OAuthProvider) -> None:
    mallory = Client()
    mallory.force_login(make_user("mallory"))
    theirs = allow(oauth_provider, leave(mallory))
    leave(client)
    assert client.get(BACK, theirs).status_code == 422
    assert not MailAccount.objects.exists()


def test_an_answer_without_a_beginning_or_too_late_is_refused(
    client: Client, anna: User, oauth_provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get(BACK, {"code": "x", "state": "y"}).status_code == 422
    back = allow(oauth_provider, leave(client))
    from webmail.views.settings import oauth

    now = oauth.time.time()
    monkeypatch.setattr("webmail.views.settings.oauth.time.time", lambda: now + 601)
    assert client.get(BACK, back).status_code == 422
    assert not MailAccount.objects.exists()


def test_a_code_without_our_verifier_is_worth_nothing(
    client: Client, anna: User, oauth_provider: OAuthProvider
) -> None:
    asked = leave(client)
    back = allow(oauth_provider, {**asked, "code_challenge": "another"})
    answer = client.get(BACK, back)
    assert answer.status_code == 422
    assert "did not confirm" in answer.content.decode()


def test_a_refusal_is_said(client: Client, anna: User) -> None:
    asked = leave(client)
    answer = client.get(BACK, {"state": asked["state"], "error": "access_denied"})
    assert "Club gave no permission" in answer.content.decode()
    assert not MailAccount.objects.exists()


def test_a_login_that_fails_shows_its_step(
    client: Client, anna: User, oauth_provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = LoginReport(StepResult(False, "imap_disabled", "IMAP is switched off."), OK)
    monkeypatch.setattr(actions, "check_login", lambda *_: bad)
    page = client.get(BACK, allow(oauth_provider, leave(client))).content.decode()
    assert "IMAP is switched off." in page
    assert "Reading by IMAP – imap.club.test:993" in page
    assert not MailAccount.objects.exists()


def test_permission_is_given_again(client: Client, anna: User, oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, "anna@club.test", user=anna)
    MailAccount.objects.filter(pk=account.pk).update(state="needs_user", state_reason="Sign in again.")
    old = account.credentials.get(kind="refresh_token").reveal()
    listed = client.get("/settings/accounts/").content.decode()
    assert f"/settings/accounts/oauth/club/?account={account.pk}" in listed
    assert "Sign in again" in client.get(f"/settings/accounts/{account.pk}/").content.decode()
    answer = client.get(BACK, allow(oauth_provider, leave(client, account=str(account.pk))))
    assert answer.headers["Location"] == "/settings/accounts/"
    account.refresh_from_db()
    assert account.state == "active"
    assert account.credentials.get(kind="refresh_token").reveal() != old


def test_another_persons_sign_in_does_not_replace_it(client: Client, anna: User, oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, "anna@club.test", user=anna)
    old = account.credentials.get(kind="refresh_token").reveal()
    oauth_provider.address = "bob@club.test"
    answer = client.get(BACK, allow(oauth_provider, leave(client, account=str(account.pk))))
    assert "You signed in as bob@club.test" in answer.content.decode()
    assert account.credentials.get(kind="refresh_token").reveal() == old


def test_a_strangers_mailbox_is_not_found(client: Client, anna: User, oauth_provider: OAuthProvider) -> None:
    theirs = make_oauth_account(oauth_provider, "bob@club.test")
    assert client.get("/settings/accounts/oauth/club/", {"account": theirs.pk}).status_code == 404
    assert client.get("/settings/accounts/oauth/club/", {"account": "1e3"}).status_code == 404
    assert client.get("/settings/accounts/oauth/nowhere/").status_code == 404
    assert Client().get("/settings/accounts/oauth/club/").headers["Location"].startswith("/accounts/login/")
    assert Client().get(BACK).headers["Location"].startswith("/accounts/login/")


def test_a_registration_that_is_switched_off_is_not_offered(client: Client, anna: User, club: OAuthApp) -> None:
    OAuthApp.objects.update(enabled=False)
    assert "Continue with Club" not in client.get("/settings/accounts/add/").content.decode()
    assert client.get("/settings/accounts/oauth/club/").status_code == 404


def test_disconnecting_gives_the_permission_back(client: Client, anna: User, oauth_provider: OAuthProvider) -> None:
    account = make_oauth_account(oauth_provider, "anna@club.test", user=anna)
    client.post(f"/settings/accounts/{account.pk}/remove/", {"address": account.address})
    assert not MailAccount.objects.filter(user=anna).exists()
    assert len(oauth_provider.revoked) == 1


def test_an_administrator_registers_a_provider_by_its_issuer(
    client: Client, oauth_provider: OAuthProvider, club: OAuthApp
) -> None:
    club.delete()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    form = {"key": "club", "name": "Club", "enabled": "on", "client_id": "heron", "client_secret": "tell-nobody"}
    answer = client.post("/admin/accounts/oauthapp/add/", {**form, "issuer": oauth_provider.issuer})
    assert answer.status_code == 302, answer.content.decode()
    app = OAuthApp.objects.get()
    assert app.token_url == f"{oauth_provider.issuer}/token"
    assert app.reveal() == "tell-nobody"
    page = client.get(f"/admin/accounts/oauthapp/{app.pk}/change/").content.decode()
    assert "tell-nobody" not in page
    assert BACK in page
    change = {**form, "issuer": app.issuer, "client_secret": "", "authorize_url": app.authorize_url}
    client.post(
        f"/admin/accounts/oauthapp/{app.pk}/change/", {**change, "token_url": app.token_url, "name": "The club"}
    )
    app.refresh_from_db()
    assert (app.name, app.reveal()) == ("The club", "tell-nobody")
    unknown = client.post("/admin/accounts/oauthapp/add/", {**form, "key": "nobody"})
    assert "is not known here" in unknown.content.decode()


def test_an_administrator_edits_the_provider_table(client: Client) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    bad = client.post("/admin/accounts/providerrow/add/", {"key": "gmail", "settings": "surprise = 1"})
    assert "unknown keys" in bad.content.decode()
    assert "no TOML" in client.post("/admin/accounts/providerrow/add/", {"key": "x", "settings": "="}).content.decode()
    client.post("/admin/accounts/providerrow/add/", {"key": "gmail", "settings": "connections = 3"})
    from accounts.providers import provider_by_key

    gmail = provider_by_key("gmail")
    assert gmail is not None
    assert (gmail.limits.connections, gmail.name) == (3, "Gmail")
    ProviderRow.objects.all().delete()
    provider_rows.refresh(now=True)
