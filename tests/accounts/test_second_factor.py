"""A second factor, switched on and used on the site's own pages: its secret is closed in the database."""

import base64

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from accounts import vault
from accounts.adapters import MFA_CONTEXT
from accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough phrase"


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))


def sign_in() -> Client:
    visitor = Client()
    visitor.post(reverse("account_login"), {"login": "alice@example.org", "password": PASSWORD})
    return visitor


def test_the_secret_is_closed_and_the_code_still_opens(db: None) -> None:
    alice = User.objects.create_user("alice@example.org", PASSWORD)
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    browser = sign_in()
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = browser.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    browser.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    factor = Authenticator.objects.get(user=alice, type="totp")
    kept = factor.data["secret"]
    assert secret not in kept
    assert vault.decrypt(base64.b64decode(kept), MFA_CONTEXT).decode() == secret
    assert get_adapter().decrypt(kept) == secret
    codes = Authenticator.objects.get(user=alice, type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10

    stranger = sign_in()
    assert "_auth_user_id" not in stranger.session
    stranger.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "_auth_user_id" not in stranger.session
    stranger.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert stranger.session["_auth_user_id"] == str(alice.pk)
