"""What a submission server can say or do wrong, through the whole outbox: asserted on what the server holds.

Drops, and deaths of our own, are in ``test_killed_sends``; what single commands make of a reply is in
``tests/protocol/test_smtp_faults``.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailsync import actions
from mailsync.engine.deliver import Doors
from mailsync.models import Outgoing
from mailsync.protocol import smtp
from mailsync.protocol.smtp_session import Connection
from tests.engine.test_deliver import Post
from tests.servers.receiving import ReceivingServer

pytestmark = pytest.mark.django_db
BOB, CAROL = "bob@example.org", "carol@example.org"


@pytest.fixture
def post(receiving: ReceivingServer) -> Post:
    post = Post()
    post.doors = Doors(lambda *_: smtp.connect(receiving.settings()), post.imap.connect, lambda: 0.0)
    return post


@dataclass(frozen=True)
class Fault:
    """What the server answers at first, the state that leaves, and the state once it answers well."""

    first: str
    then: str
    faults: tuple[str, ...] = ()
    refusals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    replies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    delivered: tuple[str, ...] = (BOB, CAROL)


FAULTS = {
    "4xx to MAIL": Fault("deferred", "done", replies={"MAIL": ("451 4.3.0 later",)}),
    "5xx to MAIL": Fault("failed", "failed", replies={"MAIL": ("550 5.7.1 not as you",)}, delivered=()),
    "421 to MAIL": Fault("deferred", "done", replies={"MAIL": ("421 4.3.2 closing",)}),
    "530 to MAIL": Fault("deferred", "done", replies={"MAIL": ("530 5.7.0 log in first",)}),
    "4xx to RCPT": Fault("deferred", "done", refusals={BOB: ("450 4.2.0 busy",), CAROL: ("451 4.2.0 busy",)}),
    "5xx to RCPT": Fault(
        "failed", "failed", refusals={BOB: ("550 5.1.1 unknown",), CAROL: ("553 5.1.3 unknown",)}, delivered=()
    ),
    "mixed RCPT": Fault("done", "done", refusals={CAROL: ("550 5.1.1 unknown",)}, delivered=(BOB,)),
    "4xx to one RCPT": Fault("deferred", "done", refusals={CAROL: ("452 4.2.2 full",)}),
    "421 in mid-transaction": Fault("deferred", "done", refusals={CAROL: ("421 4.3.2 closing",)}),
    "4xx to DATA": Fault("deferred", "done", replies={"DATA": ("451 4.3.0 no room",)}),
    "5xx to DATA": Fault("failed", "failed", replies={"DATA": ("554 5.5.1 no",)}, delivered=()),
    "4xx to the dot": Fault("deferred", "done", faults=("452 4.3.1 no room",)),
    "5xx to the dot": Fault("failed", "failed", faults=("552 5.3.4 too big",), delivered=()),
    "421 to the dot": Fault("deferred", "done", faults=("421 4.3.2 closing",)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_refusal_is_told_or_tried_again_and_nobody_gets_it_twice(
    name: str, post: Post, receiving: ReceivingServer
) -> None:
    fault = FAULTS[name]
    receiving.begin(
        faults=list(fault.faults),
        refusals={address: list(said) for address, said in fault.refusals.items()},
        replies={verb: list(said) for verb, said in fault.replies.items()},
    )
    outgoing = post.run(post.write(f"{BOB}, {CAROL}"))
    assert outgoing.state == fault.first
    if fault.first != "done":
        assert outgoing.error
    if outgoing.due_at is not None:
        post.run(outgoing)
    post.run(outgoing)
    assert outgoing.state == fault.then
    assert receiving.delivered_to() == sorted(fault.delivered)
    assert {one.raw for one in receiving.received} <= {bytes(outgoing.raw)}
    told = dict(outgoing.recipients.values_list("address", "state"))
    assert {address for address, state in told.items() if state == "accepted"} == set(fault.delivered)


def test_a_message_beyond_the_servers_size_is_refused_before_it_leaves(post: Post, receiving: ReceivingServer) -> None:
    receiving.SMTP_kwargs["data_size_limit"] = 100
    outgoing = post.run(post.write(BOB))
    assert outgoing.state == "failed"
    assert "takes 100 at most" in outgoing.error
    assert receiving.received == []


def test_a_name_that_the_server_cannot_write_fails_alone_and_says_why(post: Post, receiving: ReceivingServer) -> None:
    receiving.SMTP_kwargs["enable_SMTPUTF8"] = False
    outgoing = post.run(post.write(f"{BOB}, grüße@example.org"))
    told = {one.address: one for one in outgoing.recipients.all()}
    assert (told[BOB].state, told["grüße@example.org"].state) == ("accepted", "failed")
    assert "letters beyond ASCII" in told["grüße@example.org"].text
    assert receiving.delivered_to() == [BOB]
    assert outgoing.state == "done"


def test_with_smtputf8_it_arrives(post: Post, receiving: ReceivingServer) -> None:
    outgoing = post.run(post.write("grüße@bücher.example"))
    assert outgoing.state == "done"
    assert receiving.delivered_to() == ["grüße@xn--bcher-kva.example"]


def test_what_came_through_is_byte_for_byte_what_was_frozen(post: Post, receiving: ReceivingServer) -> None:
    draft = post.draft(BOB, body="<p>.</p>\n.\n..\n<p>ende</p>")
    outgoing = post.run(actions.send(post.user_id, draft.pk, 0))
    assert [one.raw for one in receiving.received] == [bytes(Outgoing.objects.get(pk=outgoing.pk).raw)]


@pytest.mark.parametrize(("pipelines", "round_trips"), [(True, 2), (False, 5)])
def test_what_a_further_message_of_a_run_costs_on_the_wire(
    pipelines: bool, round_trips: int, receiving: ReceivingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The envelope with DATA, and the dot; without PIPELINING each of MAIL, two RCPT, DATA and the dot waits."""
    steps: list[str] = []
    for name in ("send", "getreply"):
        monkeypatch.setattr(Connection, name, noted(steps, name, getattr(Connection, name)))
    receiving.begin(pipelines=pipelines)
    waits = []
    for count in (2, 7):
        post = Post()
        post.doors = Doors(lambda *_: smtp.connect(receiving.settings()), post.imap.connect, lambda: 0.0)
        letters = [post.write(f"{BOB}, {CAROL}") for _ in range(count)]
        steps.clear()
        post.run(letters[0], later=False)
        waits.append(sum(pair == ("send", "getreply") for pair in itertools.pairwise(steps)))
    assert waits[1] - waits[0] == 5 * round_trips
    assert len(receiving.received) == 9


def noted(steps: list[str], name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def stepped(*args: Any) -> Any:
        steps.append(name)
        return real(*args)

    return stepped
