"""Health for load balancers and people: ``/healthz`` says the process lives, ``/readyz`` that all it needs does.

Both are asked from inside, by an address and without TLS: they answer before the name of the host is judged and before
anybody is sent to https://, so they stand in a middleware, not among the URLs.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailsync.models import SchedulerTick

_TICK_MAY_BE_OLD = timedelta(seconds=60)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a hole (RFC 9116); 404 where the operator names nobody."""
    contact = settings.HERON_SECURITY_CONTACT
    if not contact:
        raise Http404
    if "@" in contact and ":" not in contact:
        contact = f"mailto:{contact}"
    # §2.5.5: it must end, within a year; it is made anew with each answer.
    expires = timezone.now() + timedelta(days=180)
    url = f"{settings.HERON_BASE_URL}{reverse('security_txt')}"
    lines = (f"Contact: {contact}", f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}", f"Canonical: {url}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when all checks pass, else 503; the body names each check and, where it failed, why."""
    # For machines: the same words whatever language is asked for.
    with translation.override("en"):
        report = checks()
    ready = all(word == "ok" for word in report.values())
    return JsonResponse(report, status=200 if ready else 503)


class HealthMiddleware:
    """Answers both pages; all else passes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.pages = {"/healthz": healthz, "/readyz": readyz}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        page = self.pages.get(request.path_info, self.get_response)
        return page(request)


def checks() -> dict[str, str]:
    """Each part that all else needs: "ok", or what is wrong with it."""
    parts: dict[str, Callable[[], str]] = {
        "database": _database,
        "migrations": _migrations,
        "redis": _redis,
        "scheduler": _scheduler,
    }
    report: dict[str, str] = {}
    for name, check in parts.items():
        try:
            report[name] = check() or "ok"
        except Exception as error:  # Whatever it is, the answer is "not ready" and which part.
            report[name] = _("failed: %(what)s") % {"what": type(error).__name__}
    return report


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    try:
        applied = set(MigrationRecorder(connection).migration_qs.values_list("app", "name"))
    except ProgrammingError:
        # No migration has ever run: not even their own table is there.
        applied = set()
    count = sum(one not in applied and not (parts and applied >= parts) for one, parts in _needed().items())
    return _("%(count)d not applied: run manage.py migrate") % {"count": count} if count else ""


@cache
def _needed() -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """Every migration of this code, with those that it stands for where it is a squashed one. Read once in a process:
    that takes much longer than to ask which of them have run."""
    loader = MigrationLoader(None)
    return {one: frozenset(loader.disk_migrations[one].replaces) for one in loader.graph.nodes}


def _redis() -> str:
    import redis

    redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2).ping()
    return ""


def _scheduler() -> str:
    tick = SchedulerTick.objects.first()
    if tick is None:
        return _("has never run: start `celery -A webmail beat` and a worker for the queue `interactive`")
    if timezone.now() - tick.at > _TICK_MAY_BE_OLD:
        when = f"{tick.at:%Y-%m-%d %H:%M:%S} UTC"
        return _("last ran at %(when)s: is the scheduler or the interactive worker down?") % {"when": when}
    return ""
