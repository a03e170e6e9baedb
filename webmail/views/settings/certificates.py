"""A certificate that nobody vouches for, on its way through a form: what a server showed goes out
signed and comes back.

The token is bound to its reader and holds for an hour, so that what is trusted is what was shown, to the letter.
Trust itself is an administrator's to give; anybody else's click asks for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import security_log
from accounts.models import SecurityEvent, User
from mailsync import actions
from mailsync.types import Certificate, ServerSettings
from webmail.reader import user_of

_SALT = "heron.certificate"
_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Offer:
    """A certificate to look at, and the token by which its reader may trust it, or ask for that."""

    certificate: Certificate
    servers: tuple[str, ...]
    token: str


def offer_of(user: User, certificate: Certificate, servers: Iterable[ServerSettings]) -> Offer:
    """One offer for every server that showed this certificate."""
    places = [(server.host, server.port) for server in servers]
    facts: dict[str, Any] = {
        "user": user.pk,
        "servers": places,
        "sha256": certificate.sha256,
        "names": certificate.names,
        "issuer": certificate.issuer,
        "dates": [day.isoformat() if day else "" for day in (certificate.not_before, certificate.not_after)],
    }
    named = tuple(f"{host}:{port}" for host, port in places)
    return Offer(certificate, named, signing.dumps(facts, salt=_SALT, compress=True))


def heed(request: HttpRequest) -> None:
    """Do what a click on "trust" asks, if there was one; a token that is old or another's asks for nothing."""
    token, user = request.POST.get("trust", ""), user_of(request)
    if not token:
        return
    try:
        facts = signing.loads(token, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        facts = {}
    if facts.get("user") != user.pk:
        messages.error(request, _("What the server showed is an hour old or more. Look at it again."))
        return
    begins, ends = (datetime.fromisoformat(day) if day else None for day in facts["dates"])
    shown = Certificate(facts["sha256"], tuple(facts["names"]), facts["issuer"], begins, ends)
    for host, port in facts["servers"]:
        if actions.ask_trust(user, host, port, shown):
            words = _("Certificate trusted: %(server)s") % {"server": f"{host}:{port}"}
            security_log.record(SecurityEvent.Kind.ADMIN_ACT, user, request, detail=words)
        else:
            words = _("The administrators are asked to trust the certificate of %(server)s. Try again when they have.")
            messages.info(request, words % {"server": f"{host}:{port}"})
