"""A conversation that its user has split or put together with others. Pure.

In: everything that the rules of ``plan.threading`` or the user's wish to merge tie together, and what the user has
decided. Out: which of these messages make one conversation. It follows from the messages and the decisions alone, so
what arrives later falls into place in whatever order it comes.

A *cut* names a message that leaves its conversation and takes its answers along: each message goes with the nearest
one that it answers. A *join* names two messages whose conversations are one. Names are Message-IDs, so that a
decision outlives the message it was about.
"""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mailsync.plan.threading import Groups, KnownThreads, ThreadFacts, plan_threads

Join = tuple[str, str]
#: What stays together whatever the user joins: all that goes with one cut, or one conversation's uncut rest.
_Piece = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Decisions:
    cuts: frozenset[str] = frozenset()
    joins: frozenset[Join] = frozenset()


def divide(messages: Sequence[ThreadFacts], decisions: Decisions) -> list[int]:
    """A number for each message, the same for all of one conversation."""
    pieces = _Pieces(messages, decisions.cuts)
    groups = Groups()
    numbers = {piece: number for number, piece in enumerate(dict.fromkeys(pieces.of), start=1)}
    for one, other in sorted(decisions.joins):
        ends = [numbers.get(piece) for piece in (pieces.named(one), pieces.named(other)) if piece is not None]
        if len(ends) == 2 and ends[0] is not None and ends[1] is not None:
            groups.join(ends[0], ends[1])
    return [groups.find(numbers[piece]) for piece in pieces.of]


def split_off(messages: Sequence[ThreadFacts], decisions: Decisions, chosen: Collection[int]) -> Decisions | None:
    """What is decided once the messages at these positions, of one conversation, have left it with their answers.

    None where nothing would stay behind.
    """
    whole = divide(messages, decisions)
    conversation = [position for position, number in enumerate(whole) if number == whole[min(chosen)]]
    tree = _Tree(messages, decisions.cuts)
    heads: set[str] = set()
    leaving: set[str] = set()
    # Oldest first: what answers another of the chosen goes with it.
    for facts in sorted((messages[position] for position in chosen), key=_age):
        if facts.message_id not in heads and tree.walk(facts, leaving) not in leaving:
            heads.add(facts.message_id)
        if facts.message_id in heads or tree.by_name[facts.message_id] is facts:
            leaving.add(facts.message_id)
    cuts = decisions.cuts | heads
    pieces = _Pieces(messages, cuts)
    gone = {pieces.of[position] for position in chosen}
    stay = {pieces.of[position] for position in conversation} - gone
    if not stay:
        return None
    # Joins of the two halves are written anew: what tied them to each other is what the user takes back.
    mine = gone | stay
    joins = {join for join in decisions.joins if not {pieces.named(join[0]), pieces.named(join[1])} <= mine}
    for half in (gone, stay):
        names = sorted(pieces.name_of(piece) for piece in half)
        joins |= set(itertools.pairwise(names))
    return Decisions(cuts, frozenset(joins))


def put_together(names: Sequence[str], decisions: Decisions) -> Decisions:
    """What is decided once the conversations of these messages are one."""
    return replace(decisions, joins=decisions.joins | set(itertools.pairwise(names)))


def oldest(messages: Iterable[ThreadFacts]) -> str:
    """The name of the oldest of these."""
    return min(messages, key=_age).message_id


def claim(
    messages: Sequence[ThreadFacts], numbers: Sequence[int], threads: Sequence[int | None], *, first: int | None = None
) -> dict[int, int]:
    """Which conversation (of ``divide``) keeps which thread: each thread goes with the oldest of its messages.

    ``threads[i]`` is where message i is filed by now; ``first`` chooses before the others. Conversations that are not
    in the answer need a new thread.
    """
    held: dict[int, list[int]] = {}
    for position in sorted(range(len(messages)), key=lambda position: _age(messages[position])):
        thread = threads[position]
        if thread is not None:
            held.setdefault(thread, []).append(numbers[position])
    claimed: dict[int, int] = {}
    for thread in sorted(held, key=lambda thread: (thread != first, thread)):
        free = next((number for number in held[thread] if number not in claimed), None)
        if free is not None:
            claimed[free] = thread
    return claimed


