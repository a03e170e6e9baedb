"""Connecting a mailbox by its provider's own sign-in page: out goes a person with a state, back comes a code.

The state lies in the session, holds for ten minutes and for one use, so that a code of somebody else's
browser is worth nothing here (RFC 6749 §10.12). The start is a link and no form: the site's own policy
lets forms lead nowhere else.
"""

import hmac
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import oauth, provider_rows, security_log
from accounts.models import MailAccount, OAuthApp, SecurityEvent
from mailsync import actions
from mailsync.types import ServerSettings
from webmail import access
from webmail.numbers import read_number
from webmail.reader import user_of
from webmail.views.settings.connect import steps_of_servers
from webmail.views.settings.servers import Servers, oauth_servers

_SESSION_KEY = "mail_oauth"
_HOLDS_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Journey:
    """What must be remembered while the person is at their provider's page."""

    state: str
    verifier: str
    nonce: str
    app: int
    address: str
    protocol: str
    account: int
    began: float


@require_safe
@never_cache
@login_required
def start(request: HttpRequest, key: str) -> HttpResponse:
    """To the provider's page, with a new state. With ``?account=`` to give permission for that mailbox again."""
    app = OAuthApp.objects.filter(key=key, enabled=True).first()
    if app is None or not app.endpoints.authorize_url:
        raise Http404
    account = _account(request)
    address = account.address if account else request.GET.get("address", "").strip()[:320]
    journey = Journey(
        state=secrets.token_urlsafe(32),
        verifier=oauth.make_verifier(),
        nonce=secrets.token_urlsafe(16),
        app=app.pk,
        address=address if "@" in address else "",
        protocol="pop3" if request.GET.get("protocol") == "pop3" else "imap",
        account=account.pk if account else 0,
        began=time.time(),
    )
    request.session[_SESSION_KEY] = asdict(journey)
    url = oauth.build_authorize_url(
        app.endpoints,
        client_id=app.client_id,
        redirect_uri=redirect_uri(),
        state=journey.state,
        verifier=journey.verifier,
        nonce=journey.nonce,
        address=journey.address,
    )
    return redirect(url)


def redirect_uri() -> str:
    """Where providers send people back to; the operator registers this address with them."""
    return f"{settings.HERON_BASE_URL}{reverse('oauth_callback')}"


@require_safe
@never_cache
@login_required
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider: the code becomes tokens, both logins are tried, the mailbox is connected."""
    journey = _finished_journey(request)
    if journey is None:
        return _sorry(request, _("This sign-in was begun in another window, or too long ago. Start again."))
    app = OAuthApp.objects.filter(pk=journey.app, enabled=True).first()
    if app is None:
        raise Http404
    if request.GET.get("error") or not request.GET.get("code"):
        words = _("%(provider)s gave no permission, so nothing was connected.") % {"provider": app.name}
        return _sorry(request, words)
    try:
        grant = actions.exchange_code(
            app,
            code=request.GET["code"],
            redirect_uri=redirect_uri(),
            verifier=journey.verifier,
            nonce=journey.nonce,
        )
    except actions.MailError as error:
        return _sorry(request, str(error))
    return _connect(request, app, grant, journey)


def _connect(request: HttpRequest, app: OAuthApp, grant: oauth.Grant, journey: Journey) -> HttpResponse:
    user = user_of(request)
    provider_rows.refresh(now=True)
    address = grant.address or journey.address
    if not address:
        words = _("%(provider)s does not say whose mailbox this is. Type the address first, then choose it again.")
        return _sorry(request, words % {"provider": app.name})
    known = (
        MailAccount.objects.filter(user=user, pk=journey.account).first()
        or MailAccount.objects.filter(user=user, address__iexact=address, protocol=journey.protocol).first()
    )
    if journey.account and known is not None and address.lower() not in {known.address.lower(), known.username.lower()}:
        words = _("You signed in as %(other)s, but this mailbox is %(address)s. Nothing was changed.")
        return _sorry(request, words % {"other": address, "address": known.address})
    servers = oauth_servers(address, app.key, journey.protocol)
    if servers is None:
        return _sorry(request, _("The mail servers of this provider are not known here. Tell the operator."))
    incoming, outgoing = _settings(servers, journey.protocol, grant)
    if known is None:
        report = actions.check_login(incoming, outgoing)
        if not report.ok:
            return _sorry(request, "", steps=steps_of_servers(None, incoming, outgoing, report))
    elif not grant.refresh_token:
        return _sorry(request, _("The provider renewed nothing. Remove Heron in your account there, then try again."))
    else:
        actions.renew_permission(user.pk, known.pk, app, grant)
        security_log.record(SecurityEvent.Kind.MAILBOX_SECRET, user, request, detail=known.address)
        messages.success(request, _("%(address)s is signed in again.") % {"address": known.address})
        return redirect("settings_accounts")
    try:
        account = actions.connect_account(
            user,
            address=address,
            incoming=incoming,
            outgoing=outgoing,
            name=user.name,
            provider=servers.provider,
            app=app,
            grant=grant,
        )
    except actions.CannotDo as error:
        return _sorry(request, str(error))
    security_log.record(SecurityEvent.Kind.MAILBOX_CONNECTED, user, request, detail=account.address)
    return redirect("account_started", account.pk)


def _settings(servers: Servers, protocol: str, grant: oauth.Grant) -> tuple[ServerSettings, ServerSettings | None]:
    token = grant.access_token
    incoming = actions.server_settings(
        protocol=protocol,
        host=servers.host,
        port=servers.port,
        security=servers.security,
        username=servers.username,
        token=token,
    )
    if not servers.smtp_host:
        return incoming, None
    outgoing = actions.server_settings(
        protocol="smtp",
        host=servers.smtp_host,
        port=servers.smtp_port,
        security=servers.smtp_security,
        username=servers.username,
        token=token,
    )
    return incoming, outgoing


def _account(request: HttpRequest) -> MailAccount | None:
    asked = request.GET.get("account", "")
    if not asked:
        return None
    number = read_number(asked)
    if number is None:
        raise Http404
    return access.account_for(user_of(request), number)


def _finished_journey(request: HttpRequest) -> Journey | None:
    """What was begun in this session, if the answer belongs to it; it is forgotten in any case."""
    kept: dict[str, Any] | None = request.session.pop(_SESSION_KEY, None)
    if kept is None:
        return None
    journey = Journey(**kept)
    matches = hmac.compare_digest(journey.state.encode(), request.GET.get("state", "").encode())
    return journey if matches and time.time() - journey.began < _HOLDS_SECONDS else None


def _sorry(request: HttpRequest, words: str, steps: object = ()) -> HttpResponse:
    return render(request, "settings/oauth_failed.html", {"words": words, "steps": steps}, status=422)
