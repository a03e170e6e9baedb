"""How allauth asks Heron: who may sign up, and where people land."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed unless the operator opens it; invited people set a password by link."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.HERON_OPEN_SIGNUP)
