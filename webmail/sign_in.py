"""How allauth signs people in by another provider: who that makes known here, and how the provider is called.

Nobody is known by an address that the provider has not verified. Its endpoints are called through the same door as
everything else, under the switch for permissions; tokens are used once and kept nowhere.
"""

from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.http import HttpRequest
from requests.adapters import BaseAdapter

from mailsync.engine.hosts import is_private_allowed
from mailsync.errors import MailError
from mailsync.protocol import http_get
from mailsync.protocol.egress import Kind

_SECONDS = 10.0
_LIMIT_BYTES = 1024 * 1024


class SignInAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Sign-up is closed or open as it is for everybody."""

    def authenticate_by_email(self, sociallogin: SocialLogin) -> Any:
        """A person here is known by an address only if the provider says, in so many words, that it is verified."""
        for address in sociallogin.email_addresses:
            # Seen in practice: "false" as a string.
            if address.verified is not True:
                address.verified = False
        return super().authenticate_by_email(sociallogin)

    def list_providers(self, request: HttpRequest) -> list[Any]:
        """Those to offer: whoever is signed in already has what is linked."""
        offered: list[Any] = super().list_providers(request)
        if not request.user.is_authenticated:
            return offered
        linked = set(SocialAccount.objects.filter(user=request.user).values_list("provider", flat=True))
        return [provider for provider in offered if provider.sub_id not in linked]

    def get_requests_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.adapters.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Door())
        return session


class _Door(BaseAdapter):
    """What requests sends goes out as Heron's own calls do: judged address, bounded time and size, no redirect."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Raises ``requests.ConnectionError``, which allauth shows as a failed sign-in."""
        url, body = str(request.url), request.body or b""
        if not isinstance(body, str | bytes):
            raise requests.ConnectionError("Only what is whole is sent.", request=request)
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            status, content = http_get.send(
                str(request.method),
                url,
                (body.encode() if isinstance(body, str) else body) or None,
                kind=Kind.OAUTH,
                limit_bytes=_LIMIT_BYTES,
                timeout_seconds=_SECONDS,
                headers={name: str(value) for name, value in request.headers.items()},
                allow_private=is_private_allowed(parts.hostname or "", port),
            )
        except MailError as error:
            raise requests.ConnectionError(str(error), request=request) from error
        response = requests.Response()
        response.status_code, response.url, response.request = status, url, request
        response._content = content
        response.encoding = "utf-8"
        response.headers["content-type"] = "application/json"
        return response

    def close(self) -> None:
        """Each call has a connection of its own, closed with it."""
