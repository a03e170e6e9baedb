"""A POP3 server in memory: sessions, DELE that waits for QUIT, TOP and UIDL to be switched off, steps to die at."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from mailsync.errors import Rejected, TryNow
from mailsync.models import Lease
from mailsync.store import leases
from tests.fakes import Killed


@dataclass
class Maildrop:
    """``mail`` is (UIDL, raw) by number. ``hands_out_once``: what was retrieved is gone after a clean QUIT, as at
    providers that mark it as collected. ``heard`` is every command of every session."""

    mail: list[tuple[str, bytes]] = field(default_factory=list)
    capabilities: frozenset[str] = frozenset({"TOP", "UIDL"})
    hands_out_once: bool = False
    poison: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)
    deleted: list[bytes] = field(default_factory=list)
    steps: int = 0
    kill_at: int | None = None

    def connect(self, _account: object) -> "MaildropSession":
        self.step("connect")
        return MaildropSession(self, list(self.mail))

    def step(self, what: str) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed
        self.heard.append(what)

    def count(self, verb: str) -> int:
        return sum(word.split()[0] == verb for word in self.heard)


class MaildropSession:
    def __init__(self, server: Maildrop, mail: list[tuple[str, bytes]]) -> None:
        self.server, self.mail = server, mail
        self.capabilities = server.capabilities
        self.transcript: Sequence[str] = ()
        self.marked: set[int] = set()
        self.taken: set[int] = set()
        self.closed = False

    def _do(self, what: str) -> None:
        if self.closed:
            raise TryNow("The connection broke.")
        self.server.step(what)

    def stat(self) -> tuple[int, int]:
        self._do("STAT")
        return len(self.mail), sum(len(raw) for _, raw in self.mail)

    def uidl(self) -> dict[int, str] | None:
        self._do("UIDL")
        if "UIDL" not in self.capabilities:
            return None
        return {number: name for number, (name, _) in enumerate(self.mail, 1)}

    def list(self) -> dict[int, int]:
        self._do("LIST")
        return {number: len(raw) for number, (_, raw) in enumerate(self.mail, 1)}

    def top(self, number: int, lines: int = 0) -> bytes:
        self._do(f"TOP {number}")
        if "TOP" not in self.capabilities:
            raise Rejected("no TOP")
        return self.mail[number - 1][1].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    def retr(self, number: int) -> bytes:
        self._do(f"RETR {number}")
        name, raw = self.mail[number - 1]
        if name in self.server.poison:
            self.closed = True
            raise TryNow("The connection broke.")
        if name in self.server.refused:
            raise Rejected("I cannot read it.")
        self.taken.add(number)
        return raw

    def dele(self, number: int) -> None:
        self._do(f"DELE {number}")
        self.marked.add(number)

    def quit(self) -> None:
        self._do("QUIT")
        gone = self.marked | (self.taken if self.server.hands_out_once else set())
        doomed = [self.mail[number - 1] for number in sorted(gone)]
        self.server.deleted += [raw for _, raw in doomed]
        for one in doomed:
            self.server.mail.remove(one)
        self.server.step("QUIT answered")

    def drop(self) -> None:
        self.closed = True


@contextlib.contextmanager
def killed_at(
    server: Maildrop, monkeypatch: pytest.MonkeyPatch, *, step: int | None = None, commit: int | None = None
) -> Iterator[None]:
    """The session inside ends at that network step, or right after that commit, as SIGKILL would end it."""
    commits = 0
    real = leases.commit

    @contextlib.contextmanager
    def counted(lease: leases.HeldLease) -> Iterator[None]:
        nonlocal commits
        with real(lease):
            yield
        commits += 1
        if commits == commit:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(leases, "commit", counted)
        patch.setattr(leases, "release", lambda lease: None)
        server.steps, server.kill_at = 0, step
        try:
            yield
        except Killed:
            pass
        finally:
            server.kill_at = None
    Lease.objects.update(until="2000-01-01T00:00:00Z")
