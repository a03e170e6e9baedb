"""The log of a person's safety: what allauth, Django and our own views tell flows in, rows flow out. Database room.

``record`` is called by the views that change something; what allauth does by itself is heard by its signals.
Nothing secret is ever handed in: an address, a name, a word on what was done.
"""

from datetime import timedelta
from typing import Any

from allauth.account import signals as account_signals
from allauth.account.adapter import get_adapter
from allauth.mfa import signals as mfa_signals
from allauth.socialaccount import signals as social_signals
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.core.exceptions import PermissionDenied
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import SecurityEvent, User

Kind = SecurityEvent.Kind
_KEPT = timedelta(days=365)


def record(
    kind: SecurityEvent.Kind, user: User, request: HttpRequest | None = None, *, detail: str = "", actor: Any = None
) -> None:
    """Write one line for this person. ``actor`` is who did it, where that is somebody else."""
    SecurityEvent.objects.create(
        user=user,
        actor=actor if actor is not None and actor.pk != user.pk else None,
        kind=kind,
        detail=detail[:300],
        ip=_address(request) if request is not None else None,
        user_agent=request.headers.get("User-Agent", "")[:300] if request is not None else "",
    )


def _address(request: HttpRequest) -> str | None:
    """Where it came from; None where nobody says, as over a socket: signing out must not fail for that."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None


def forget_old() -> int:
    """Lines older than a year."""
    return SecurityEvent.objects.filter(created_at__lt=timezone.now() - _KEPT).delete()[0]


def listen() -> None:
    """Hear what allauth, Django and its admin do; called once, when Django starts."""
    account_signals.user_logged_in.connect(_signed_in, dispatch_uid="heron.log")
    user_logged_out.connect(_signed_out, dispatch_uid="heron.log")
    user_login_failed.connect(_refused, dispatch_uid="heron.log")
    for signal in (account_signals.password_changed, account_signals.password_set, account_signals.password_reset):
        signal.connect(_password_changed, dispatch_uid="heron.log")
    for signal in (account_signals.email_changed, account_signals.email_added, account_signals.email_removed):
        signal.connect(_address_changed, dispatch_uid="heron.log")
    mfa_signals.authenticator_added.connect(_factor_added, dispatch_uid="heron.log")
    for signal in (mfa_signals.authenticator_removed, mfa_signals.authenticator_reset):
        signal.connect(_factor_removed, dispatch_uid="heron.log")
    social_signals.social_account_added.connect(_linked, dispatch_uid="heron.log")
    social_signals.social_account_removed.connect(_unlinked, dispatch_uid="heron.log")
    post_save.connect(_admin_act, sender=LogEntry, dispatch_uid="heron.log")


def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    record(Kind.SIGNED_IN, user, request)


def _linked(request: HttpRequest, sociallogin: SocialLogin, **_: Any) -> None:
    record(Kind.PROVIDER_LINKED, sociallogin.user, request, detail=sociallogin.account.provider)


def _unlinked(request: HttpRequest, socialaccount: SocialAccount, **_: Any) -> None:
    record(Kind.PROVIDER_UNLINKED, socialaccount.user, request, detail=socialaccount.provider)


def _signed_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:
        record(Kind.SIGNED_OUT, user, request)


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """A wrong password; for an address that nobody has, there is nobody to tell."""
    address = str(credentials.get("email") or credentials.get("login") or credentials.get("username") or "")
    user = User.objects.filter(email__iexact=address).first() if address else None
    if user is not None:
        record(Kind.SIGN_IN_FAILED, user, request)


def _password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    record(Kind.PASSWORD_CHANGED, user, request)


def _address_changed(request: HttpRequest, user: User, **more: Any) -> None:
    address = more.get("to_email_address") or more.get("email_address")
    record(Kind.ADDRESS_CHANGED, user, request, detail=getattr(address, "email", ""))


def _factor_added(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    record(Kind.FACTOR_ADDED, user, request, detail=str(authenticator.get_type_display()))


def _factor_removed(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    record(Kind.FACTOR_REMOVED, user, request, detail=str(authenticator.get_type_display()))


def _admin_act(instance: LogEntry, created: bool, **_: Any) -> None:
    """What an administrator did in the admin, told to whom it concerns."""
    thing = instance.get_edited_object() if created and not instance.is_deletion() else None
    user = thing if isinstance(thing, User) else getattr(thing, "user", None)
    if isinstance(user, User) and user.pk != instance.user_id:
        what = instance.get_change_message()
        if thing is not user:
            what = f"{instance.content_type and instance.content_type.name} {instance.object_repr}: {what}"
        record(Kind.ADMIN_ACT, user, detail=what, actor=instance.user)
