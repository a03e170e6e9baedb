"""Ending a person's access: a user flows in, their sessions are gone. Database room.

``is_active`` off is enough to stop their sync (the scheduler asks for it) and to refuse the next
request; ending the sessions as well makes it final for every device, and leaves no cookie behind
that would work again after a reactivation.
"""

from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User


def end_sessions(user: User) -> int:
    """Sign the user out everywhere. Returns how many sessions were ended."""
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    return len(sessions)


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
