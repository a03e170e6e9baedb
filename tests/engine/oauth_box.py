"""A mailbox opened by OAuth: the registration, the account and its tokens, on the test's own servers."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Credential, Identity, MailAccount, OAuthApp, OutgoingServer, User
from mailsync.models import AccountSync
from mailsync.types import ServerSettings
from tests.factories import START, make_user
from tests.servers.oauth_provider import CLIENT_ID, CLIENT_SECRET, OAuthProvider


def make_app(provider: OAuthProvider) -> OAuthApp:
    app = OAuthApp(
        key="club",
        name="Club",
        client_id=CLIENT_ID,
        issuer=provider.issuer,
        authorize_url=f"{provider.issuer}/authorize",
        token_url=f"{provider.issuer}/token",
        revoke_url=f"{provider.issuer}/revoke",
    )
    app.set_secret(CLIENT_SECRET)
    app.save()
    return app


def make_oauth_account(
    provider: OAuthProvider,
    address: str,
    incoming: ServerSettings | None = None,
    outgoing: ServerSettings | None = None,
    user: User | None = None,
    **fields: Any,
) -> MailAccount:
    """Connected an hour ago: its access token is kept, and has an hour to go."""
    user = user or make_user()
    app = OAuthApp.objects.filter(key="club").first() or make_app(provider)
    where = incoming or ServerSettings("imap", "localhost", 1, "tls", address, None)  # type: ignore[arg-type]
    server = None
    if outgoing is not None:
        server = OutgoingServer.objects.create(
            user=user, host=outgoing.host, port=outgoing.port, security=outgoing.security, auth_method="oauth2",
            username=address,
        )  # fmt: skip
    account = MailAccount.objects.create(
        user=user, address=address, protocol=where.protocol, host=where.host, port=where.port,
        security=where.security, auth_method="oauth2", oauth_app=app, username=address, outgoing_server=server,
        **fields,
    )  # fmt: skip
    granted = provider.grant(address)
    for kind, name, seconds in (("access_token", "access_token", 3600), ("refresh_token", "refresh_token", 0)):
        credential = Credential(account=account, kind=kind)
        credential.set_secret(granted[name])
        credential.expires_at = timezone.now() + timedelta(seconds=seconds) if seconds else None
        credential.save()
    AccountSync.objects.create(account=account)
    Identity.objects.create(
        user=user, account=account, name="Anna", address=address, is_default=True, verified_at=START
    )
    return account


def let_it_end(account: MailAccount) -> None:
    """The kept access token has ended."""
    account.credentials.filter(kind="access_token").update(expires_at=timezone.now() - timedelta(seconds=1))
