"""How fast a queue drains: ``python -m bench.send [--messages 1000] [--accounts 20] [--away 0 20]``.

The messages wait in the outbox of so many accounts; one worker sends them turn by turn, with every commit, the
Sent copy and the search index. Beside it, in the same run, two others send the same bytes over the same number of
connections: a bare smtplib loop that keeps no record of anything, and the same loop with the least record that
survives a crash (a row committed before each message and again after it). The server is a process of its own,
``--away`` milliseconds (a round trip) off: 0 is a server on this machine, which shows what the records cost; 20 is
a provider.
"""

import argparse
import asyncio
import smtplib
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from bench.scratch import scratch_database

BODY = "<p>" + "Good morning, here are the figures for this week. " * 40 + "</p>"


def serve(port: int, away_seconds: float) -> None:
    """A server that takes everything and offers PIPELINING; all it hears reaches it ``away_seconds`` late."""
    from aiosmtpd.smtp import SMTP

    class Answers:
        async def handle_EHLO(self, _s: object, session: object, _e: object, name: str, lines: list[str]) -> list[str]:
            session.host_name = name  # type: ignore[attr-defined]
            return [*lines[:-1], "250-PIPELINING", lines[-1]]

    class Away(SMTP):
        def data_received(self, data: bytes) -> None:
            if away_seconds:
                asyncio.get_running_loop().call_later(away_seconds, super().data_received, data)
            else:
                super().data_received(data)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Away(Answers(), hostname="localhost"), "127.0.0.1", port)
        print("ready", flush=True)
        await server.serve_forever()

    asyncio.run(run())


def bare(port: int, letters: dict[int, list[tuple[str, str, bytes]]]) -> float:
    """The loop that everyone writes first: a connection for each account, ``sendmail`` for each message."""
    began = time.perf_counter()
    for batch in letters.values():
        with smtplib.SMTP("127.0.0.1", port) as connection:
            for sender, recipient, raw in batch:
                connection.sendmail(sender, [recipient], raw)
    return time.perf_counter() - began


def recorded(port: int, letters: dict[int, list[tuple[str, str, bytes]]]) -> float:
    """The loop with a record: what was about to be sent, and what was."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS peer (id bigserial PRIMARY KEY, state text, raw bytea)")
        began = time.perf_counter()
        for batch in letters.values():
            with smtplib.SMTP("127.0.0.1", port) as server:
                for sender, recipient, raw in batch:
                    cursor.execute("INSERT INTO peer (state, raw) VALUES ('sending', %s) RETURNING id", [raw])
                    number = cursor.fetchone()
                    server.sendmail(sender, [recipient], raw)
                    cursor.execute("UPDATE peer SET state = 'sent' WHERE id = %s", number)
        return time.perf_counter() - began


def drain(port: int) -> float:
    from mailsync.engine.deliver import Doors, deliver
    from mailsync.protocol import smtp
    from mailsync.store import turns
    from mailsync.types import Secret, Security, ServerSettings
    from tests.engine.fake_server import FakeServer

    there = ServerSettings(
        protocol="smtp",
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        username="",
        secret=Secret("password", ""),
        allow_private=True,
        allow_plaintext=True,
    )
    opened = []

    def open_sender(*_: object) -> smtp.SmtpSender:
        opened.append(1)
        return smtp.connect(there)

    doors = Doors(open_sender, FakeServer("Sent").connect)
    began = time.perf_counter()
    while queue := deque(turns.due_outgoing()):
        while queue:
            following = deliver(queue.popleft(), doors=doors)
            if following is not None:
                queue.append(following)
    print(f"{'connections opened':<30}{len(opened):>9}")
    return time.perf_counter() - began


def fill(accounts: int, messages: int) -> dict[int, list[tuple[str, str, bytes]]]:
    from mailsync import actions
    from mailsync.models import Outgoing
    from tests.factories import make_account, make_folder

    for number in range(accounts):
        account = make_account()
        make_folder(account, "Sent", role="sent")
        for each in range(messages // accounts):
            draft = actions.start_draft(
                account.user_id, to=f"p{each}@example.org", subject=f"Letter {number}.{each}", body=BODY
            )
            actions.send(account.user_id, draft.pk, 0)
    letters: dict[int, list[tuple[str, str, bytes]]] = {}
    for row in Outgoing.objects.order_by("id").prefetch_related("recipients"):
        letters.setdefault(row.account_id, []).append((row.mail_from, row.recipients.all()[0].address, bytes(row.raw)))
    return letters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--away", type=float, nargs="+", default=[0.0, 20.0], help="round trips in milliseconds")
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.away[0] / 1000)
        return
    with scratch_database():
        for away in options.away:
            with server_at(away) as port:
                measure(port, away, options)


@contextmanager
def server_at(away: float) -> Iterator[int]:
    from tests.servers.dovecot import free_port

    port = free_port()
    command = [sys.executable, "-m", "bench.send", "--serve", str(port), "--away", str(away)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        yield port
    finally:
        server.terminate()
        server.wait(timeout=10)


def measure(port: int, away: float, options: argparse.Namespace) -> None:
    from mailsync.models import Outgoing

    Outgoing.objects.all().delete()
    letters = fill(options.accounts, options.messages)
    count = sum(map(len, letters.values()))
    print(f"{count} messages, {options.accounts} accounts, {away:g} ms round trip, one worker", flush=True)
    # In halves, so that a machine that slows down on the way slows all.
    bare_seconds, recorded_seconds = bare(port, letters), recorded(port, letters)
    heron_seconds = drain(port)
    bare_seconds = (bare_seconds + bare(port, letters)) / 2
    recorded_seconds = (recorded_seconds + recorded(port, letters)) / 2
    assert Outgoing.objects.filter(state="done", sent_placement__isnull=False).count() == count
    for name, seconds in (
        ("bare smtplib loop", bare_seconds),
        ("the same with a record", recorded_seconds),
        ("Heron, recorded and filed", heron_seconds),
    ):
        print(f"{name:<30}{count / seconds:>9.1f} messages/s")
    print(f"{'ratio to bare (goal 0.7)':<30}{bare_seconds / heron_seconds:>9.2f}")
    print(f"{'ratio to recorded':<30}{recorded_seconds / heron_seconds:>9.2f}", flush=True)


if __name__ == "__main__":
    main()
