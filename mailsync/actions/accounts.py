"""Accounts connected, mended, paused and removed by their user.

In: server settings with the secrets the user typed. Out: a ``LoginReport`` in plain words, or the saved
account. Secrets go into ``Credential`` as ciphertext and nowhere else.
"""

from typing import Any, Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.discovery import Discovery
from accounts.models import AuthMethod, Credential, Identity, MailAccount, OAuthApp, OutgoingServer, User
from accounts.oauth import Grant
from accounts.vault import VaultError
from mailsync.actions import departures, wake
from mailsync.actions.owned import own_account
from mailsync.actions.verb import verb
from mailsync.engine import connect, discover, probe, tokens
from mailsync.engine.hosts import is_private_allowed, pinned_certificate
from mailsync.errors import CannotDo, MailError
from mailsync.models import AccountSync, Change, Outgoing
from mailsync.store import folders, leases, pop, search_names
from mailsync.store.grants import save_tokens
from mailsync.types import Examined, LoginReport, Secret, Security, ServerSettings, StepResult


def check_login(incoming: ServerSettings, outgoing: ServerSettings | None) -> LoginReport:
    """Try both servers and say in plain words what is wrong; takes as long as they take, saves nothing."""
    return LoginReport(
        incoming=probe.probe_incoming(incoming),
        outgoing=probe.probe_outgoing(outgoing) if outgoing else StepResult(True, "skipped"),
    )


def examine_account(account: MailAccount) -> list[tuple[ServerSettings, list[Examined]]]:
    """Both servers of a connected account, looked at step by step; takes seconds, sends and saves nothing."""
    return [(server, probe.examine(server, lacks)) for server, lacks in connect.settings_to_examine(account)]


def exchange_code(app: OAuthApp, *, code: str, redirect_uri: str, verifier: str, nonce: str) -> Grant:
    """The tokens behind the code that a provider sent back; takes as long as the provider does, saves nothing.

    Raises a ``MailError`` in words for the person."""
    return tokens.exchange_code(app, code=code, redirect_uri=redirect_uri, verifier=verifier, nonce=nonce)


def withdraw_permission(account: MailAccount) -> str:
    """Give an OAuth permission back at its provider, before the account is forgotten. Returns why it could not be."""
    try:
        tokens.revoke(account)
    except (MailError, VaultError) as error:
        return str(error)
    return ""


def find_servers(address: str) -> Discovery | None:
    """What the network says of the servers behind an address; takes seconds, sends no password, saves nothing."""
    return discover.discover_servers(address)


@verb
def connect_account(
    user: User,
    *,
    address: str,
    incoming: ServerSettings,
    outgoing: ServerSettings | OutgoingServer | None,
    name: str = "",
    label: str = "",
    provider: str = "",
    app: OAuthApp | None = None,
    grant: Grant | None = None,
    **options: Any,
) -> MailAccount:
    """Save an account whose login has been proved, with its default identity, and fetch its mail at once.

    ``outgoing`` is the account's own server, one of the user's servers (a relay), or None to read only.
    ``app`` and ``grant`` stand in the place of a password where the mailbox is opened by OAuth.
    ``options`` are further fields of ``MailAccount`` (leave_on_server, leave_days, hue).
    Raises ``CannotDo`` when the account is connected already.
    """
    if isinstance(outgoing, OutgoingServer):
        if outgoing.user_id != user.pk:
            raise CannotDo("This outgoing server is not yours.", field="outgoing")
        server: OutgoingServer | None = outgoing
    else:
        server = _save_server(user, outgoing) if outgoing else None
    try:
        with transaction.atomic():
            account = MailAccount.objects.create(
                user=user,
                label=label,
                address=address,
                provider=provider,
                protocol=incoming.protocol,
                host=incoming.host,
                port=incoming.port,
                security=incoming.security.value,
                auth_method=incoming.secret.kind,
                oauth_app=app,
                username=incoming.username,
                outgoing_server=server,
                position=user.mail_accounts.count(),
                **{"hue": _next_hue(user), **options},
            )
    except IntegrityError:
        raise CannotDo("This account is connected already.", field="username") from None
    if grant is not None:
        save_tokens(account, grant)
    else:
        keep_secret(incoming.secret, account=account)
    Identity.objects.create(
        user=user,
        account=account,
        name=name or user.name,
        address=address,
        is_default=True,
        # The login itself proves the account's own address.
        verified_at=timezone.now(),
    )
    AccountSync.objects.create(account=account, due_at=timezone.now(), active_at=timezone.now())
    _start(account)
    addresses_changed(user.pk)
    return account


