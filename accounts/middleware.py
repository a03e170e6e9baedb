"""Who asks: a request flows in, its user is found with its session. Knows Django and the table of people."""

from typing import cast

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models.people import known
from accounts.session_store import SessionStore


class SessionUserMiddleware(AuthenticationMiddleware):
    """Django's own, which loads the session and then asks for its user; here both came with one statement."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user_of(request))  # type: ignore[assignment]


def _user_of(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    session = cast(SessionStore, request.session)
    session.get(SESSION_KEY)  # loads it
    with known(session.owner):
        return get_user(request)
