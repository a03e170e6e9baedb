"""Which conversation a message belongs to. Pure.

In: what messages say of themselves, and which Message-IDs, provider threads and lone replies are
known already. Out: a thread for each message, and known threads that turn out to be one.

Two messages are of one conversation when one names the other, when both name a third, when the
provider says so, or when one is a *lone reply* to the other: a reply or forward that names nothing
(old phones, some web forms), of the same base subject, within a window, between the same people.
Each of these is a relation between two messages, whichever came first, so the conversations are the
same in any order of arrival.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

#: How long after a message a reply that names nothing may still belong to it.
LONE_REPLY_WINDOW = timedelta(days=60)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """What one message says. Addresses are in lower case; ``is_reply``: the subject says Re: or Fwd:."""

    message_id: str
    references: tuple[str, ...] = ()
    in_reply_to: str = ""
    provider_thread_id: str = ""
    base_subject: str = ""
    is_reply: bool = False
    sender: str = ""
    recipients: frozenset[str] = frozenset()
    received_at: datetime = _LONG_AGO

    @property
    def names(self) -> tuple[str, ...]:
        """Its own id and each id that it names."""
        return tuple(name for name in dict.fromkeys((self.message_id, *self.references, self.in_reply_to)) if name)

    @property
    def is_lone_reply(self) -> bool:
        return self.is_reply and bool(self.base_subject) and not self.references and not self.in_reply_to

    def answers(self, other: "ThreadFacts") -> bool:
        """Is this a lone reply to ``other``?"""
        return (
            self.is_lone_reply
            and self.base_subject == other.base_subject
            and timedelta(0) <= self.received_at - other.received_at <= LONE_REPLY_WINDOW
            and (other.sender in self.recipients or self.sender in other.recipients)
        )


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A stored message that shares a base subject with a new one."""

    thread: int
    facts: ThreadFacts


@dataclass(frozen=True, slots=True)
class KnownThreads:
    """What the store knows that could concern the new messages."""

    by_message_id: Mapping[str, int] = field(default_factory=dict)
    by_provider_id: Mapping[str, int] = field(default_factory=dict)
    same_subject: Sequence[KnownMessage] = ()


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """``thread_of[i]``: the thread of message i; below zero it is a new one, equal numbers being the same.

    ``merges``: known thread → the known thread it is to become part of.
    """

    thread_of: tuple[int, ...]
    merges: Mapping[int, int]


def choose_thread(facts: ThreadFacts, known: KnownThreads) -> tuple[int, ...]:
    """Every known thread that this message belongs to, without repeats; more than one: they are to be merged."""
    return tuple(dict.fromkeys(_links(facts, known)))


def _links(facts: ThreadFacts, known: KnownThreads) -> Iterator[int]:
    if facts.provider_thread_id and facts.provider_thread_id in known.by_provider_id:
        yield known.by_provider_id[facts.provider_thread_id]
    for name in facts.names:
        if name in known.by_message_id:
            yield known.by_message_id[name]
    for other in known.same_subject:
        if facts.answers(other.facts) or other.facts.answers(facts):
            yield other.thread


def plan_threads(
    batch: Sequence[ThreadFacts], known: KnownThreads, joins: Iterable[tuple[str, str]] = ()
) -> ThreadPlan:
    """A thread for each message of the batch. The oldest known thread (the smallest id) swallows the others.

    ``joins`` are pairs of Message-IDs whose conversations the user has put together.
    """
    roots = Groups()
    by_name: dict[str, int] = {}
    by_provider: dict[str, int] = {}
    by_subject: dict[str, list[tuple[int, ThreadFacts]]] = {}
    lone_by_subject: dict[str, list[tuple[int, ThreadFacts]]] = {}
    for position, facts in enumerate(batch):
        own = -position - 1
        for thread in choose_thread(facts, known):
            roots.join(own, thread)
        for name in facts.names:
            roots.join(own, by_name.setdefault(name, own))
        if facts.provider_thread_id:
            roots.join(own, by_provider.setdefault(facts.provider_thread_id, own))
        if facts.base_subject:
            alike = by_subject.setdefault(facts.base_subject, [])
            lone = lone_by_subject.setdefault(facts.base_subject, [])
            # Of two that are no lone replies neither answers the other: as a rule that is all of them.
            for other, other_facts in alike if facts.is_lone_reply else lone:
                if facts.answers(other_facts) or other_facts.answers(facts):
                    roots.join(own, other)
            alike.append((own, facts))
            if facts.is_lone_reply:
                lone.append((own, facts))
    for pair in joins:
        ends = [by_name.get(name) or known.by_message_id.get(name) for name in pair]
        if ends[0] is not None and ends[1] is not None:
            roots.join(ends[0], ends[1])
    thread_of = tuple(roots.find(-position - 1) for position in range(len(batch)))
    merges = {thread: root for thread in roots.known() if (root := roots.find(thread)) != thread}
    return ThreadPlan(thread_of, merges)


class Groups:
    """Disjoint sets of thread numbers. A known thread (above zero) is root before a new one, the smallest first."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def find(self, one: int) -> int:
        path = []
        while (parent := self._parent.get(one, one)) != one:
            path.append(one)
            one = parent
        for step in path:
            self._parent[step] = one
        return one

    def join(self, one: int, other: int) -> None:
        self._parent.setdefault(one, one)
        self._parent.setdefault(other, other)
        first, second = sorted((self.find(one), self.find(other)), key=lambda number: (number < 0, abs(number)))
        self._parent[second] = first

    def known(self) -> Iterable[int]:
        return [number for number in self._parent if number > 0]
