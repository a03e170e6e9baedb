"""A real submission server (aiosmtpd) on loopback: TLS or STARTTLS, AUTH, and what it was given.

``smtp_server`` serves one test. ``refuse`` sets replies for single addresses; ``deliver_to`` hands
messages for a ``Mailbox`` of the test Dovecot on to it, as a mail server would.
"""

import asyncio
import ssl
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailsync.types import Secret, Security, ServerSettings
from tests.servers.certificates import Certificates
from tests.servers.dovecot import Mailbox, free_port


@dataclass(frozen=True)
class Received:
    """One message as the server took it."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    mail_options: tuple[str, ...]


@dataclass
class _Handler:
    received: list[Received] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    refused_senders: dict[str, str] = field(default_factory=dict)
    final_reply: str = "250 2.0.0 taken"
    deliver: dict[str, Callable[[bytes], None]] = field(default_factory=dict)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (refusal := self.refused_senders.get(address.strip("<>"))) is not None:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 fine"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        if self.final_reply.startswith("250"):
            message = Received(
                (envelope.mail_from or "").strip("<>"), tuple(envelope.rcpt_tos), content, tuple(envelope.mail_options)
            )
            self.received.append(message)
            for address in message.recipients:
                if address in self.deliver:
                    await server.loop.run_in_executor(None, self.deliver[address], content)
        return self.final_reply


class SmtpServer:
    """The running server. ``tls`` and ``starttls`` are settings that log in to it."""

    username = "sender@example.test"
    password = "correct horse"

    def __init__(
        self, certificates: Certificates, *, size_limit_bytes: int = 10_000_000, smtputf8: bool = True
    ) -> None:
        self.certificates = certificates
        self.handler = _Handler()
        #: What clients logged in with, right or wrong.
        self.logins: list[object] = []
        context = certificates.server_context()
        common: dict[str, Any] = {
            "hostname": "127.0.0.1",
            "authenticator": self._authenticate,
            "auth_required": True,
            "enable_SMTPUTF8": smtputf8,
            "data_size_limit": size_limit_bytes,
        }
        self._tls = _TlsController(self.handler, port=free_port(), tls=context, auth_require_tls=False, **common)
        self._starttls = _PlainController(
            self.handler, port=free_port(), tls_context=context, require_starttls=True, **common
        )

    @property
    def received(self) -> list[Received]:
        return self.handler.received

    @property
    def tls(self) -> ServerSettings:
        return self._settings(self._tls.port, Security.TLS)

    @property
    def starttls(self) -> ServerSettings:
        return self._settings(self._starttls.port, Security.STARTTLS)

    def refuse(self, address: str, reply: str) -> None:
        """Answer RCPT for ``address`` with this line, as ``550 5.1.1 no such user``."""
        self.handler.refused[address] = reply

    def refuse_sender(self, address: str, reply: str) -> None:
        """The same to MAIL; "" is the empty sender."""
        self.handler.refused_senders[address] = reply

    def deliver_to(self, mailbox: Mailbox) -> None:
        """Hand what comes for this mailbox on to it."""
        self.handler.deliver[mailbox.address] = mailbox.deliver

    def _authenticate(
        self, server: object, session: object, envelope: object, mechanism: str, data: object
    ) -> AuthResult:
        self.logins.append(data)
        known = LoginPassword(self.username.encode(), self.password.encode())
        return AuthResult(success=data == known, handled=False)

    def _settings(self, port: int, security: Security) -> ServerSettings:
        return ServerSettings(
            protocol="smtp",
            host="localhost",
            port=port,
            security=security,
            username=self.username,
            secret=Secret("password", self.password),
            timeout_seconds=20,
            allow_private=True,
            ca_file=self.certificates.ca_file,
        )

    def start(self) -> None:
        self._tls.start()
        self._starttls.start()

    def stop(self) -> None:
        self._tls.stop()
        self._starttls.stop()


class _PlainController(Controller):
    """Takes each message's bytes as they come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.conversations: list[SMTP] = []
        super().__init__(*args, **kwargs)

    def factory(self) -> SMTP:
        with warnings.catch_warnings():
            # TLS is there before SMTP begins, which aiosmtpd does not see.
            warnings.simplefilter("ignore", UserWarning)
            self.conversations.append(SMTP(self.handler, hostname="localhost", **self.SMTP_kwargs))
        return self.conversations[-1]

    def stop(self, no_assert: bool = False) -> None:
        """Close what clients left open before the loop ends; otherwise it lingers as a leaked socket."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(timeout=10)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for conversation in self.conversations:
            if isinstance(conversation.transport, asyncio.Transport):
                conversation.transport.abort()
        await asyncio.sleep(0.01)


class _TlsController(_PlainController):
    def __init__(self, handler: object, *, tls: ssl.SSLContext, **kwargs: object) -> None:
        super().__init__(handler, ssl_context=tls, **kwargs)


@pytest.fixture
def smtp_server(certificates: Certificates) -> Iterator[SmtpServer]:
    server = SmtpServer(certificates)
    server.start()
    yield server
    server.stop()