class _Tree:
    """Who answers whom, as far as the messages are here."""

    def __init__(self, messages: Sequence[ThreadFacts], cuts: frozenset[str]) -> None:
        # Two messages may bear one name: the older one is meant, whichever came first.
        ordered = sorted(messages, key=_age)
        self.by_name: Mapping[str, ThreadFacts] = {one.message_id: one for one in reversed(ordered)}
        self._by_subject: dict[str, list[ThreadFacts]] = {}
        for one in ordered:
            self._by_subject.setdefault(one.base_subject, []).append(one)
        self._cuts = cuts
        self._heads: dict[str, str] = {}

    def head(self, facts: ThreadFacts) -> str:
        """The cut that this message goes with, or nothing."""
        if self.by_name[facts.message_id] is not facts:
            return self.walk(facts)
        # Each message goes where what it answers goes, so that a long conversation is walked once and not for each.
        name, passed = facts.message_id, dict[str, None]()
        while name not in self._heads:
            if name in passed:  # a circle: what is left out depends on where it is begun
                return self.walk(facts)
            passed[name] = None
            answered = None if name in self._cuts else self._answered(self.by_name[name], {name}, ())
            if answered is None:
                self._heads[name] = name if name in self._cuts else ""
            else:
                name = answered
        self._heads |= dict.fromkeys(passed, self._heads[name])
        return self._heads[name]

    def walk(self, facts: ThreadFacts, more: Collection[str] = ()) -> str:
        """``head``, or the first of ``more`` that is met on the way."""
        passed: set[str] = set()
        while True:
            if facts.message_id in self._cuts:
                return facts.message_id
            passed.add(facts.message_id)
            name = self._answered(facts, passed, more)
            if name is None or name in self._cuts or name in more:
                return name or ""
            facts = self.by_name[name]

    def _answered(self, facts: ThreadFacts, passed: Collection[str], more: Collection[str]) -> str | None:
        """The nearest message that this one answers and that is here, or is cut; none of those ``passed``."""
        for name in (facts.in_reply_to, *reversed(facts.references)):
            if name and name not in passed and (name in self._cuts or name in self.by_name or name in more):
                return name
        if facts.is_lone_reply:
            for other in reversed(self._by_subject[facts.base_subject]):
                if facts.answers(other) and other.message_id not in passed and other is not facts:
                    return other.message_id
        return None


class _Pieces:
    """The messages by what holds together of itself."""

    def __init__(self, messages: Sequence[ThreadFacts], cuts: frozenset[str]) -> None:
        tree = _Tree(messages, cuts)
        self._cuts = cuts
        self._natural = plan_threads(messages, KnownThreads()).thread_of
        heads = [tree.head(facts) for facts in messages]
        self.of: list[_Piece] = [
            (head, 0) if head else ("", root) for head, root in zip(heads, self._natural, strict=True)
        ]
        ordered = sorted(range(len(messages)), key=lambda position: _age(messages[position]))
        self._by_name: dict[str, _Piece] = {}
        self._naming: dict[str, _Piece] = {}
        self._names: dict[_Piece, str] = {}
        for position in ordered:
            facts = messages[position]
            self._by_name.setdefault(facts.message_id, self.of[position])
            self._names.setdefault(self.of[position], facts.message_id)
            for name in facts.names:
                self._naming.setdefault(name, ("", self._natural[position]))

    def named(self, name: str) -> _Piece | None:
        """The piece of the message of that name; of one that has been deleted, that of those who name it."""
        if name in self._by_name:
            return self._by_name[name]
        return (name, 0) if name in self._cuts else self._naming.get(name)

    def name_of(self, piece: _Piece) -> str:
        return piece[0] or self._names[piece]


def _age(facts: ThreadFacts) -> tuple[object, ...]:
    return (facts.received_at, facts.message_id, facts.in_reply_to, facts.references)
