"""How allauth asks Heron: who may sign up, and how second factors are kept."""

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts import vault

#: Secrets of second factors belong to no row of ours, so all share one context.
MFA_CONTEXT = b"mfa"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Sign-up is closed unless the operator opens it; invited people set a password by link."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.HERON_OPEN_SIGNUP)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth carries no types
    """Keeps the secrets of one-time passwords and recovery codes in the vault."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(vault.encrypt(text.encode(), MFA_CONTEXT)).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ``vault.VaultError`` when no key opens it."""
        return vault.decrypt(base64.b64decode(encrypted_text), MFA_CONTEXT).decode()
