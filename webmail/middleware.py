"""What every response carries and every request knows: security policy, caching, compression, the person's own ways.

Requests and responses flow through. All classes serve sync and async views, as the event stream is
async. A view that needs another policy (the frame of a message body) sets the header itself and
keeps it.
"""

import zoneinfo
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar

from allauth.account.adapter import get_adapter
from allauth.usersessions.middleware import UserSessionsMiddleware
from allauth.usersessions.models import UserSession
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone, translation

from accounts import preferences
from webmail.importmap import import_map_hash

Handler = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation"),
        *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb"),
        "xr-spatial-tracking",
    )
)

#: How exactly "last seen" is known of a session.
NOTED_EVERY = timedelta(minutes=1)
#: What is worth compressing: text that is made for one answer. Static files have been compressed once for all.
COMPRESSIBLE = frozenset({"text/html", "text/plain", "application/json", "application/manifest+json"})


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


class _Middleware:
    """A middleware with a hook before the view and one after it, for sync and async handlers."""

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if iscoroutinefunction(self.get_response):
            return self._acall(request)
        self.before(request, request.user if self.wants_user(request) else None)
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)
        return self.after(response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        user = None
        if self.wants_user(request):
            user = request.user = await request.auser()
        self.before(request, user)
        response = self.get_response(request)
        assert not isinstance(response, HttpResponseBase)
        return self.after(await response)

    def wants_user(self, request: HttpRequest) -> bool:
        return False

    def before(self, request: HttpRequest, user: Any) -> None:
        """Called before the view; ``user`` is None where ``wants_user`` said no."""

    def after(self, response: HttpResponseBase) -> HttpResponseBase:
        return response


class CompressionMiddleware(GZipMiddleware):
    """Pages in a fifth of their bytes; what is streamed (events, files, ranges of files) goes as it is.

    On BREACH, which guesses secrets by the size of compressed pages: the one secret in a page is the CSRF token,
    and Django masks it anew in each response and adds up to 100 random bytes to each compressed one.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming or response.status_code != 200 or kind not in COMPRESSIBLE:
            return response
        return super().process_response(request, response)


class ContentSecurityPolicyMiddleware(_Middleware):
    """Adds the site's policy to every response that has none of its own, and keeps pages out of shared caches."""

    def after(self, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", site_policy())
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        # Nothing of ours is for other sites to embed, not even to measure.
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # RFC 9111 §5.2.2: kept by this browser only, and shown again only after asking; Back stays quick.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class SessionActivityMiddleware(UserSessionsMiddleware):  # type: ignore[misc]
    """Notes when and from where a session was last used. Opening one message is a handful of requests, and a write
    for each would be their slowest part: what was noted less than a minute ago and has not changed stands."""

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if _was_just_noted(request) else super().__call__(request)


def _was_just_noted(request: HttpRequest) -> bool:
    if not request.user.is_authenticated or not request.session.session_key:
        return False
    noted: bool = UserSession.objects.filter(
        session_key=request.session.session_key,
        user=request.user.pk,
        ip=get_adapter().get_client_ip(request),
        user_agent=request.headers.get("User-Agent", "")[: UserSession._meta.get_field("user_agent").max_length],
        last_seen_at__gt=timezone.now() - NOTED_EVERY,
    ).exists()
    return noted


class UserPreferencesMiddleware(_Middleware):
    """Sets the person's time zone and language, and ``request.prefs`` for templates and views."""

    def wants_user(self, request: HttpRequest) -> bool:
        # Without a session there is nobody to ask for, and no query to make.
        return settings.SESSION_COOKIE_NAME in request.COOKIES

    def before(self, request: HttpRequest, user: Any) -> None:
        if user is None or not user.is_authenticated:
            timezone.deactivate()
            request.prefs = preferences.Preferences()  # type: ignore[attr-defined]
            return
        timezone.activate(zone_of(user.timezone))
        if user.language in dict(settings.LANGUAGES):
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        request.prefs = preferences.load(user)  # type: ignore[attr-defined]


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that name, or UTC where the name is unknown to this machine."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
