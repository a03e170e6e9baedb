"""What every response carries and every request knows: security policy, caching, the person's own ways.

Requests and responses flow through, all in one thread (see ``webmail.one_thread``). A view that needs another policy
(the frame of a message body) sets the header itself and keeps it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import DataError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render, resolve_url
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.defaults import bad_request

from accounts import preferences
from accounts.zones import zone_of
from webmail.importmap import import_map_hash
from webmail.present.shortcuts import keys_of

Handler = Callable[[HttpRequest], HttpResponseBase]

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation"),
        *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb"),
        "xr-spatial-tracking",
    )
)

#: How exactly "last seen" is known of a session.
NOTED_EVERY_SECONDS = 60.0
_PLACE = ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "HTTP_USER_AGENT")
#: Sessions whose last note a process remembers; for a forgotten one it writes again.
MOST_NOTED = 10_000


def site_policy() -> str:
    """The policy of the site's own pages: nothing inline but the import map, nothing from elsewhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' '{import_map_hash()}'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "frame-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        )
    )


class ContentSecurityPolicyMiddleware:
    """Adds the site's policy to every response that has none of its own, and keeps pages out of shared caches."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", site_policy())
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        # Nothing of ours is for other sites to embed, not even to measure.
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # RFC 9111 §5.2.2: kept by this browser only, and shown again only after asking; Back stays quick.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class RefusedTextMiddleware:
    """PostgreSQL's text holds no NUL. Who sends one in a field or an address gets 400, not an error of ours.

    Forms refuse it by themselves; this is for all that is read from a request without one.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        told = isinstance(error, DataError) and "NUL (0x00)" in str(error)
        return bad_request(request, error) if told else None


class SessionActivityMiddleware(UserSessionsMiddleware):  # type: ignore[misc]
    """Notes when and from where a session was last used. Opening one message is a handful of requests, and a write
    for each would be their slowest part: what this process noted less than a minute ago and has not changed stands."""

    def __init__(self, get_response: Handler) -> None:
        super().__init__(get_response)
        self._noted: OrderedDict[str | None, tuple[object, float]] = OrderedDict()

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return self.get_response(request)
        key = request.session.session_key
        # What an address is read from instead of the address, which takes longer to read than all else here.
        place = (request.user.pk, *map(request.META.get, _PLACE))
        known, until = self._noted.get(key, (None, 0.0))
        now = time.monotonic()
        if known == place and now < until:
            return self.get_response(request)
        self._noted[key] = (place, now + NOTED_EVERY_SECONDS)
        if len(self._noted) > MOST_NOTED:
            self._noted.popitem(last=False)
        return super().__call__(request)


class UserPreferencesMiddleware:
    """Sets the person's time zone and language, and ``request.prefs`` and ``request.keys`` for templates and views."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without a session there is nobody to ask for, and no query to make.
        user = request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else None
        if user is None or not user.is_authenticated:
            timezone.deactivate()
            request.prefs = preferences.Preferences()  # type: ignore[attr-defined]
            return self.get_response(request)
        timezone.activate(zone_of(user.timezone))
        if user.language in dict(settings.LANGUAGES):
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        request.prefs = preferences.load(user)  # type: ignore[attr-defined]
        # Worked out where it is asked for: most answers name no key.
        request.keys = SimpleLazyObject(lambda: keys_of(request.prefs))  # type: ignore[attr-defined]
        return self.get_response(request)


class FormAddressMiddleware:
    """Many addresses only take what a form sends, and a browser may come to one all the same. Who has to sign in before
    a form is taken comes back to the form's page, not to its address; whoever asks for the address is told."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "POST" and isinstance(response, HttpResponseRedirect):
            login, _mark, query = response.url.partition("?")
            if login == resolve_url(settings.LOGIN_URL) and "next" in QueryDict(query):
                return redirect_to_login(_page_of(request), login)
        if response.status_code == 405 and request.method == "GET" and not request.htmx:  # type: ignore[attr-defined]
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response


def _page_of(request: HttpRequest) -> str:
    """Where the form stood, else the first page; never another site."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()):
        return "/"
    path = urlsplit(page)._replace(scheme="", netloc="").geturl()
    return path if url_has_allowed_host_and_scheme(path, None) else "/"  # //host/ would be one
