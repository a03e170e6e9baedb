"""Signing in to Heron by another provider, against a real one on loopback: who it makes known, and who it does not."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from accounts.models import SecurityEvent, User
from mailsync.protocol import egress
from mailsync.store.egress import Switches, set_switch
from tests.servers.oauth_provider import CLIENT_ID, CLIENT_SECRET, Code, OAuthProvider
from webmail.sign_in_apps import build_providers

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/oidc/oidc/login/"
PASSWORD = "a long enough phrase"


@pytest.fixture(autouse=True)
def offered(oauth_provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch, settings: Any) -> OAuthProvider:
    """Heron is registered with the provider, by its environment."""
    for name, value in (
        ("ID", CLIENT_ID),
        ("SECRET", CLIENT_SECRET),
        ("URL", oauth_provider.issuer),
        ("NAME", "Club"),
    ):
        monkeypatch.setenv(f"HERON_SIGN_IN_OIDC_{name}", value)
    settings.SOCIALACCOUNT_PROVIDERS = build_providers()
    oauth_provider.address = "alice@example.org"
    return oauth_provider


@pytest.fixture
def alice() -> User:
    user = User.objects.create_user("alice@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def to_the_provider(client: Client, query: str = "") -> str:
    """What the button leads to."""
    answer = client.get(LOGIN + query)
    assert answer.status_code == 302
    return answer.headers["Location"]


def come_back(client: Client, url: str, provider: OAuthProvider) -> Any:
    """Allowed at the provider's page, and back here with its code."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge_method"] == "S256"
    code = "code-of-" + asked["state"]
    provider.codes[code] = Code(provider.address, asked["code_challenge"], asked["redirect_uri"], "")
    return client.get(f"{LOGIN}callback/", {"code": code, "state": asked["state"]})


def who(client: Client) -> str:
    return str(client.session.get("_auth_user_id", ""))


def sign_in(client: Client, provider: OAuthProvider) -> Any:
    return come_back(client, to_the_provider(client), provider)


def test_the_button_is_there_only_where_the_operator_wants_it(client: Client, alice: User, settings: Any) -> None:
    assert "Sign in with Club" in client.get("/accounts/login/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Sign in with Club" not in client.get("/accounts/login/").content.decode()
    assert client.get(LOGIN).status_code == 404


def test_a_verified_address_opens_the_account_that_has_it(client: Client, alice: User, offered: OAuthProvider) -> None:
    answer = sign_in(client, offered)
    assert (answer.status_code, answer.headers["Location"], who(client)) == (302, "/", str(alice.pk))
    # From now on by the provider's own name for the person, whatever becomes of the address.
    client.logout()
    User.objects.filter(pk=alice.pk).update(email="alice@elsewhere.example")
    sign_in(client, offered)
    assert who(client) == str(alice.pk)
    kinds = set(SecurityEvent.objects.filter(user=alice).values_list("kind", flat=True))
    assert {"signed_in", "provider_linked"} <= kinds
    # No token is kept, here or anywhere in the row of the link.
    assert not SocialToken.objects.exists()
    assert not [token for token in offered.given if token in str(SocialAccount.objects.get().extra_data)]


@pytest.mark.parametrize(
    "claims", [{}, {"email_verified": False}, {"email_verified": "false"}, {"email_verified": "true"}]
)
@pytest.mark.parametrize("is_open", [False, True])
def test_an_unverified_address_takes_over_nobodys_account(
    client: Client, alice: User, offered: OAuthProvider, settings: Any, claims: dict[str, Any], is_open: bool
) -> None:
    settings.HERON_OPEN_SIGNUP = is_open
    offered.claims = claims
    sign_in(client, offered)
    assert who(client) == ""
    assert not SocialAccount.objects.exists()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_provider_whose_addresses_prove_nothing_is_linked_first(
    client: Client, alice: User, offered: OAuthProvider, settings: Any
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["email_authentication"] = False
    sign_in(client, offered)
    assert who(client) == ""
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    answer = come_back(client, to_the_provider(client, "?process=connect"), offered)
    # Another way in is dangerous: the password is asked for again, and then it goes on.
    assert answer.headers["Location"] == "/accounts/reauthenticate/"
    assert not SocialAccount.objects.exists()
    assert "Add one" in client.get("/accounts/3rdparty/").content.decode()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD}, follow=True)
    assert SocialAccount.objects.get().user == alice
    page = client.get("/accounts/3rdparty/").content.decode()
    assert "Sign-in by a provider" in page
    assert "Club" in page
    assert "Add one" not in page
    client.logout()
    sign_in(client, offered)
    assert who(client) == str(alice.pk)


def test_whoever_has_no_user_here_gets_none(client: Client, offered: OAuthProvider) -> None:
    answer = sign_in(client, offered)
    assert "<h1>Sign-up is closed</h1>" in answer.content.decode()
    assert (who(client), User.objects.count()) == ("", 0)


def test_a_second_step_is_asked_for_all_the_same(client: Client, alice: User, offered: OAuthProvider) -> None:
    secret = get_adapter().encrypt("JBSWY3DPEHPK3PXP")
    Authenticator.objects.create(user=alice, type="totp", data={"secret": secret})
    answer = sign_in(client, offered)
    assert answer.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert who(client) == ""


def test_a_shut_out_user_stays_out(client: Client, alice: User, offered: OAuthProvider) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    sign_in(client, offered)
    assert who(client) == ""


def test_an_answer_for_another_browser_is_worth_nothing(client: Client, alice: User, offered: OAuthProvider) -> None:
    url = to_the_provider(client)
    stranger = Client()
    come_back(stranger, url, offered)
    assert who(stranger) == ""


def test_the_provider_is_called_through_the_door(
    client: Client, alice: User, offered: OAuthProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_switch("oauth", True)
    monkeypatch.setattr(egress, "guard", Switches().check)
    answer = client.get(LOGIN)
    assert answer.status_code == 503
    assert "could not be reached" in answer.content.decode()


def test_a_provider_inside_is_refused(client: Client, alice: User, settings: Any) -> None:
    settings.HERON_ALLOW_PRIVATE_HOSTS = []
    assert client.get(LOGIN).status_code == 503


def test_a_provider_that_fails_is_a_page(client: Client, alice: User, offered: OAuthProvider) -> None:
    url = to_the_provider(client)
    offered.broken = (500, {"error": "server_error"})
    answer = come_back(client, url, offered)
    assert "Not signed in" in answer.content.decode()
    assert who(client) == ""


def test_microsoft_wants_one_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERON_SIGN_IN_MICROSOFT_ID", "some-client")
    with pytest.raises(ImproperlyConfigured, match="HERON_SIGN_IN_MICROSOFT_TENANT"):
        build_providers()
    monkeypatch.setenv("HERON_SIGN_IN_MICROSOFT_TENANT", "a-tenant")
    monkeypatch.setenv("HERON_SIGN_IN_GOOGLE_ID", "another-client")
    apps = {app["provider_id"]: app for app in build_providers()["openid_connect"]["APPS"]}
    assert set(apps) == {"google", "microsoft", "oidc"}
    assert apps["microsoft"]["settings"]["server_url"].endswith("/a-tenant/v2.0")
    assert not apps["microsoft"]["settings"]["email_authentication"]
    assert apps["google"]["settings"]["server_url"] == "https://accounts.google.com"
