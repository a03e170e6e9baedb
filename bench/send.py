"""How fast a queue drains: ``python -m bench.send [--messages 1000] [--accounts 20] [--away 0 20] [--workers 1 4]``.

The messages wait in the outbox of so many accounts; worker processes send them turn by turn, with every commit, the
Sent copy and the search index. Beside them, in the same run, two others send the same bytes over the same number of
connections: a bare smtplib loop that keeps no record of anything, and the same loop with the least record that
survives a crash (a row committed before each message and again after it). The server is a process of its own,
``--away`` milliseconds (a round trip) off: 0 is a server on this machine, which shows what the records cost; 20 is
a provider, and a fifth of the messages is enough there. Four workers are what README's deployment starts.
"""

import argparse
import asyncio
import multiprocessing
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
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_peer (id bigserial PRIMARY KEY, state text, raw bytea)")
        began = time.perf_counter()
        for batch in letters.values():
            with smtplib.SMTP("127.0.0.1", port) as server:
                for sender, recipient, raw in batch:
                    cursor.execute("INSERT INTO bench_peer (state, raw) VALUES ('sending', %s) RETURNING id", [raw])
                    number = cursor.fetchone()
                    server.sendmail(sender, [recipient], raw)
                    cursor.execute("UPDATE bench_peer SET state = 'sent' WHERE id = %s", number)
        return time.perf_counter() - began


def drain(port: int, place: int = 0) -> None:
    """One worker, which begins with another account than its neighbours."""
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
    while queue := deque(turns.due_outgoing()):
        queue.rotate(-place)
        while queue:
            following = deliver(queue.popleft(), doors=doors)
            if following is not None:
                queue.append(following)
    print(f"worker {place + 1} opened {len(opened)} connections", flush=True)


def drained(port: int, workers: int) -> float:
    """By so many processes, as Celery would have them."""
    from django.db import connection

    connection.close()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=drain, args=(port, place)) for place in range(workers)]
    began = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
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
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.away[0] / 1000)
        return
    with scratch_database():
        for away in options.away:
            with server_at(away) as port:
                messages = options.messages // 5 if away else options.messages
                measure(port, away, messages, options)


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


def measure(port: int, away: float, messages: int, options: argparse.Namespace) -> None:
    from mailsync.models import Outgoing

    Outgoing.objects.all().delete()
    letters = fill(options.accounts, messages)
    count = sum(map(len, letters.values()))
    print(f"\n{count} messages, {options.accounts} accounts, {away:g} ms round trip", flush=True)
    # In halves, so that a machine that slows down on the way slows all.
    bare_seconds, recorded_seconds = bare(port, letters), recorded(port, letters)
    heron_seconds = {}
    for place, workers in enumerate(options.workers):
        if place:
            Outgoing.objects.all().delete()
            fill(options.accounts, messages)
        heron_seconds[workers] = drained(port, workers)
        assert Outgoing.objects.filter(state="done", sent_placement__isnull=False).count() == count
    bare_seconds = (bare_seconds + bare(port, letters)) / 2
    recorded_seconds = (recorded_seconds + recorded(port, letters)) / 2
    print(f"{'bare smtplib loop':<36}{count / bare_seconds:>9.1f} messages/s")
    print(f"{'the same with a record':<36}{count / recorded_seconds:>9.1f} messages/s")
    for workers, seconds in heron_seconds.items():
        name = f"Heron, recorded and filed, {workers} worker{'s' if workers > 1 else ''}"
        print(f"{name:<36}{count / seconds:>9.1f} messages/s")
        print(f"{'  of the bare loop (goal 0.7)':<36}{bare_seconds / seconds:>9.2f}")
        print(f"{'  of the loop with a record':<36}{recorded_seconds / seconds:>9.2f}", flush=True)


if __name__ == "__main__":
    main()
