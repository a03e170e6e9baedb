"""How much an outgoing server has carried lately, for the provider's limits and the screen. Database room.

In: an outgoing server. Out: when how many recipients were accepted, straight from the rows: no counter
that could drift.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import Identity, OutgoingServer
from accounts.providers import Limits, Provider, provider_by_host, provider_by_key
from mailsync.models import OutgoingEvent, OutgoingRecipient
from mailsync.plan.delivery import when_allowed

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
UNKNOWN = Limits()


@dataclass(frozen=True, slots=True)
class SendingRoom:
    """Recipients of the last 24 hours against what we let ourselves use; None where the provider's limit is unknown."""

    used: int
    limit: int | None


def server_of(identity: Identity) -> OutgoingServer | None:
    """The identity's own outgoing server, else its account's."""
    return identity.outgoing_server or identity.account.outgoing_server


def provider_of(identity: Identity) -> Provider | None:
    """Whose server carries what this identity sends; None where we do not know it."""
    server, account = server_of(identity), identity.account
    if server is None:
        return None
    own = provider_by_key(account.provider) if server == account.outgoing_server else None
    # A loopback address says nothing of who is behind it.
    return own or (None if server.host in {"127.0.0.1", "::1", "localhost"} else provider_by_host(server.host))


def limits_of(identity: Identity) -> Limits:
    """The provider's limits for what this identity sends."""
    provider = provider_of(identity)
    return provider.limits if provider else UNKNOWN


def sending_room(identity: Identity) -> SendingRoom:
    """What the compose screen shows: "412 of 500 recipients used today"."""
    server, limits = server_of(identity), limits_of(identity)
    used = _accepted(server, DAY).count() if server else 0
    return SendingRoom(used, limits.share(limits.recipients_per_day))


def when_may_send(identity: Identity, recipients: int) -> datetime:
    """When so many more recipients may be sent to: now, or the moment that the provider's windows have room."""
    now = timezone.now()
    server, limits = server_of(identity), limits_of(identity)
    if server is None:
        return now
    when = now
    for limit, window in ((limits.recipients_per_day, DAY), (limits.recipients_per_hour, timedelta(hours=1))):
        share = limits.share(limit)
        used = _accepted(server, window)
        if share is not None and used.count() + recipients > share:
            counted = used.values_list("settled_at").annotate(count=Count("id"))
            entries = [(at, count) for at, count in counted if at is not None]
            when = max(when, when_allowed(now, entries, needed=recipients, limit=share, window=window))
    for limit, window in ((limits.messages_per_day, DAY), (limits.messages_per_minute, MINUTE)):
        share = limits.share(limit)
        sent = OutgoingEvent.objects.filter(
            _through(server, "outgoing__"), kind="handed_over", created_at__gt=now - window
        )
        if share is not None and sent.count() >= share:
            entries = [(at, 1) for at in sent.values_list("created_at", flat=True)]
            when = max(when, when_allowed(now, entries, needed=1, limit=share, window=window))
    return when


def _accepted(server: OutgoingServer, window: timedelta) -> QuerySet[OutgoingRecipient]:
    return OutgoingRecipient.objects.filter(
        _through(server, "outgoing__"),
        state__in=OutgoingRecipient.TAKEN,
        settled_at__gt=timezone.now() - window,
    )


def _through(server: OutgoingServer, prefix: str) -> Q:
    """Messages that this server carries: of its own identities, and of accounts whose identities name no other."""
    return Q(**{f"{prefix}identity__outgoing_server": server}) | Q(
        **{f"{prefix}identity__outgoing_server": None, f"{prefix}account__outgoing_server": server}
    )
