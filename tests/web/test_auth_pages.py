"""Getting in: sign-in, first run, passwords, second steps; each page in the site's own design."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.invitations import make_user as invite
from accounts.models import User
from tests.factories import make_user
from tests.web.signing_in import PASSWORD

pytestmark = pytest.mark.django_db


def test_sign_in_leads_to_the_mail(client: Client, alice: User) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "Use a passkey" in page
    assert "Keep me signed in on this device" in page
    answer = client.post("/accounts/login/", {"login": "ALICE@people.test", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


def test_keeping_signed_in_is_a_choice(client: Client, alice: User) -> None:
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert client.session.get_expire_at_browser_close()
    client.logout()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD, "remember": "on"})
    assert not client.session.get_expire_at_browser_close()


def test_a_wrong_password_says_so_and_keeps_the_address(client: Client, alice: User) -> None:
    page = client.post("/accounts/login/", {"login": alice.email, "password": "nonsense"}).content.decode()
    assert 'role="alert"' in page
    assert 'value="alice@people.test"' in page
    assert "nonsense" not in page


def test_sign_up_is_closed_in_plain_words(client: Client, alice: User) -> None:
    page = client.get("/accounts/signup/").content.decode()
    assert "Sign-up is closed" in page
    assert "<form" not in page


def test_a_forgotten_password_is_replaced_by_the_link_in_the_mail(client: Client, alice: User) -> None:
    done = client.post("/accounts/password/reset/", {"email": alice.email}, follow=True)
    assert "Look in your mail" in done.content.decode()
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert link
    form = client.get(link[1], follow=True)
    assert "Choose a new password" in form.content.decode()
    path = form.redirect_chain[-1][0]
    client.post(path, {"password1": "another-good-secret", "password2": "another-good-secret"})
    alice.refresh_from_db()
    assert alice.check_password("another-good-secret")
    assert "This link no longer works" in client.get(link[1], follow=True).content.decode()


def test_an_unknown_address_gets_the_same_answer(client: Client, alice: User) -> None:
    done = client.post("/accounts/password/reset/", {"email": "nobody@people.test"}, follow=True)
    assert "Look in your mail" in done.content.decode()


@pytest.mark.parametrize(
    ("path", "words", "up"),
    [
        ("/accounts/password/change/", "Change your password", "/settings/security/"),
        ("/accounts/email/", "Sign-in addresses", "/settings/security/"),
        ("/accounts/2fa/", "Two-step sign-in", "/settings/security/"),
        ("/accounts/2fa/totp/activate/", "Set up an authenticator app", "/accounts/2fa/"),
        ("/accounts/2fa/webauthn/add/", "Add a passkey", "/accounts/2fa/"),
        ("/accounts/2fa/webauthn/", "Passkeys and security keys", "/accounts/2fa/"),
        ("/accounts/sessions/", "Where you are signed in", "/settings/security/"),
    ],
)
def test_security_pages_stand_among_the_settings(at_home: Client, path: str, words: str, up: str) -> None:
    answer = at_home.get(path)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page
    assert 'class="nav setnav"' in page
    assert re.search(r'href="/settings/security/" aria-current="page"', page)
    # On a phone the page above is one step back.
    assert f'<a class="btn only-phone" href="{up}">' in page


def test_sign_in_addresses_offer_what_they_can_do(at_home: Client, alice: User) -> None:
    EmailAddress.objects.all().delete()
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    verbs = ("action_primary", "action_send", "action_remove")
    # The only one is the main one, confirmed, and stays.
    page = at_home.get("/accounts/email/").text
    assert [verb for verb in verbs if f'name="{verb}"' in page] == []
    EmailAddress.objects.create(user=alice, email="second@people.test", verified=False)
    page = at_home.get("/accounts/email/").text
    assert [verb for verb in verbs if f'name="{verb}"' in page] == [*verbs]
    EmailAddress.objects.update(verified=True)
    page = at_home.get("/accounts/email/").text
    assert [verb for verb in verbs if f'name="{verb}"' in page] == ["action_primary", "action_remove"]


def test_what_changes_the_sign_in_asks_for_the_password_again(client: Client, alice: User) -> None:
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    answer = client.get("/accounts/2fa/totp/activate/", follow=True)
    assert "Is it you?" in answer.content.decode()


def test_two_step_sign_in_with_an_app_and_its_recovery_codes(at_home: Client, alice: User) -> None:
    from allauth.mfa.totp.internal import auth as totp

    page = at_home.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)
    assert secret, page
    code = totp.format_hotp_value(totp.hotp_value(secret[1], next(totp.yield_hotp_counters_from_time())))
    answer = at_home.post("/accounts/2fa/totp/activate/", {"code": code}, follow=True)
    assert "Recovery codes" in answer.content.decode()
    at_home.post("/accounts/logout/")
    answer = at_home.post("/accounts/login/", {"login": alice.email, "password": PASSWORD}, follow=True)
    assert "One more step" in answer.content.decode()


def test_signing_out_asks_and_then_does_it(at_home: Client) -> None:
    assert "Sign out?" in at_home.get("/accounts/logout/").content.decode()
    at_home.post("/accounts/logout/")
    assert at_home.get("/settings/").status_code == 302


@pytest.mark.parametrize(
    "path", ["/", "/settings/", "/settings/accounts/", "/settings/accounts/add/", "/accounts/2fa/"]
)
def test_a_stranger_is_sent_to_sign_in(client: Client, alice: User, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/?next=")


def test_without_a_user_the_door_explains_the_first_run(client: Client, settings: object) -> None:
    answer = client.get("/", follow=True)
    assert answer.redirect_chain[-1][0] == "/setup/"
    assert "makeadmin" in answer.content.decode()


def test_the_one_time_link_makes_the_administrator_once(client: Client, settings: pytest.FixtureRequest) -> None:
    settings.HERON_SETUP_TOKEN = "one-time"  # type: ignore[attr-defined]
    assert client.get("/setup/guess/").status_code == 404
    assert "Welcome to Heron" in client.get("/setup/one-time/").content.decode()
    typed = {"name": "Ada", "email": "ada@people.test", "password": PASSWORD}
    weak = client.post("/setup/one-time/", {**typed, "password": "12345678"})
    assert weak.status_code == 422
    assert 'value="ada@people.test"' in weak.content.decode()
    answer = client.post("/setup/one-time/", typed)
    assert answer.headers["Location"] == "/settings/accounts/add/"
    ada = User.objects.get()
    assert (ada.is_superuser, ada.is_staff, ada.check_password(PASSWORD)) == (True, True, True)
    assert EmailAddress.objects.filter(user=ada, verified=True, primary=True).exists()
    assert client.get("/settings/profile/").status_code == 200
    assert client.get("/setup/one-time/").headers["Location"] == "/accounts/login/"
    Client().post("/setup/one-time/", {**typed, "email": "eve@people.test"})
    assert User.objects.count() == 1


def test_no_token_opens_no_first_run(client: Client, settings: pytest.FixtureRequest) -> None:
    settings.HERON_SETUP_TOKEN = ""  # type: ignore[attr-defined]
    assert client.get("/setup/anything/").status_code == 404


def test_an_administrator_sees_the_administration_and_others_do_not(client: Client) -> None:
    client.force_login(invite("root@people.test", is_superuser=True))
    assert "Administration" in client.get("/settings/").content.decode()
    client.force_login(make_user("bob"))
    assert "Administration" not in client.get("/settings/").content.decode()


def test_error_pages_speak_plainly(client: Client, alice: User) -> None:
    page = client.get("/no/such/page/").content.decode()
    assert "There is nothing here" in page
    assert "Django" not in page


def test_the_error_page_of_a_crash_needs_no_request() -> None:
    from django.test import RequestFactory
    from django.views.defaults import server_error

    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Nothing of yours is lost" in answer.content.decode()