@verb
def update_account(
    user_id: int,
    account_id: int,
    *,
    incoming: ServerSettings | None = None,
    outgoing: ServerSettings | OutgoingServer | Literal["none"] | None = None,
    **options: Any,
) -> MailAccount:
    """Change what is given: proved server settings, and fields such as label, hue, position, leave_on_server.

    ``outgoing`` is as for ``connect_account``, with ``"none"`` to read only.
    """
    account = own_account(user_id, account_id)
    before, own = account.outgoing_server, account.own_server
    if incoming is not None:
        was, now = ((one.host.lower(), one.username.lower()) for one in (account, incoming))
        if was != now:
            leases.revoke(account.pk)
            folders.begin_anew(account.pk)
            pop.distrust_names(account.pk)
        account.host, account.port = incoming.host, incoming.port
        account.security = incoming.security.value
        account.username = incoming.username
        account.auth_method = incoming.secret.kind
        keep_secret(incoming.secret, account=account)
    if isinstance(outgoing, OutgoingServer):
        if outgoing.user_id != user_id:
            raise CannotDo("This outgoing server is not yours.", field="outgoing")
        account.outgoing_server = outgoing
    elif outgoing is not None:
        # What others send through stays as it is: this account then has a server of its own.
        account.outgoing_server = None if outgoing == "none" else _save_server(account.user, outgoing, own)
    for field, value in options.items():
        setattr(account, field, value)
    try:
        with transaction.atomic(), search_names.searches_follow(user_id):
            account.save()
    except IntegrityError:
        raise CannotDo("Another account has this sign-in on this server.", field="username") from None
    if before != account.outgoing_server:
        _drop_unused(before)
    if incoming is not None or outgoing is not None:
        _activate(account)
    wake.tell(user_id, "account", account=account.pk)
    return account


@verb
def renew_permission(user_id: int, account_id: int, app: OAuthApp, grant: Grant) -> MailAccount:
    """The person has given permission anew for a mailbox that is connected: fetching goes on."""
    account = own_account(user_id, account_id)
    account.oauth_app, account.auth_method = app, AuthMethod.OAUTH2
    account.save(update_fields=["oauth_app", "auth_method"])
    account.credentials.filter(kind=Credential.Kind.PASSWORD).delete()
    if account.outgoing_server is not None and not account.outgoing_server.is_relay:
        account.outgoing_server.credentials.all().delete()
        account.outgoing_server.auth_method = AuthMethod.OAUTH2
        account.outgoing_server.save(update_fields=["auth_method"])
    save_tokens(account, grant)
    _activate(account)
    return account


@verb
def rename_account(user_id: int, account_id: int, label: str) -> MailAccount:
    return update_account(user_id, account_id, label=label.strip()[:120])


@verb
def sync_now(user_id: int, account_id: int) -> None:
    """Fetch now, and push what waits, whatever the schedule says."""
    account = own_account(user_id, account_id)
    now = timezone.now()
    AccountSync.objects.filter(account=account).update(due_at=now, push_due_at=now, active_at=now)
    account.folders.filter(parked_at=None).exclude(due_at=None).update(due_at=now)
    _start(account)


@verb
def pause_account(user_id: int, account_id: int) -> MailAccount:
    """No fetching and no sending until it is resumed; what is there stays readable."""
    account = own_account(user_id, account_id)
    _set_state(account, MailAccount.State.PAUSED, "Paused by you.")
    return account


