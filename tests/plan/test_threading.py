"""Conversations come out the same in whatever order their messages arrive, alone or in batches."""

import itertools
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.plan.threading import (
    LONE_REPLY_WINDOW,
    KnownMessage,
    KnownThreads,
    ThreadFacts,
    choose_thread,
    plan_threads,
)

START = datetime(2026, 3, 1, tzinfo=UTC)


def mail(
    name: str,
    *references: str,
    subject: str = "",
    reply: bool = False,
    sender: str = "ada",
    to: Iterable[str] = ("bob",),
    days: float = 0,
    in_reply_to: str = "",
    provider: str = "",
) -> ThreadFacts:
    return ThreadFacts(
        name, references, in_reply_to, provider, subject, reply, sender, frozenset(to), START + timedelta(days=days)
    )


class Store:
    """The tables in memory, fed batch by batch."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.threads: dict[int, list[ThreadFacts]] = {}

    def add(self, batch: Sequence[ThreadFacts]) -> None:
        known = KnownThreads(
            {name: thread for thread, members in self.threads.items() for one in members for name in one.names},
            {
                one.provider_thread_id: thread
                for thread, members in sorted(self.threads.items(), reverse=True)
                for one in members
                if one.provider_thread_id
            },
            [KnownMessage(thread, one) for thread, members in self.threads.items() for one in members],
        )
        plan = plan_threads(batch, known)
        for old, into in plan.merges.items():
            self.threads[into] += self.threads.pop(old)
        new: dict[int, int] = {}
        for facts, root in zip(batch, plan.thread_of, strict=True):
            thread = root if root > 0 else new.setdefault(root, next(self.numbers))
            self.threads.setdefault(thread, []).append(facts)

    def partition(self) -> set[frozenset[str]]:
        return {frozenset(one.message_id for one in members) for members in self.threads.values()}


def threaded(messages: Sequence[ThreadFacts], sizes: Iterable[int] = ()) -> set[frozenset[str]]:
    store = Store()
    left = list(messages)
    for size in [*sizes, len(left)]:
        if left:
            store.add(left[: max(1, size)])
            left = left[max(1, size) :]
    if left:
        store.add(left)
    return store.partition()


CASES = {
    "a chain by references": (
        [mail("a"), mail("b", "a"), mail("c", "a", "b")],
        {frozenset("abc")},
    ),
    "a reply whose parent is missing joins its sister": (
        [mail("b", "a"), mail("c", "a")],
        {frozenset("bc")},
    ),
    "in-reply-to alone": ([mail("a"), mail("b", in_reply_to="a")], {frozenset("ab")}),
    "the same subject is no reason": (
        [mail("a", subject="report"), mail("b", subject="report")],
        {frozenset("a"), frozenset("b")},
    ),
    "two threads become one when a message names both": (
        [mail("a"), mail("b", "a"), mail("x"), mail("y", "x"), mail("z", "b", "y")],
        {frozenset("abxyz")},
    ),
    "a lone reply between the same people": (
        [mail("a", subject="lunch"), mail("b", subject="lunch", reply=True, sender="bob", to=["ada"], days=1)],
        {frozenset("ab")},
    ),
    "a lone reply of a stranger": (
        [mail("a", subject="lunch"), mail("b", subject="lunch", reply=True, sender="eve", to=["zoe"], days=1)],
        {frozenset("a"), frozenset("b")},
    ),
    "a lone reply before its message": (
        [mail("a", subject="lunch", days=2), mail("b", subject="lunch", reply=True, sender="bob", to=["ada"], days=1)],
        {frozenset("a"), frozenset("b")},
    ),
    "a lone reply long after": (
        [
            mail("a", subject="lunch"),
            mail("b", subject="lunch", reply=True, sender="bob", to=["ada"], days=LONE_REPLY_WINDOW.days + 1),
        ],
        {frozenset("a"), frozenset("b")},
    ),
    "a reply that names its parent is no lone reply": (
        [
            mail("a", subject="lunch"),
            mail("b", "q", subject="lunch", reply=True, sender="bob", to=["ada"], days=1),
        ],
        {frozenset("a"), frozenset("b")},
    ),
    "an empty subject joins nothing": (
        [mail("a"), mail("b", reply=True, sender="bob", to=["ada"], days=1)],
        {frozenset("a"), frozenset("b")},
    ),
    "the provider knows": ([mail("a", provider="7"), mail("b", provider="7")], {frozenset("ab")}),
    "no id at all": ([mail("", "a"), mail("a")], {frozenset(["", "a"])}),
}


@pytest.mark.parametrize(("messages", "expected"), CASES.values(), ids=CASES)
def test_any_order_of_arrival(messages: list[ThreadFacts], expected: set[frozenset[str]]) -> None:
    for order in itertools.permutations(messages):
        assert threaded(order) == expected
        assert threaded(order, [1] * len(order)) == expected


def test_the_oldest_thread_swallows_the_others() -> None:
    known = KnownThreads({"a": 5, "b": 3, "c": 9})
    assert choose_thread(mail("z", "a", "b"), known) == (5, 3)
    plan = plan_threads([mail("z", "a", "b"), mail("y", "z", "c")], known)
    assert plan.thread_of == (3, 3)
    assert plan.merges == {5: 3, 9: 3}


names = st.sampled_from("abcdefgh")
messages = st.builds(
    lambda name, references, reply, subject, people, days: mail(
        name, *references, reply=reply, subject=subject, sender=people[0], to=people[1:], days=days
    ),
    names,
    st.lists(names, max_size=2),
    st.booleans(),
    st.sampled_from(["", "lunch", "report"]),
    st.permutations(["ada", "bob", "eve"]),
    st.integers(0, 90),
)


@given(st.lists(messages, max_size=7, unique_by=lambda facts: facts.message_id), st.randoms(use_true_random=False))
def test_order_and_batches_never_matter(batch: list[ThreadFacts], dice: random.Random) -> None:
    expected = threaded(batch)
    shuffled = dice.sample(batch, len(batch))
    assert threaded(shuffled, [dice.randint(1, 3) for _ in batch]) == expected
