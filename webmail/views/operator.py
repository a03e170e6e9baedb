"""How this Heron does, and what it may call: for its administrator. In: nothing but a click. Out: numbers and switches.

Nobody's mail is read here: counts, states and servers only. For anybody else these pages do not exist.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Departure, MailAccount, User
from mailsync import actions
from mailsync.models import Change, Folder, Halt, Hole, Outgoing, TrustedCertificate
from webmail import access
from webmail.celery import QUEUES
from webmail.reader import user_of
from webmail.views.health import checks

#: What each kind of call is for, who is called, and what stops when it is shut.
OUTBOUND: dict[str, tuple[Any, Any]] = {
    "mail": (gettext_lazy("Fetching mail"), gettext_lazy("IMAP and POP3 servers that people have connected.")),
    "sending": (gettext_lazy("Sending mail"), gettext_lazy("Submission servers of those accounts, and relays.")),
    "discovery": (
        gettext_lazy("Finding servers"),
        gettext_lazy(
            "DNS, autoconfig and the usual servers of the domain of an address that somebody types, "
            "and a public database of providers. No password goes out."
        ),
    ),
    "oauth": (
        gettext_lazy("Permissions"),
        gettext_lazy("The token addresses of the providers you have registered Heron with."),
    ),
    "pictures": (
        gettext_lazy("Remote pictures"),
        gettext_lazy("Servers named in messages, for a reader who asks. They see this machine, not the reader."),
    ),
    "unsubscribe": (
        gettext_lazy("Leaving mailing lists"),
        gettext_lazy("The server that a list names, for a reader who asks to leave it with one click."),
    ),
    "letters": (
        gettext_lazy("Heron's own letters"),
        gettext_lazy("The server you have set for invitations, codes and password links."),
    ),
    "push": (
        gettext_lazy("Notifications"),
        gettext_lazy(
            "The push services of browsers, for people who want to be told of new mail while no page is open. "
            "What they carry is encrypted for the browser."
        ),
    ),
    "webhook": (
        gettext_lazy("Webhooks"),
        gettext_lazy("The addresses that people have their rules call, with what each chose to be said of a message."),
    ),
}  # fmt: skip


#: The parts that ``health.checks`` looks at, and the queues of the workers, which are told by their own name too.
_PARTS: dict[str, Any] = {
    "database": gettext_lazy("Database"),
    "migrations": gettext_lazy("Migrations"),
    "redis": "Redis",
    "scheduler": gettext_lazy("Scheduler"),
}
_QUEUE_WORK: dict[str, Any] = {
    "interactive": gettext_lazy("What somebody waits for"),
    "send": pgettext_lazy("queue", "Sending"),
    "sync": pgettext_lazy("queue", "Fetching"),
    "backfill": gettext_lazy("Filling accounts"),
    "maintenance": gettext_lazy("Upkeep"),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the dashboard; ``bad`` where somebody should look."""

    label: str
    value: str
    url: str = ""
    bad: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Health, queues, what is parked; posted to, everything that is parked is tried again."""
    access.administrator(user_of(request))
    if request.method == "POST":
        count = actions.retry_everything()
        messages.success(request, _("Tried again now: %(count)d.") % {"count": count})
        return redirect("operator")
    checked = [(_PARTS[name], word) for name, word in checks().items()]
    context = {"checks": checked, "people": _people(), "waiting": _waiting(), "queues": _queues()}
    return render(request, "operator/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def outbound(request: HttpRequest) -> HttpResponse:
    """Every kind of call that Heron makes to the outside, with a switch for each."""
    access.administrator(user_of(request))
    if request.method == "POST":
        if not actions.shut_outbound(request.POST.get("kind", ""), request.POST.get("do") == "shut"):
            raise Http404
        return redirect("operator_outbound")
    kinds = [(kind, *OUTBOUND[kind.key]) for kind in actions.outbound_kinds()]
    return render(request, "operator/outbound.html", {"kinds": kinds})


def _people() -> list[Tile]:
    users = User.objects.filter(departure=None).aggregate(all=Count("pk"), off=Count("pk", filter=Q(is_active=False)))
    leaving = Departure.objects.count()
    states = MailAccount.objects.filter(user__departure=None).aggregate(
        all=Count("pk"),
        ill=Count("pk", filter=Q(state=MailAccount.State.NEEDS_USER)),
        paused=Count("pk", filter=Q(state=MailAccount.State.PAUSED)),
    )
    accounts = reverse("admin:accounts_mailaccount_changelist")
    return [
        Tile(_("People"), str(users["all"]), reverse("admin:accounts_user_changelist")),
        Tile(_("Deactivated"), str(users["off"])),
        *([Tile(_("Being deleted"), str(leaving))] if leaving else []),
        Tile(_("Mail accounts"), str(states["all"]), accounts),
        Tile(_("Need their owner"), str(states["ill"]), f"{accounts}?state__exact=needs_user", bad=states["ill"] > 0),
        Tile(_("Paused"), str(states["paused"]), f"{accounts}?state__exact=paused"),
    ]


def _waiting() -> list[Tile]:
    parked = Folder.objects.filter(parked_at__isnull=False).count()
    stuck = Change.objects.filter(finished_at=None, state__in=Change.OPEN, attempts__gt=0).count()
    outbox = Outgoing.objects.filter(finished_at=None)
    waiting = outbox.filter(attempts__gt=0).count()
    asked = TrustedCertificate.objects.filter(approved_at=None).count()
    certificates = reverse("admin:mailsync_trustedcertificate_changelist")
    halts, holes = Halt.objects.count(), Hole.objects.count()
    folders = reverse("admin:mailsync_folder_changelist")
    return [
        Tile(_("Parked folders"), str(parked), f"{folders}?parked=yes", bad=parked > 0),
        Tile(_("Messages not given"), str(holes), reverse("admin:mailsync_hole_changelist")),
        Tile(_("Changes tried again"), str(stuck), reverse("admin:mailsync_change_changelist"), bad=stuck > 0),
        Tile(_("In the outbox"), str(outbox.count()), reverse("admin:mailsync_outgoing_changelist")),
        Tile(_("Sent again later"), str(waiting), reverse("admin:mailsync_outgoing_changelist"), bad=waiting > 0),
        Tile(_("Certificates to judge"), str(asked), f"{certificates}?trusted=no", bad=asked > 0),
        Tile(_("Halts"), str(halts), reverse("admin:mailsync_halt_changelist"), bad=halts > 0),
    ]


def _queues() -> list[Tile]:
    """How many hints lie in each queue; Redis holds nothing else."""
    import redis

    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
        lengths = [int(client.llen(name)) for name in QUEUES]
    except redis.RedisError:
        return []
    return [
        Tile(f"{_QUEUE_WORK[name]} ({name})", str(length), bad=length > 1000)
        for name, length in zip(QUEUES, lengths, strict=True)
    ]
