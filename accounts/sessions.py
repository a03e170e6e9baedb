"""Ending a person's access: a user flows in, their sessions are gone. Database room.

``is_active`` off is enough to stop their sync (the scheduler asks for it) and to refuse the next
request; ending the sessions as well makes it final for every device, and leaves no cookie behind
that would work again after a reactivation.
"""

from collections.abc import Iterable
from typing import Any

from allauth.account import signals
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

#: Sent with ``old`` and ``new`` when a session goes on under another key.
key_changed = Signal()


def end_sessions(user: User, *, but: str | None = None) -> int:
    """Sign the user out everywhere, ``but`` the session of that key goes on. Returns how many sessions were ended."""
    sessions = [session for session in UserSession.objects.filter(user=user) if session.session_key != but]
    for session in sessions:
        session.end()
    return len(sessions)


def end_session(user: User, session_id: int) -> UserSession | None:
    """End one of their sessions. None where it is not theirs, or has ended."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is not None:
        session.end()
    return session


def listen() -> None:
    """Hear of new passwords; called once, when Django starts."""
    for signal in (signals.password_changed, signals.password_set, signals.password_reset):
        signal.connect(_end_others, dispatch_uid="heron.sessions")


def _end_others(request: HttpRequest, user: User, **_: Any) -> None:
    """Django lets no other browser in any more, as sessions know the password they began with. But rows of them would
    stay, and whoever asks those would go on telling a stolen device of new mail."""
    end_sessions(user, but=request.session.session_key)


def live_sessions(keys: Iterable[str]) -> frozenset[str]:
    """Which of these sessions go on: neither signed out, nor ended from elsewhere, nor run out."""
    found = Session.objects.filter(session_key__in=list(keys), expire_date__gt=timezone.now())
    return frozenset(found.values_list("session_key", flat=True))


def deactivate(user: User) -> bool:
    """Shut the user out and stop their sync; nothing is deleted. False if they were shut out already."""
    changed = User.objects.filter(pk=user.pk, is_active=True).update(is_active=False)
    user.is_active = False
    end_sessions(user)
    return bool(changed)


def activate(user: User) -> bool:
    """Let the user in again; their sync resumes by itself. False if they were active already."""
    changed = User.objects.filter(pk=user.pk, is_active=False).update(is_active=True)
    user.is_active = True
    return bool(changed)
