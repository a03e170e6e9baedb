"""How allauth asks Heron: who may sign up, and how second factors are called and kept."""

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import vault

#: Secrets of second factors belong to no row of ours, so all share one context.
MFA_CONTEXT = b"mfa"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Sign-up is closed unless the operator opens it; invited people set a password by link."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.HERON_OPEN_SIGNUP)

    def is_safe_url(self, url: str) -> bool:
        """Where to after signing in: what cannot be read as an address leads nowhere."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # of a bracket that stays open
            return False


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth carries no types
    """Keeps the secrets of one-time passwords and recovery codes in the vault."""

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:
        """What the form of a new one proposes: it is a passkey, or a key of which there may be several."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey") if number == 1 else _("Passkey %(n)d") % {"n": number}

    def encrypt(self, text: str) -> str:
        return base64.b64encode(vault.encrypt(text.encode(), MFA_CONTEXT)).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ``vault.VaultError`` when no key opens it."""
        return vault.decrypt(base64.b64decode(encrypted_text), MFA_CONTEXT).decode()
