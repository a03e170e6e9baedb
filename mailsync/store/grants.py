"""Tokens put away: what a provider granted flows into the vault's rows. Database room."""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import Credential, MailAccount
from accounts.oauth import Grant


def save_tokens(account: MailAccount, grant: Grant) -> None:
    """The access token with its end, and the refresh token where a new one came; the old one stays otherwise."""
    _save(
        account, Credential.Kind.ACCESS_TOKEN, grant.access_token, timezone.now() + timedelta(seconds=grant.expires_in)
    )
    if grant.refresh_token:
        _save(account, Credential.Kind.REFRESH_TOKEN, grant.refresh_token, None)


def _save(account: MailAccount, kind: Credential.Kind, secret: str, expires_at: datetime | None) -> None:
    credential = Credential.objects.filter(account=account, kind=kind).first() or Credential(account=account, kind=kind)
    credential.set_secret(secret)
    credential.expires_at = expires_at
    credential.save()
