"""A submission server that takes mail without login and fails on purpose, once for each fault it is given.

What it holds is the truth a sending test asserts: ``received`` are the messages it took, in order.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailsync.types import Secret, Security, ServerSettings
from tests.servers.dovecot import free_port


@dataclass(frozen=True)
class Held:
    """One message as it was taken."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass
class _Rules:
    """``faults`` are used up from the front: ``rcpt``, ``data`` and ``dot`` drop the connection there,
    ``taken`` drops it once the message is kept; a reply such as ``451 4.3.0 busy`` answers the dot.
    ``refusals`` answer single recipients, ``replies`` MAIL and DATA; each list is used up from the front.
    ``pipelines`` offers PIPELINING."""

    received: list[Held] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    replies: dict[str, list[str]] = field(default_factory=dict)
    on_taken: Callable[[bytes], None] | None = None
    pipelines: bool = False

    @property
    def fault(self) -> str:
        return self.faults[0] if self.faults else ""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        session.host_name = name
        return [*lines[:-1], "250-PIPELINING", lines[-1]] if self.pipelines else lines

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.replies.get("MAIL"):
            return self.replies["MAIL"].pop(0)
        envelope.mail_from = address
        return "250 2.1.0 fine"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.fault == "rcpt":
            self.drop(server)
        if self.refusals.get(address):
            return self.refusals[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.fault[:1].isdigit():
            return self.faults.pop(0)
        if self.fault != "dot":
            self.received.append(Held(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content))
            if self.on_taken is not None:
                self.on_taken(envelope.content)
        if self.fault in ("dot", "taken"):
            self.drop(server)
        return "250 2.0.0 taken"

    def drop(self, server: SMTP) -> None:
        self.faults.pop(0)
        assert isinstance(server.transport, asyncio.Transport)
        server.transport.abort()


class _Conversation(SMTP):
    """Drops at DATA where told to, and lets the server know when it is over."""

    over: Callable[[], None]

    async def smtp_DATA(self, arg: str) -> None:
        if self.event_handler.fault == "data":
            self.event_handler.drop(self)
        elif self.event_handler.replies.get("DATA"):
            await self.push(self.event_handler.replies["DATA"].pop(0))
        else:
            await super().smtp_DATA(arg)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.over()


class ReceivingServer(Controller):
    """Listens on a free loopback port; ``connections`` were opened so far."""

    def __init__(self) -> None:
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self.rules = _Rules()
        self.connections = self._over = 0
        super().__init__(self.rules, hostname="127.0.0.1", port=free_port())

    def factory(self) -> SMTP:
        self.connections += 1
        conversation = _Conversation(self.handler, hostname="localhost", **self.SMTP_kwargs)
        conversation.over = self._one_is_over
        return conversation

    def _one_is_over(self) -> None:
        self._over += 1

    @property
    def received(self) -> list[Held]:
        return self.rules.received

    def delivered_to(self) -> list[str]:
        """Every copy taken, one entry for each recipient."""
        return sorted(address for one in self.received for address in one.recipients)

    def settings(self) -> ServerSettings:
        return ServerSettings(
            protocol="smtp",
            host="127.0.0.1",
            port=self.port,
            security=Security.NONE,
            username="",
            secret=Secret("password", ""),
            timeout_seconds=20,
            allow_private=True,
            allow_plaintext=True,
        )

    def begin(self, **rules: Any) -> None:
        """Empty, and under new rules (see ``_Rules``), for the next run."""
        self.wait_until_quiet()
        for name, value in vars(_Rules(**rules)).items():
            setattr(self.rules, name, value)

    def wait_until_quiet(self) -> None:
        """Until every connection has ended: what a client cut short has then been taken, or never will be."""
        deadline = time.monotonic() + 10
        while self._over < self.connections:
            assert time.monotonic() < deadline, "a connection is still open"
            time.sleep(0.001)


@pytest.fixture
def receiving() -> Iterator[ReceivingServer]:
    server = ReceivingServer()
    server.start()
    yield server
    server.stop()
