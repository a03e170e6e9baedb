"""The demo's mail server: IMAP and submission in memory on loopback, several users, one password.

``mail-devel`` gives the mailboxes and IMAP. Its own SMTP handler delivers by the To header and
rewrites messages; a real server delivers the bytes it was given to the envelope's recipients, so
that part is ours, and it runs in IMAP's event loop, so that IDLE clients hear of mail at once.
Anyone written to gets a mailbox: every person of the sample can be signed in as.
"""

import argparse
import asyncio
import os
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from mail_devel.auth import SMTPAuthenticator
from mail_devel.mailbox import TestMailboxDict
from mail_devel.service import Service
from pymap.backend.dict.mailbox import MailboxData
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag, Recent, Wildcard, get_system_flags


def _kept_flags(mailbox: MailboxData) -> frozenset[Flag]:
    """RFC 9051 §7.1: with ``\\*`` among the permanent flags new keywords can be made, so that labels are kept.

    A mailbox of the package names the system flags alone, and forgets all others that it is told.
    """
    return (get_system_flags() - {Recent}) | {Wildcard}


class EnvelopeDelivery:
    """Delivers to the INBOX of each recipient of the envelope (so Bcc works), bytes unchanged."""

    def __init__(self, mailboxes: TestMailboxDict) -> None:
        self.mailboxes = mailboxes

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        now = datetime.now(UTC)
        trace = (
            f"Return-Path: <{envelope.mail_from}>\r\n"
            f"Received: from {session.host_name or 'client'} by demo.example with ESMTPA; {format_datetime(now)}\r\n"
        )
        content = envelope.original_content or b""
        literal = trace.encode("utf-8" if envelope.smtp_utf8 else "ascii", "replace") + content
        for address in dict.fromkeys(address.lower() for address in envelope.rcpt_tos):
            account = await self.mailboxes.get(address)
            inbox = await account.get_mailbox("INBOX")
            await inbox.append(AppendMessage(literal=literal, when=now, flag_set=frozenset()))
        return "250 2.0.0 Delivered"


async def serve(host: str, imap_port: int, smtp_port: int, password: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = Service.parse(
        [
            *("--host", host, "--imap-port", str(imap_port), "--smtp-port", str(smtp_port)),
            *("--user", "demo@demo.example", "--password", password, "--multi-user", "--no-http", "--auth-required"),
        ]
    )
    MailboxData.permanent_flags = property(_kept_flags)  # type: ignore[assignment,method-assign]  # made deep inside
    service = await Service.init(arguments)
    service.smtp = service.smtps = None  # Ours runs in this loop instead, see above.
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        await service.backend.start(stack)
        await service.imap.start(stack)
        delivery = EnvelopeDelivery(service.mailboxes)
        authenticator = SMTPAuthenticator(arguments.user, password, multi_user=True)

        def session() -> Any:
            return SMTP(
                delivery,
                authenticator=authenticator,
                auth_required=True,
                auth_require_tls=False,
                enable_SMTPUTF8=True,
                hostname="demo.example",
                loop=loop,
            )

        server = await loop.create_server(session, host, smtp_port)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        await stopping.wait()
        os._exit(0)  # Everything is in memory: there is nothing to flush, and clients may hold IDLE open.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--imap-port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.imap_port, options.smtp_port, os.environ["HERON_DEMO_PASSWORD"]))


if __name__ == "__main__":
    main()
