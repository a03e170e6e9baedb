"""Access tokens of mailboxes that are opened by OAuth: kept while they last, then asked for anew. The meeting room.

Refresh tokens of several providers (Microsoft, Fastmail) are good for one use: two workers that renew at
the same time would lose the account. So a renewal holds the row of the refresh token while it asks, and
who comes second finds the new one. It is the one place where a transaction spans a call to the outside;
the call is short and the row belongs to one account.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import oauth, vault
from accounts.models import Credential, MailAccount, OAuthApp
from mailsync.engine.hosts import is_private_allowed
from mailsync.errors import MailError, NeedsUser, Rejected, TryLater
from mailsync.protocol import http_get
from mailsync.protocol.egress import Kind
from mailsync.store.grants import save_tokens
from mailsync.types import Secret

_ANSWER_BYTES = 64 * 1024
_SECONDS = 10.0


def current_token(account: MailAccount) -> Secret:
    """An access token with some minutes left. Raises ``NeedsUser`` (``permission``) or ``TryLater``."""
    return _usable(account) or renewed_token(account)


def renewed_token(account: MailAccount, refused: str = "") -> Secret:
    """A new access token; or the one that another worker got while we waited, unless it is the ``refused`` one.

    Raises ``NeedsUser`` (``permission``) when the permission is gone, ``TryLater`` when the provider cannot say now.
    """
    with transaction.atomic():
        refresh = (
            Credential.objects.select_for_update().filter(account=account, kind=Credential.Kind.REFRESH_TOKEN).first()
        )
        found = _usable(account)
        if found is not None and found.value != refused:
            return found
        app = account.oauth_app
        if refresh is None or app is None:
            raise _permission_gone(account)
        grant = _refreshed(account, app, refresh)
        save_tokens(account, grant)
    return Secret("oauth2", grant.access_token)


def exchange_code(app: OAuthApp, *, code: str, redirect_uri: str, verifier: str, nonce: str) -> oauth.Grant:
    """The tokens behind an authorisation code. Raises ``NeedsUser`` or ``TryLater``, in words for the person."""
    form = oauth.build_exchange(
        client_id=app.client_id,
        client_secret=_client_secret(app),
        code=code,
        redirect_uri=redirect_uri,
        verifier=verifier,
    )
    try:
        return _ask(app, form, nonce)
    except oauth.OAuthRefused as error:
        raise NeedsUser(
            f"{app.name} did not confirm the sign-in ({error}). Start again; if it stays so, tell the operator.",
            code="permission",
            detail=str(error),
        ) from error


def find_endpoints(issuer: str) -> tuple[str, str, str]:
    """An OpenID provider's endpoints, by its own word. Raises a ``MailError`` with what is wrong."""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    check_url(url)
    status, body = http_get.send(
        "GET",
        url,
        kind=Kind.OAUTH,
        limit_bytes=_ANSWER_BYTES,
        timeout_seconds=_SECONDS,
        headers={"Accept": "application/json", "User-Agent": "Heron"},
        allow_private=_is_private_allowed(url),
    )
    if status != 200:
        raise Rejected(f"{url} answered {status}.", code=str(status))
    try:
        found = oauth.parse_endpoints(body, issuer)
    except ValueError as error:
        raise Rejected(f"{url} is not the description of that provider: {error}", code="issuer") from error
    for endpoint in filter(None, found):
        check_url(endpoint)
    return found


def revoke(account: MailAccount) -> None:
    """Give the permission back where the provider takes it (RFC 7009). Raises a ``MailError`` when it could not."""
    app = account.oauth_app
    refresh = account.credentials.filter(kind=Credential.Kind.REFRESH_TOKEN).first()
    if app is None or refresh is None or not app.endpoints.revoke_url:
        return
    form = {"token": refresh.reveal(), "token_type_hint": "refresh_token", "client_id": app.client_id}
    secret = _client_secret(app)
    _post(app.endpoints.revoke_url, form | ({"client_secret": secret} if secret else {}))


def check_url(url: str) -> None:
    """Tokens travel by TLS alone, unless the operator allows plain text. Raises ``Rejected``."""
    if not url.startswith("https://") and not settings.HERON_ALLOW_PLAINTEXT:
        raise Rejected(f"{url} is not an https:// address, so the tokens could be read on their way.", code="url")


def _usable(account: MailAccount) -> Secret | None:
    credential = account.credentials.filter(kind=Credential.Kind.ACCESS_TOKEN).first()
    if credential is None:
        return None
    left = timezone.now() + timedelta(seconds=oauth.RENEW_EARLY_SECONDS)
    if credential.expires_at is None or credential.expires_at <= left:
        return None
    try:
        return Secret("oauth2", credential.reveal())
    except vault.VaultError:
        return None


def _refreshed(account: MailAccount, app: OAuthApp, refresh: Credential) -> oauth.Grant:
    try:
        token = refresh.reveal()
    except vault.VaultError as error:
        raise NeedsUser(
            f"The stored permission of {account.address} cannot be read any more. Sign in at {app.name} again.",
            code="permission",
        ) from error
    form = oauth.build_refresh(client_id=app.client_id, client_secret=_client_secret(app), refresh_token=token)
    try:
        return _ask(app, form)
    except oauth.OAuthRefused as error:
        if error.final:
            raise _permission_gone(account, str(error)) from error
        raise TryLater(
            f"{app.name} does not renew the permission just now ({error.error}).", after_seconds=300, detail=str(error)
        ) from error


def _permission_gone(account: MailAccount, detail: str = "") -> NeedsUser:
    where = account.oauth_app.name if account.oauth_app else account.host
    return NeedsUser(
        f"{where} no longer accepts the permission you gave: it was withdrawn there, or the password was changed. "
        "Sign in there again.",
        code="permission",
        detail=detail,
    )


def _client_secret(app: OAuthApp) -> str:
    try:
        return app.reveal()
    except vault.VaultError as error:
        raise TryLater(f"The registration at {app.name} cannot be read: its secret must be entered again.") from error


def _ask(app: OAuthApp, form: dict[str, str], nonce: str = "") -> oauth.Grant:
    status, body = _post(app.endpoints.token_url, form)
    return oauth.parse_grant(status, body, client_id=app.client_id, nonce=nonce)


def _post(url: str, form: dict[str, str]) -> tuple[int, bytes]:
    check_url(url)
    try:
        return http_get.post_form(
            url,
            form,
            kind=Kind.OAUTH,
            limit_bytes=_ANSWER_BYTES,
            timeout_seconds=_SECONDS,
            allow_private=_is_private_allowed(url),
        )
    except NeedsUser as error:
        # A provider that is out of reach is not the person's to mend.
        raise TryLater(str(error), after_seconds=120, detail=error.detail) from error
    except Rejected as error:
        raise MailError(f"The provider's address does not work: {error}", detail=error.detail) from error


def _is_private_allowed(url: str) -> bool:
    parts = urlsplit(url)
    return is_private_allowed(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
