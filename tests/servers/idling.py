"""An IMAP server over TLS that holds any number of idle connections and tells of arrivals when asked to.

Each user has an INBOX of a few messages that exist as numbers only. ``arrive`` adds one and tells whoever idles;
``silence`` leaves a user's connections open and answers nothing any more, as a dead router does. In a thread for
tests; ``python -m tests.servers.idling chain key`` in a process of its own: prints its port, then takes the name
of a user a line, each an arrival.
"""

import asyncio
import contextlib
import ssl
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

CAPABILITIES = "IMAP4rev1 UIDPLUS CONDSTORE ENABLE IDLE"


@dataclass
class _Box:
    exists: int = 3
    silent: bool = False
    logins: int = 0
    idling: set[asyncio.StreamWriter] = field(default_factory=set)


class IdlingServer:
    """Listens on a free loopback port from ``start`` to ``stop``; every password is right."""

    def __init__(self, context: ssl.SSLContext, *, capabilities: str = CAPABILITIES) -> None:
        self._context = context
        self._capabilities = capabilities
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self.port = 0
        self.boxes: defaultdict[str, _Box] = defaultdict(_Box)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def arrive(self, user: str) -> None:
        self._call(lambda: self._arrive(self.boxes[user]))

    def silence(self, user: str) -> None:
        """What is open to this user stays open and dead; new connections live again."""

        def silence() -> None:
            dead, self.boxes[user] = self.boxes[user], _Box(self.boxes[user].exists, logins=self.boxes[user].logins)
            dead.silent = True

        self._call(silence)

    def _call(self, work: Callable[[], None]) -> None:
        done = threading.Event()

        def call() -> None:
            work()
            done.set()

        self._loop.call_soon_threadsafe(call)
        assert done.wait(20)

    def _arrive(self, box: _Box) -> None:
        box.exists += 1
        for writer in box.idling:
            writer.write(b"* %d EXISTS\r\n" % box.exists)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context, backlog=1000)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        server.close()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._converse(reader, writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        box = _Box()
        writer.write(b"* OK hello\r\n")
        idle_tag = ""
        while line := (await reader.readline()).decode():
            if box.silent:
                continue
            if line.strip().upper() == "DONE":
                box.idling.discard(writer)
                writer.write(f"{idle_tag} OK\r\n".encode())
                continue
            tag, verb, *words = line.split()
            if verb.upper() == "IDLE":
                idle_tag = tag
                box.idling.add(writer)
                writer.write(b"+ idling\r\n")
                continue
            if verb.upper() == "LOGIN":
                box = self.boxes[words[0].strip('"')]
                box.logins += 1
            writer.write(f"{self._answer(verb.upper(), box)}{tag} OK\r\n".encode())
            if verb.upper() == "LOGOUT":
                break
        box.idling.discard(writer)

    def _answer(self, verb: str, box: _Box) -> str:
        if verb == "CAPABILITY":
            return f"* CAPABILITY {self._capabilities}\r\n"
        if verb in ("EXAMINE", "SELECT"):
            codes = f"UIDVALIDITY 1] x\r\n* OK [UIDNEXT {box.exists + 1}] x\r\n* OK [HIGHESTMODSEQ {box.exists}"
            return f"* {box.exists} EXISTS\r\n* OK [{codes}] x\r\n"
        return ""


def main() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = IdlingServer(context)
    server.start()
    print(server.port, flush=True)
    for user in sys.stdin:
        server.arrive(user.strip())
    server.stop()


if __name__ == "__main__":
    main()
