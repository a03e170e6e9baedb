"""The connection of an account, tried step by step: an id flows in, each step with its outcome in words flows out.

It is shown at once and only tried on a click: a test takes seconds and signs in at the servers.
"""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from mailsync import actions
from mailsync.types import Certificate, Examined, ServerSettings
from webmail import access
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.certificates import Offer, heed, offer_of
from webmail.views.settings.connect import title_of


@dataclass(frozen=True, slots=True)
class TestedStep:
    """One step as the page shows it. ``listed`` is what is folded away, ``offer`` a certificate to judge."""

    title: str
    ok: bool
    reached: bool
    words: str
    listed: tuple[str, ...] = ()
    certificate: Certificate | None = None
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class TestedServer:
    title: str
    steps: list[TestedStep]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def examine(request: HttpRequest, account_id: int) -> HttpResponse:
    user = user_of(request)
    account = access.account_for(user, account_id)
    tested: list[TestedServer] = []
    if request.method == "POST":
        heed(request)
        for server, steps in actions.examine_account(account):
            tested.append(TestedServer(title_of(server), [_step(user, server, step) for step in steps]))
        account.refresh_from_db()
    all_work = all(step.ok for server in tested for step in server.steps)
    return render(request, "settings/account_test.html", {"account": account, "tested": tested, "all_work": all_work})


def _step(user: User, server: ServerSettings, step: Examined) -> TestedStep:
    shown = step.certificate
    refused = step.result.code == "certificate" and shown is not None
    return TestedStep(
        title=_title(step),
        ok=step.result.ok,
        reached=step.reached,
        words=_words(server, step) if step.reached else "",
        listed=step.facts if step.step == "capabilities" else (),
        certificate=shown,
        offer=offer_of(user, shown, [server]) if refused and shown is not None else None,
    )


def _title(step: Examined) -> str:
    return {
        "resolve": _("The name"),
        "connect": _("The connection"),
        "tls": _("Its protection"),
        "login": _("The sign-in"),
        "capabilities": _("What the server can do"),
    }[step.step]


def _words(server: ServerSettings, step: Examined) -> str:
    """What came of it; a failure's own words say what to do."""
    if not step.result.ok:
        return str(said(step.result.message))
    fact = step.facts[0] if step.facts else ""
    match step.step:
        case "resolve":
            return _("%(host)s is at %(addresses)s.") % {"host": server.host, "addresses": ", ".join(step.facts)}
        case "connect":
            return _("Connected to %(place)s.") % {"place": fact}
        case "tls" if step.certificate is None:
            return _("Nothing protects this connection. The operator of this Heron allows that.")
        case "tls" if server.pinned_sha256:
            return _("Encrypted. The certificate is the one that an administrator trusts.")
        case "tls":
            return _("Encrypted. The certificate is for this server and vouched for.")
        case "login":
            return _("Signed in as %(name)s.") % {"name": fact}
    return ""
