"""Connecting a mail account: an address and a password flow in, an account whose mail is on its way flows out.

Both logins are proved before anything is saved. When one fails, the form comes back with everything
that was typed and with the result of each step in plain words.
"""

from dataclasses import dataclass, replace

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts import provider_rows, security_log
from accounts.models import SecurityEvent, User
from accounts.providers import provider_by_host
from mailsync import actions
from mailsync.models import Folder
from mailsync.types import LoginReport, Role, ServerSettings, StepResult
from webmail import access
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.certificates import Offer, heed, offer_of
from webmail.views.settings.connect_form import ServersForm
from webmail.views.settings.oauth_apps import app_of, offered_apps
from webmail.views.settings.servers import found_servers, known_servers


@dataclass(frozen=True, slots=True)
class Step:
    """One login as the page shows it; ``advice`` adds what the server could not know."""

    title: str
    result: StepResult
    advice: str = ""
    offer: Offer | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password", "smtp_password")
@login_required
def add(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    provider_rows.refresh()
    if request.method != "POST":
        apps = offered_apps()
        first = not user.mail_accounts.exists()
        form = ServersForm(user, initial={"address": request.GET.get("address", ""), "name": user.name})
        return render(request, "settings/account_add.html", {"form": form, "first": first, "oauth_apps": apps})
    form = ServersForm(user, request.POST)
    if not form.is_valid():
        return (_ask_the_network(request, form) if form.lacks_servers else None) or _again(request, form)
    heed(request)
    report = actions.check_login(form.incoming(), form.outgoing())
    if not report.ok:
        return _again(request, form, steps_of(form, report))
    try:
        account = actions.connect_account(
            user,
            address=form.cleaned_data["address"],
            incoming=form.incoming(),
            outgoing=form.outgoing() or form.relay(),
            name=form.cleaned_data["name"],
            provider=form.known.provider if form.known else "",
            **form.options(),
        )
    except actions.CannotDo as error:
        form.add_error(None, said(error))
        return _again(request, form)
    security_log.record(SecurityEvent.Kind.MAILBOX_CONNECTED, user, request, detail=account.address)
    return redirect("account_started", account.pk)


def _ask_the_network(request: HttpRequest, form: ServersForm) -> HttpResponse | None:
    """The form with the servers that were found, to be looked at first: a found name may be somebody's lie."""
    found = actions.find_servers(form.cleaned_data["address"])
    servers = found_servers(found, form.cleaned_data["protocol"]) if found else None
    if found is None or servers is None:
        return None
    context = {"form": form.with_servers(servers), "found": servers, "source": found.source, "open_hand": True}
    return render(request, "settings/account_add.html", context)


def _again(request: HttpRequest, form: ServersForm, steps: list[Step] | None = None) -> HttpResponse:
    context = {
        "form": form,
        "steps": steps or [],
        "open_hand": form.hand_errors or bool(steps),
        "app": app_of(form.known),
    }
    return render(request, "settings/account_add.html", context, status=422)


def steps_of(form: ServersForm, report: LoginReport) -> list[Step]:
    """The results in order. A sending server that was not tried is left out."""
    incoming, password = form.incoming(), form.cleaned_data["password"]
    advice, for_sending = "", ""
    if incoming.port == 585 and not report.incoming.ok:
        advice = _("Port 585 was given up for secure IMAP long ago; nearly all servers now listen on 993.")
    elif report.incoming.code in ("password", "app_password") and password != password.strip():
        advice = _("The password begins or ends with a space, which copying may have brought along.")
    if report.incoming.ok:
        for_sending = _("Reading works. To begin with that alone, choose “Not at all: only read” below, under Sending.")
    return steps_of_servers(form.user, incoming, form.outgoing(), report, advice, for_sending)


def steps_of_servers(
    user: User | None,
    incoming: ServerSettings,
    outgoing: ServerSettings | None,
    report: LoginReport,
    advice: str = "",
    for_sending: str = "",
) -> list[Step]:
    """The same, of servers that no form named. A certificate that both show is offered once, for both, to ``user``."""
    tried = [(incoming, report.incoming, advice)]
    if outgoing is not None and report.outgoing.code != "skipped":
        tried.append((outgoing, report.outgoing, for_sending))
    steps: list[Step] = []
    offered: set[str] = set()
    for server, answer, words in tried:
        result = _not_misspelt(server, answer)
        shown, offer = result.certificate, None
        if user is not None and shown is not None and shown.sha256 not in offered:
            offered.add(shown.sha256)
            showing = [one for one, its, _words in tried if its.certificate == shown]
            offer = offer_of(user, shown, showing)
        steps.append(Step(title_of(server), result, words, offer))
    return steps


def _not_misspelt(server: ServerSettings, result: StepResult) -> StepResult:
    """A name that stands in our own table is right. Where it is not found, it is the network that does not answer."""
    if result.code != "unknown_host" or provider_by_host(server.host) is None:
        return result
    return replace(result, message=f"The name {server.host} could not be looked up just now. Try again in a moment.")


def title_of(server: ServerSettings) -> str:
    """What a server is for, and where."""
    titles = {"imap": _("Reading by IMAP"), "pop3": _("Reading by POP3"), "smtp": _("Sending")}
    return f"{titles[server.protocol]} – {server.host}:{server.port}"


@require_safe
@never_cache
@login_required
def servers(request: HttpRequest) -> HttpResponse:
    """What the provider of the address typed so far wants, and the server fields with what they stand for."""
    user = user_of(request)
    provider_rows.refresh()
    typed = {name: request.GET.get(name, "") for name in ServersForm.base_fields}
    known = known_servers(typed["address"], typed["protocol"] or "imap")
    form = ServersForm(user, initial={**typed, "protocol": typed["protocol"] or "imap"})
    form.show_known(known)
    return render(request, "settings/account_servers.html", {"form": form, "known": known, "app": app_of(known)})


@require_safe
@login_required
def started(request: HttpRequest, account_id: int) -> HttpResponse:
    """Between the connection and the first messages: goes on to the inbox as soon as there is one."""
    account = access.account_for(user_of(request), account_id)
    inbox = Folder.objects.filter(account=account, role=Role.INBOX).first()
    if inbox is not None or account.state == account.State.NEEDS_USER:
        url = reverse("folder", args=[inbox.pk]) if inbox is not None else reverse("settings_accounts")
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)  # type: ignore[attr-defined]
    template = "settings/account_started_part.html" if request.htmx else "settings/account_started.html"  # type: ignore[attr-defined]
    return render(request, template, {"account": account})
