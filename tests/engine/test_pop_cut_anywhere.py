"""A POP3 line cut after any number of bytes: nothing is deleted that was not stored, nothing lost or doubled."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from accounts.models import MailAccount
from mailsync.engine.pop_pull import pull_maildrop
from mailsync.engine.pull import Outcome
from mailsync.models import AccountSync, Message, Placement
from mailsync.store.audit import recount, recount_sums
from mailsync.store.raw import read_raw
from tests.factories import make_account, raw_message

pytestmark = pytest.mark.django_db(transaction=True)

MAIL = {name: raw_message(name, f"{name}.\r\n.dot\r\n") for name in ("One", "Two")}
#: A prime, so that the cuts fall into every kind of reply at some place.
STRIDE = 13


class Cut(Exception):
    """So many bytes have been said."""


@dataclass
class CuttingServer:
    """A mailbox over real POP3 whose line breaks after ``bytes_left``; ``said`` counts those of the last session."""

    mail: dict[str, bytes]
    bytes_left: int = 1_000_000
    said: int = 0
    deleted: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                with sock, sock.makefile("rb") as lines, contextlib.suppress(OSError, Cut):
                    self.said = 0
                    self.converse(sock, lines)

    def converse(self, sock: socket.socket, lines: Iterator[bytes]) -> None:
        held, marked = list(self.mail.items()), set()
        self.say(sock, b"+OK hello\r\n")
        for line in lines:
            verb, _, rest = line.decode().strip().partition(" ")
            number = int(rest.split()[0]) if rest[:1].isdigit() else 0
            raw = held[number - 1][1] if number else b""
            names = "".join(f"{place} {name}\r\n" for place, (name, _) in enumerate(held, 1))
            sizes = "".join(f"{place} {len(one)}\r\n" for place, (_, one) in enumerate(held, 1))
            if verb == "DELE":
                marked.add(number)
            if verb == "QUIT":
                # RFC 1939 §6: the messages go first, then the answer is said.
                for place in marked:
                    self.deleted.append(self.mail.pop(held[place - 1][0]))
            answers = {
                "CAPA": b"\r\nUSER\r\nUIDL\r\nTOP\r\n.",
                "STAT": f" {len(held)} {sum(len(one) for _, one in held)}".encode(),
                "UIDL": f"\r\n{names}.".encode(),
                "LIST": f"\r\n{sizes}.".encode(),
                "TOP": b"\r\n" + raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n.",
                "RETR": b"\r\n" + raw.replace(b"\r\n.", b"\r\n..") + b".",
            }
            self.say(sock, b"+OK" + answers.get(verb, b" fine") + b"\r\n")

    def say(self, sock: socket.socket, data: bytes) -> None:
        part = data[: max(0, self.bytes_left - self.said)]
        self.said += len(part)
        sock.sendall(part)
        if len(part) < len(data):
            raise Cut

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=10)


@pytest.fixture
def server() -> Iterator[CuttingServer]:
    server = CuttingServer({})
    yield server
    server.stop()


def collect(account: MailAccount) -> Outcome:
    AccountSync.objects.update(due_at=None, failures=0)
    return pull_maildrop(account)


def stored(account: MailAccount) -> list[bytes]:
    return sorted(read_raw(message) for message in Message.objects.filter(account=account))


def test_a_line_cut_anywhere(server: CuttingServer) -> None:
    port = server.listener.getsockname()[1]
    cut_at, whole = 0, 1
    while cut_at < whole:
        account = make_account(
            protocol="pop3", host="localhost", port=port, username="user", leave_on_server="once_stored"
        )
        server.mail, server.deleted, server.bytes_left = dict(MAIL), [], cut_at
        assert collect(account) in (Outcome.FAILED, Outcome.DONE), cut_at
        assert set(server.deleted) <= set(stored(account)), cut_at
        server.bytes_left = 1_000_000
        for _ in range(2):
            assert collect(account) is Outcome.DONE, cut_at
            whole = max(whole, server.said)
        assert stored(account) == sorted(MAIL.values()), cut_at
        assert Placement.objects.filter(account=account, shown=True).count() == len(MAIL), cut_at
        assert server.mail == {}, cut_at
        assert sorted(server.deleted) == sorted(MAIL.values()), cut_at
        cut_at += STRIDE
    assert cut_at > 400
    assert [*recount(), *recount_sums()] == []
