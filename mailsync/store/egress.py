"""Which outbound calls are shut, by kind or by host: asked by the door before each call, set by an administrator.
Database room.

What is known is believed for some seconds, as a call is dearer than the question. If the switches cannot
be read, nothing goes out.
"""

import time
from collections.abc import Callable

from django.db import DatabaseError, connection

from mailsync.errors import NeedsUser, TryLater
from mailsync.models import BlockedHost, EgressSwitch

BELIEVED_SECONDS = 5.0


class Switches:
    """What one process knows of the switches."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shut: frozenset[str] = frozenset()
        self._blocked: dict[str, str] = {}
        self._until = float("-inf")

    def check(self, kind: str, host: str = "") -> None:
        """Raises ``TryLater`` for a kind that is shut, or when nobody can say; ``NeedsUser`` for a blocked host."""
        now = self._clock()
        if now >= self._until:
            self._shut, self._blocked = _load()
            self._until = now + BELIEVED_SECONDS
        if kind in self._shut:
            raise TryLater(
                "The administrator of this Heron has switched off connections of this kind.",
                after_seconds=600,
                detail=f"egress: {kind} is shut",
            )
        if host and self._blocked:
            reason = _why_blocked(host.lower(), self._blocked)
            if reason is not None:
                raise NeedsUser(f"The administrator of this Heron has blocked {host}: {reason}", code="forbidden_host")

    def forget(self) -> None:
        """Ask anew at the next call."""
        self._until = float("-inf")


switches = Switches()


def _why_blocked(host: str, blocked: dict[str, str]) -> str | None:
    """The reason of the host itself, or of a domain above it; None where it is free.

    >>> _why_blocked("imap.evil.example", {".evil.example": "Phishing."})
    'Phishing.'
    >>> _why_blocked("notevil.example", {".evil.example": "Phishing.", "evil.example": "Phishing."}) is None
    True
    """
    labels = host.split(".")
    names = [host, "." + host, *("." + ".".join(labels[at:]) for at in range(1, len(labels)))]
    return next((blocked[name] for name in names if name in blocked), None)


def _load() -> tuple[frozenset[str], dict[str, str]]:
    # Called in any thread, such as one that reconnects: what it had to open for this is closed again.
    had_connection = connection.connection is not None
    try:
        shut = frozenset(EgressSwitch.objects.filter(is_shut=True).values_list("kind", flat=True))
        return shut, dict(BlockedHost.objects.values_list("pattern", "reason"))
    except DatabaseError as error:
        raise TryLater(
            "Heron cannot read which connections are allowed, so it makes none.", after_seconds=30, detail=str(error)
        ) from error
    finally:
        if not had_connection and not connection.in_atomic_block:
            connection.close()


def load_switches() -> dict[str, bool]:
    """Kind → whether it is shut, for those that were ever touched."""
    return dict(EgressSwitch.objects.values_list("kind", "is_shut"))


def set_switch(kind: str, is_shut: bool) -> None:
    """Shut or open one kind; every process knows it within ``BELIEVED_SECONDS``."""
    EgressSwitch.objects.update_or_create(kind=kind, defaults={"is_shut": is_shut})
    switches.forget()
