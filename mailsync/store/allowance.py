"""How much an outgoing server has carried lately, for the provider's limits and the screen. Database room.

In: an outgoing server. Out: when how many recipients were accepted, straight from the rows: no counter
that could drift.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import Identity, OutgoingServer
from accounts.providers import Limits, Provider, provider_by_host, provider_by_key
from mailsync.models import OutgoingEvent, OutgoingRecipient
from mailsync.plan.delivery import when_allowed

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
UNKNOWN = Limits()


@dataclass(frozen=True, slots=True)
class SendingRoom:
    """Recipients of the last 24 hours against what may be used; ``limit`` None where none is known."""

    used: int
    limit: int | None

    @property
    def left(self) -> float:
        return math.inf if self.limit is None else self.limit - self.used

    @property
    def is_tight(self) -> bool:
        """Worth telling: more than half is used."""
        return self.limit is not None and 2 * self.used > self.limit


@dataclass(frozen=True, slots=True)
class Turn:
    """When a message may leave, and whose limit it waits for: "provider" or "admin"; "" when it waits for none."""

    at: datetime
    waits_for: str = ""


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


def note_size_limit(server: OutgoingServer, size_limit_bytes: int | None) -> None:
    """What the server's EHLO says of the largest message (RFC 1870), for the next composition to know beforehand."""
    if server.size_limit_bytes != size_limit_bytes:
        OutgoingServer.objects.filter(pk=server.pk).update(size_limit_bytes=size_limit_bytes)


def sending_room(identity: Identity) -> SendingRoom:
    """What the compose screen shows: "412 of 500 recipients used today". Of two limits, the one with less room."""
    server, limits = server_of(identity), limits_of(identity)
    rooms = []
    if server is not None:
        rooms.append(SendingRoom(_accepted(_through(server), DAY).count(), limits.share(limits.recipients_per_day)))
    of_user = identity.user.recipients_per_day
    if of_user is not None:
        rooms.append(SendingRoom(_accepted(_of(identity), DAY).count(), of_user))
    return min(rooms, key=lambda room: room.left, default=SendingRoom(0, None))


def when_may_send(identity: Identity, recipients: int, *, automatic: bool = False) -> Turn:
    """When so many more recipients may be sent to: now, or once the provider's and the administrator's windows allow.

    Of a provider's limit we use our share (``Limits.share``), of the administrator's all. What is ``automatic`` leaves
    half of either to what people write.
    """
    now = timezone.now()
    server, limits, user = server_of(identity), limits_of(identity), identity.user
    turn = Turn(now)
    if server is None:
        return turn
    through, own = _through(server), _of(identity)
    to_people = (
        ("provider", through, limits.share(limits.recipients_per_day), DAY),
        ("provider", through, limits.share(limits.recipients_per_hour), HOUR),
        ("admin", own, user.recipients_per_day, DAY),
    )
    for whose, which, limit, window in to_people:
        if limit is None:
            continue
        limit = max(limit // 2, 1) if automatic else limit
        used = _accepted(which, window)
        if used.count() + recipients > limit:
            counted = used.values_list("settled_at").annotate(count=Count("id"))
            entries = [(at, count) for at, count in counted if at is not None]
            at = when_allowed(now, entries, needed=recipients, limit=limit, window=window)
            turn = max(turn, Turn(at, whose), key=lambda one: one.at)
    of_messages = (
        ("provider", through, limits.share(limits.messages_per_day), DAY),
        ("provider", through, limits.share(limits.messages_per_minute), MINUTE),
        ("admin", own, user.messages_per_minute, MINUTE),
    )
    for whose, which, limit, window in of_messages:
        if limit is None:
            continue
        limit = max(limit // 2, 1) if automatic else limit
        sent = OutgoingEvent.objects.filter(which, kind="handed_over", created_at__gt=now - window)
        if sent.count() >= limit:
            entries = [(at, 1) for at in sent.values_list("created_at", flat=True)]
            at = when_allowed(now, entries, needed=1, limit=limit, window=window)
            turn = max(turn, Turn(at, whose), key=lambda one: one.at)
    return turn


def _accepted(which: Q, window: timedelta) -> QuerySet[OutgoingRecipient]:
    return OutgoingRecipient.objects.filter(
        which, state__in=OutgoingRecipient.TAKEN, settled_at__gt=timezone.now() - window
    )


def _of(identity: Identity) -> Q:
    """All that this identity's user sends, through whichever server."""
    return Q(outgoing__user=identity.user_id)


def _through(server: OutgoingServer) -> Q:
    """Messages that this server carries: of its own identities, and of accounts whose identities name no other."""
    return Q(outgoing__identity__outgoing_server=server) | Q(
        outgoing__identity__outgoing_server=None, outgoing__account__outgoing_server=server
    )
