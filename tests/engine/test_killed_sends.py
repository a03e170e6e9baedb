"""Sends killed at every commit and at every protocol step, then taken up by others until they rest.

A real client and a real server on loopback. What the server holds decides: nobody got a message twice, everyone
of a finished one got it once, and a message is called uncertain only where the worker died with the dot sent.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailsync.engine.deliver import Doors
from mailsync.models import Outgoing
from mailsync.plan import delivery
from mailsync.protocol import smtp
from mailsync.protocol.smtp_session import Connection
from mailsync.store import filing, outbox, transit
from tests.engine.test_deliver import Post
from tests.servers.receiving import ReceivingServer

pytestmark = pytest.mark.django_db

COMMITS: list[tuple[Any, str]] = [
    (transit, "claim"),
    (transit, "mark_data_started"),
    (transit, "mark_dot_sent"),
    (transit, "accept_and_claim"),
    (outbox, "settle"),
    (outbox, "lose_reply"),
    (outbox, "looked_in_vain"),
    (outbox, "found_after_all"),
    (filing, "file_sent"),
]
BOB, CAROL = "bob@example.org", "carol@example.org"
MANY = tuple(f"p{number}@example.org" for number in range(5))


class Killed(BaseException):
    """As by kill -9: nothing that would tidy up runs, and the kernel closes the sockets."""


@dataclass(frozen=True)
class Scenario:
    """Who is written to, what the server does wrong, and what a run that nobody kills ends as."""

    to: tuple[str, ...] = (BOB,)
    faults: tuple[str, ...] = ()
    refusals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keeps_copy: bool = False
    ends: str = "done"
    refused: tuple[str, ...] = ()
    per_transaction: int = 100
    #: So many messages in the outbox, for one run over one connection.
    letters: int = 1
    pipelines: bool = False


SCENARIOS = {
    "one": Scenario(),
    "two, and the provider keeps a copy": Scenario((BOB, CAROL), keeps_copy=True),
    "many": Scenario(MANY),
    "more than one transaction": Scenario(MANY, per_transaction=2),
    "several in a run": Scenario(letters=2),
    "several in a run, pipelined, and the provider keeps copies": Scenario(
        (BOB, CAROL), letters=3, pipelines=True, keeps_copy=True
    ),
    "several in a run, pipelined, the first dropped after the dot": Scenario(
        faults=("taken",), letters=2, pipelines=True, ends="uncertain"
    ),
    "pipelined, mixed replies": Scenario(
        (BOB, CAROL), refusals={CAROL: ("550 5.1.1 unknown",) * 9}, refused=(CAROL,), pipelines=True
    ),
    "pipelined, nobody taken at first": Scenario(refusals={BOB: ("450 4.2.0 busy",)}, pipelines=True),
    "pipelined, dropped at RCPT": Scenario((BOB, CAROL), faults=("rcpt",), pipelines=True),
    "451 to the dot": Scenario(faults=("451 4.3.0 busy",)),
    "554 to the dot": Scenario(faults=("554 5.7.1 spam",), ends="failed", refused=(BOB,)),
    "mixed replies": Scenario(
        (BOB, CAROL, MANY[0]), refusals={CAROL: ("452 4.2.2 full",), MANY[0]: ("550 5.1.1 unknown",) * 9},
        refused=(MANY[0],),
    ),
    "dropped at RCPT": Scenario((BOB, CAROL), faults=("rcpt",)),
    "dropped at DATA": Scenario(faults=("data",)),
    "dropped after the dot, not taken": Scenario(faults=("dot",), ends="uncertain"),
    "dropped after the dot, taken": Scenario((BOB, CAROL), faults=("taken",), ends="uncertain"),
    "dropped after the dot, taken, and the provider keeps a copy": Scenario(faults=("taken",), keeps_copy=True),
}  # fmt: skip


class Executioner:
    """Counts the steps of a run and kills it at one of them; closes its connections as the kernel would."""

    def __init__(self, at: int | None) -> None:
        self.at, self.steps = at, 0
        self.connections: list[Connection] = []

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            for connection in self.connections:
                connection.close()
            raise Killed

    def before(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """A step before each call; the one after it is the step before the next."""

        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            return real(*args, **kwargs)

        return stepped

    def on_the_wire(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(connection: Connection, *args: Any) -> Any:
            if connection not in self.connections:
                self.connections.append(connection)
            return self.before(real)(connection, *args)

        return stepped


@contextmanager
def watched(at: int | None) -> Iterator[Executioner]:
    """Between any two commits of the outbox and commands on the wire is a step."""
    executioner = Executioner(at)
    with pytest.MonkeyPatch.context() as patch:
        for module, name in COMMITS:
            patch.setattr(module, name, executioner.before(getattr(module, name)))
        patch.setattr(Connection, "send", executioner.on_the_wire(Connection.send))
        yield executioner


def begin(scenario: Scenario, server: ReceivingServer) -> tuple[Post, list[Outgoing]]:
    post = Post()
    post.doors = Doors(lambda *_: smtp.connect(server.settings()), post.imap.connect, lambda: 0.0)
    server.begin(
        faults=list(scenario.faults),
        refusals={address: list(replies) for address, replies in scenario.refusals.items()},
        on_taken=post.imap.boxes["Sent"].add if scenario.keeps_copy else None,
        pipelines=scenario.pipelines,
    )
    return post, [post.write(", ".join(scenario.to)) for _ in range(scenario.letters)]


def rest(post: Post, letters: list[Outgoing], server: ReceivingServer) -> None:
    """Others take over, until nothing is due any more."""
    server.wait_until_quiet()
    for _ in range(12):
        for outgoing in letters:
            post.run(outgoing)
        if all(outgoing.due_at is None for outgoing in reread(letters)):
            break
    post.push()
    server.wait_until_quiet()


def reread(letters: list[Outgoing]) -> list[Outgoing]:
    for outgoing in letters:
        outgoing.refresh_from_db()
    return letters


def check(
    scenario: Scenario, post: Post, letters: list[Outgoing], server: ReceivingServer, *, at_the_dot: Collection[int]
) -> None:
    copies = Counter(bytes(one.raw) for one in letters)
    assert set(copies.values()) == {1}
    assert {one.raw for one in server.received} <= set(copies)
    filed = post.imap.boxes["Sent"].ids()
    for place, outgoing in enumerate(letters):
        got = [address for one in server.received if one.raw == bytes(outgoing.raw) for address in one.recipients]
        assert len(got) == len(set(got)), "somebody got it twice"
        assert not set(got) & set(scenario.refused)
        # A fault befalls the first.
        ends = scenario.ends if place == 0 else "done"
        may_be_uncertain = outgoing.pk in at_the_dot or scenario.ends == "uncertain"
        assert outgoing.state in {ends, "uncertain" if may_be_uncertain else "done"}
        if outgoing.state == "done":
            assert set(got) == set(scenario.to) - set(scenario.refused)
            assert filed.count(outgoing.message_id) == 1
        if outgoing.state == "failed":
            assert not got
        if outgoing.state == "uncertain":
            assert not (scenario.keeps_copy and got), "the copy in Sent was not looked at"
            assert outgoing.message_id not in filed
    assert len(filed) == sum(outgoing.state == "done" for outgoing in letters)


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_anywhere_it_is_sent_once_or_called_uncertain(
    name: str, receiving: ReceivingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = SCENARIOS[name]
    monkeypatch.setattr(delivery, "RECIPIENTS_PER_TRANSACTION", scenario.per_transaction)
    with watched(None) as unharmed:
        post, letters = begin(scenario, receiving)
        rest(post, letters, receiving)
    assert letters[0].state == scenario.ends
    check(scenario, post, letters, receiving, at_the_dot=())
    for at in range(1, unharmed.steps + 1):
        with watched(at):
            post, letters = begin(scenario, receiving)
            with pytest.raises(Killed):
                rest(post, letters, receiving)
        at_the_dot = {one.pk for one in reread(letters) if one.state in {"dot_sent", "uncertain"}}
        assert len(at_the_dot) <= 1 + (scenario.ends == "uncertain")
        rest(post, letters, receiving)
        check(scenario, post, letters, receiving, at_the_dot=at_the_dot)
    print(f"{unharmed.steps} places to die")
