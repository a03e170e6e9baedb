"""Open connections for an account: rows and secrets flow in, a logged-in source or sender flows out.

The meeting room. Here alone a stored secret is revealed, and handed to ``protocol`` at once. What the
operator allows (private hosts, plain text) is read from the settings at each connection.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal, TypeVar

from django.conf import settings
from django.db import connection

from accounts import vault
from accounts.models import AuthMethod, Credential, MailAccount, OutgoingServer
from mailsync.engine import tokens
from mailsync.engine.hosts import is_private_allowed, pinned_certificate
from mailsync.errors import MailError, NeedsUser
from mailsync.protocol import imap, pop3, smtp
from mailsync.protocol.contract import MailSender
from mailsync.protocol.imap import ImapSource
from mailsync.protocol.imap_wire import Limits
from mailsync.protocol.pop3 import Pop3Source
from mailsync.types import Secret, Security, ServerSettings

Scheme = Literal["imap", "pop3", "smtp"]
Compress = Literal["never", "far"]
T = TypeVar("T")
_EXAMINE_SECONDS = 15.0


def open_source(account: MailAccount) -> ImapSource:
    """Log in to the incoming server. Raises ``NeedsUser``, ``TryLater`` or ``TryNow``."""
    return source_opener(account)()


def source_opener(account: MailAccount, *, fetches: bool = False) -> Callable[[], ImapSource]:
    """A function that logs in whenever it is called; the database is read here, once, and not by it: but for an
    access token that the server refuses, which is then renewed. One that ``fetches`` much has it compressed."""
    server, most = incoming_settings(account), settings.HERON_MESSAGE_SIZE_LIMIT_BYTES
    compress: Compress = "far" if fetches else "never"
    return _opener(account, server, lambda wanted: imap.connect(wanted, limits=Limits(most), compress=compress))


def open_maildrop(account: MailAccount) -> Pop3Source:
    """Log in to the account's POP3 server. Raises ``NeedsUser``, ``TryLater`` or ``TryNow``."""
    return _opener(account, incoming_settings(account), pop3.connect)()


def open_sender(server: OutgoingServer, *, account: MailAccount | None = None) -> MailSender:
    """Log in to a submission server. ``account`` lends its secret to a server that has none of its own."""
    wanted = outgoing_settings(server, account=account)
    return _opener(_lender(server, account), wanted, smtp.connect)()


def _opener(
    account: MailAccount | None, server: ServerSettings, dial: Callable[[ServerSettings], T]
) -> Callable[[], T]:
    """``dial``, and once more with a new token where the server refuses the one it was given: it may have been
    withdrawn before its time, or have ended while the connection was open."""
    made_in, current = threading.get_ident(), server

    def dial_again() -> T:
        nonlocal current
        try:
            return dial(current)
        except NeedsUser as error:
            if error.code != "token" or account is None:
                raise
            try:
                current = replace(server, secret=tokens.renewed_token(account, refused=current.secret.value))
            finally:
                if threading.get_ident() != made_in:
                    # A thread that only fetches has no use for the database connection this took.
                    connection.close()
            return dial(current)

    return dial_again


def incoming_settings(account: MailAccount) -> ServerSettings:
    """Where and how to log in to fetch mail. Raises ``NeedsUser`` where the secret is missing."""
    scheme: Scheme = "pop3" if account.protocol == "pop3" else "imap"
    if account.auth_method == AuthMethod.OAUTH2:
        secret = tokens.current_token(account)
    else:
        secret = _password(account.credentials.all(), account.address)
    return _settings(scheme, account.host, account.port, account.security, account.username, secret)


def outgoing_settings(server: OutgoingServer, *, account: MailAccount | None = None) -> ServerSettings:
    """Where and how to log in to send mail. Raises ``NeedsUser`` where the secret is missing."""
    lender = _lender(server, account)
    if server.auth_method == AuthMethod.OAUTH2:
        if lender is None:
            raise NeedsUser(f"No mailbox lends its sign-in to {server}. Connect it again.", code="token")
        secret = tokens.current_token(lender)
    else:
        stored = list(server.credentials.all()) or (list(lender.credentials.all()) if lender is not None else [])
        secret = _password(stored, str(server))
    return _settings("smtp", server.host, server.port, server.security, server.username, secret)


def settings_to_examine(account: MailAccount) -> list[tuple[ServerSettings, str]]:
    """Both servers of an account, each with why there is no secret for it, or ""; a person waits, so with less time."""
    scheme: Scheme = "pop3" if account.protocol == "pop3" else "imap"
    ways: list[tuple[Scheme, MailAccount | OutgoingServer, Callable[[], ServerSettings]]] = [
        (scheme, account, lambda: incoming_settings(account))
    ]
    if (server := account.outgoing_server) is not None:
        ways.append(("smtp", server, lambda: outgoing_settings(server, account=account)))
    found: list[tuple[ServerSettings, str]] = []
    for kind, row, load in ways:
        lacks = ""
        try:
            wanted = load()
        except MailError as error:
            lacks, none = str(error), Secret("password", "")
            wanted = _settings(kind, row.host, row.port, row.security, row.username, none)
        found.append((replace(wanted, timeout_seconds=_EXAMINE_SECONDS), lacks))
    return found


def _lender(server: OutgoingServer, account: MailAccount | None) -> MailAccount | None:
    """Whose token opens this server: the mailbox that it belongs to, whichever sends through it."""
    if server.auth_method != AuthMethod.OAUTH2:
        return account
    return server.mail_accounts.select_related("oauth_app").first() or account


def _settings(scheme: Scheme, host: str, port: int, security: str, username: str, secret: Secret) -> ServerSettings:
    return ServerSettings(
        protocol=scheme,
        host=host,
        port=port,
        security=Security(security),
        username=username,
        secret=secret,
        allow_private=is_private_allowed(host, port),
        allow_plaintext=settings.HERON_ALLOW_PLAINTEXT,
        pinned_sha256=pinned_certificate(host, port),
    )


def _password(stored: Iterable[Credential], owner: str) -> Secret:
    for credential in stored:
        if credential.kind == Credential.Kind.PASSWORD:
            try:
                return Secret("password", credential.reveal())
            except vault.VaultError as error:
                raise NeedsUser(
                    f"The stored password of {owner} cannot be read any more. Please type it again.",
                    code="password",
                ) from error
    raise NeedsUser(f"No password is stored for {owner}. Please type it again.", code="password")
