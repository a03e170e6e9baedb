"""Open connections for an account: rows and secrets flow in, a logged-in source or sender flows out.

The meeting room. Here alone a stored secret is revealed, and handed to ``protocol`` at once. What the
operator allows (private hosts, plain text) is read from the settings at each connection.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from django.conf import settings

from accounts import vault
from accounts.models import AuthMethod, Credential, MailAccount, OutgoingServer
from mailsync.errors import NeedsUser
from mailsync.protocol import imap, pop3, smtp
from mailsync.protocol.contract import MailSender
from mailsync.protocol.imap import ImapSource
from mailsync.protocol.pop3 import Pop3Source
from mailsync.types import Secret, Security, ServerSettings

Scheme = Literal["imap", "pop3", "smtp"]


def open_source(account: MailAccount) -> ImapSource:
    """Log in to the incoming server. Raises ``NeedsUser``, ``TryLater`` or ``TryNow``."""
    return source_opener(account)()


def source_opener(account: MailAccount) -> Callable[[], ImapSource]:
    """A function that logs in whenever it is called; the database is read here, once, and not by it."""
    server, most = incoming_settings(account), settings.HERON_MESSAGE_SIZE_LIMIT_BYTES
    return lambda: imap.connect(server, max_message_bytes=most)


def open_maildrop(account: MailAccount) -> Pop3Source:
    """Log in to the account's POP3 server. Raises ``NeedsUser``, ``TryLater`` or ``TryNow``."""
    return pop3.connect(incoming_settings(account))


def open_sender(server: OutgoingServer, *, account: MailAccount | None = None) -> MailSender:
    """Log in to a submission server. ``account`` lends its secret to a server that has none of its own."""
    return smtp.connect(outgoing_settings(server, account=account))


def incoming_settings(account: MailAccount) -> ServerSettings:
    """Where and how to log in to fetch mail. Raises ``NeedsUser`` where the secret is missing."""
    scheme: Scheme = "pop3" if account.protocol == "pop3" else "imap"
    secret = _secret(account.auth_method, account.credentials.all(), account.address)
    return _settings(scheme, account.host, account.port, account.security, account.username, secret)


def outgoing_settings(server: OutgoingServer, *, account: MailAccount | None = None) -> ServerSettings:
    """Where and how to log in to send mail. Raises ``NeedsUser`` where the secret is missing."""
    stored = list(server.credentials.all()) or (list(account.credentials.all()) if account is not None else [])
    secret = _secret(server.auth_method, stored, str(server))
    return _settings("smtp", server.host, server.port, server.security, server.username, secret)


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
    )


def is_private_allowed(host: str, port: int) -> bool:
    """May this server be on a private address? ``HERON_ALLOW_PRIVATE_HOSTS``: "all", or host, or host:port."""
    allowed = {word.lower() for word in settings.HERON_ALLOW_PRIVATE_HOSTS}
    return bool(allowed & {"all", host.lower(), f"{host}:{port}".lower()})


def _secret(method: str, stored: Iterable[Credential], owner: str) -> Secret:
    kind = Credential.Kind.PASSWORD if method == AuthMethod.PASSWORD else Credential.Kind.ACCESS_TOKEN
    for credential in stored:
        if credential.kind == kind:
            try:
                return Secret("password" if kind == Credential.Kind.PASSWORD else "oauth2", credential.reveal())
            except vault.VaultError as error:
                raise NeedsUser(
                    f"The stored password of {owner} cannot be read any more. Please type it again.",
                    code="password",
                ) from error
    raise NeedsUser(f"No password is stored for {owner}. Please type it again.", code="password")