@verb
def resume_account(user_id: int, account_id: int) -> MailAccount:
    account = own_account(user_id, account_id)
    _activate(account)
    return account


@verb
def delete_account(user_id: int, account_id: int) -> None:
    """Forget the account and its secrets; all mail kept here is out of sight, and deleted by and by. What waits to be
    sent through it is not sent. The mail on its server is untouched."""
    account = own_account(user_id, account_id)
    server = account.outgoing_server
    departures.disconnect(account)
    _drop_unused(server)
    addresses_changed(user_id)
    wake.tell(user_id, "account", account=account_id)


def _drop_unused(server: OutgoingServer | None) -> None:
    """An account's own outgoing server, with its secret, once no account sends through it any more."""
    if server is not None and not server.is_relay and not server.mail_accounts.exists():
        Identity.objects.filter(outgoing_server=server).update(outgoing_server=None)
        server.delete()


def addresses_changed(user_id: int) -> None:
    """After an address of theirs has come or gone: other mail is to them now."""
    wake.address_soon(user_id)


def lists_changed(user_id: int) -> None:
    """After a person has switched conversations on or off: lists by message have lines of their own."""
    wake.tend_rows_soon(user_id)


def keep_secret(secret: Secret, *, account: MailAccount | None = None, server: OutgoingServer | None = None) -> None:
    """Encrypt and store one password for an account or a server, in place of the one it has."""
    owner: dict[str, Any] = {"account": account, "server": server, "kind": Credential.Kind.PASSWORD}
    credential = Credential.objects.filter(**owner).first() or Credential(**owner)
    credential.set_secret(secret.value)
    credential.save()


def _save_server(user: User, wanted: ServerSettings, server: OutgoingServer | None = None) -> OutgoingServer:
    server = server or OutgoingServer(user=user)
    server.host, server.port, server.security = wanted.host, wanted.port, wanted.security.value
    server.username, server.auth_method = wanted.username, wanted.secret.kind
    server.save()
    if wanted.secret.kind == "password":
        keep_secret(wanted.secret, server=server)
    else:
        # Its mailbox lends it the token, so that there is one to renew and one to withdraw.
        server.credentials.all().delete()
    return server


def _activate(account: MailAccount) -> None:
    _set_state(account, MailAccount.State.ACTIVE, "")
    now = timezone.now()
    AccountSync.objects.filter(account=account).update(due_at=now, push_due_at=now, failures=0)
    Change.objects.filter(account=account, finished_at=None).update(due_at=None)
    Outgoing.objects.filter(account=account, state=Outgoing.State.DEFERRED, finished_at=None).update(due_at=now)
    _start(account)


def _set_state(account: MailAccount, state: MailAccount.State, reason: str) -> None:
    account.state, account.state_reason, account.state_since = state, reason, timezone.now()
    account.save(update_fields=["state", "state_reason", "state_since"])
    wake.tell(account.user_id, "account", account=account.pk)


def _start(account: MailAccount) -> None:
    wake.sync_soon(account.pk)
    wake.push_soon([account.pk])


def _next_hue(user: User) -> int:
    """A colour for the account that its neighbours do not have: steps around the wheel (degrees)."""
    return (260 + 137 * user.mail_accounts.count()) % 360


def server_settings(
    *, protocol: str, host: str, port: int, security: str, username: str, password: str = "", token: str = ""
) -> ServerSettings:
    """What a form holds, as the probe wants it; what the operator allows comes from the settings."""
    return ServerSettings(
        protocol=protocol,  # type: ignore[arg-type]
        host=host.strip(),
        port=port,
        security=Security(security),
        username=username.strip(),
        secret=Secret("oauth2", token) if token else Secret("password", password),
        timeout_seconds=20,
        allow_private=is_private_allowed(host.strip(), port),
        allow_plaintext=settings.HERON_ALLOW_PLAINTEXT,
        pinned_sha256=pinned_certificate(host, port),
    )
