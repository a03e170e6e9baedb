"""Conversations that their user has split or put together, as the tables keep them. Database room.

In: threads that something new has come to, or about which something was decided, in the transaction that does it.
Out: where their messages are filed by now, and the (folder, thread) lines to count anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Q

from mailsync.models import Message, Thread, ThreadDecision
from mailsync.plan.dividing import Decisions, claim, divide
from mailsync.plan.threading import ThreadFacts
from mailsync.store.filed import FACTS, SUBJECT_LENGTH, file_anew, named_facts

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Settled:
    """``threads[i]`` is the thread of newcomer i; ``emptied`` threads go once the lines ``pairs`` are counted."""

    threads: tuple[int, ...] = ()
    pairs: frozenset[Pair] = frozenset()
    emptied: tuple[int, ...] = ()
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Whole:
    """All that one conversation would be, had its user split nothing."""

    messages: tuple[Message, ...]
    facts: tuple[ThreadFacts, ...]


def load_wholes(whole_ids: Collection[int]) -> Whole:
    """The messages of these threads and of what was split off them, oldest row first."""
    parts = Thread.objects.filter(whole__in=whole_ids).values_list("pk", flat=True)
    found = Message.objects.filter(thread__in=[*whole_ids, *parts])
    messages = tuple(found.select_related("thread").only(*FACTS, "thread__whole", "thread__muted").order_by("id"))
    return Whole(messages, tuple(map(named_facts, messages)))


def load_decisions(account_id: int, facts: Iterable[ThreadFacts]) -> Decisions:
    """What the user has decided about these messages, and those that they name."""
    names = list({name for one in facts for name in one.names})
    rows = ThreadDecision.objects.filter(account_id=account_id)
    found = rows.filter(Q(name__in=names) | Q(other__in=names) & ~Q(other="")).values_list("name", "other")
    cuts = frozenset(name for name, other in found if not other)
    return Decisions(cuts, frozenset((name, other) for name, other in found if other))


def save_decisions(account_id: int, before: Decisions, after: Decisions) -> dict[str, list[list[str]]]:
    """Write down what has changed; returns it, so that it can be taken back by ``revert``."""
    had, has = _rows(before), _rows(after)
    change = {"added": sorted(map(list, has - had)), "dropped": sorted(map(list, had - has))}
    _write(account_id, add=change["added"], drop=change["dropped"])
    return change


def revert(account_id: int, change: Mapping[str, Sequence[Sequence[str]]]) -> None:
    _write(account_id, add=change["dropped"], drop=change["added"])


_DROP = """
    DELETE FROM mailsync_threaddecision d USING unnest(%s::text[], %s::text[]) AS gone (name, other)
     WHERE d.account_id = %s AND d.name = gone.name AND d.other = gone.other
"""


def _rows(decisions: Decisions) -> set[tuple[str, str]]:
    return {(name, "") for name in decisions.cuts} | set(decisions.joins)


def _write(account_id: int, *, add: Sequence[Sequence[str]], drop: Sequence[Sequence[str]]) -> None:
    if drop:
        with connection.cursor() as cursor:
            cursor.execute(_DROP, [[name for name, _ in drop], [other for _, other in drop], account_id])
    rows = [ThreadDecision(account_id=account_id, name=name, other=other) for name, other in add]
    ThreadDecision.objects.bulk_create(rows, ignore_conflicts=True)


def settle(account_id: int, newcomers: Sequence[ThreadFacts], wholes: Sequence[int]) -> Settled:
    """Where new messages belong that the rules have put into these threads, each as far as its user has split it."""
    divided = set(Thread.objects.filter(pk__in=set(wholes), divided=True).values_list("pk", flat=True))
    filed = list(wholes)
    parts = []
    for whole_id in sorted(divided):
        mine = [position for position, thread in enumerate(wholes) if thread == whole_id]
        part = settle_whole(account_id, whole_id, [newcomers[position] for position in mine])
        for position, thread in zip(mine, part.threads, strict=True):
            filed[position] = thread
        parts.append(part)
    return Settled(
        tuple(filed),
        frozenset(pair for part in parts for pair in part.pairs),
        tuple(thread for part in parts for thread in part.emptied),
    )


def settle_whole(account_id: int, whole_id: int, newcomers: Sequence[ThreadFacts] = ()) -> Settled:
    """File the messages of a divided thread as its user has decided, those included that are about to come."""
    whole = load_wholes([whole_id])
    named = [
        one if one.message_id else replace(one, message_id=f"#new {number}") for number, one in enumerate(newcomers)
    ]
    facts = [*whole.facts, *named]
    decisions = load_decisions(account_id, facts)
    Thread.objects.filter(pk=whole_id).update(divided=bool(decisions.cuts))
    numbers = divide(facts, decisions)
    held = [message.thread_id for message in whole.messages]
    claimed = claim(facts, numbers, [*held, *(None for _ in named)], first=whole_id)
    muted = Thread.objects.filter(pk=whole_id, muted=True).exists()
    for number, one in zip(numbers, facts, strict=True):
        if number not in claimed:
            subject = one.base_subject[:SUBJECT_LENGTH]
            new = Thread.objects.create(account_id=account_id, whole_id=whole_id, base_subject=subject, muted=muted)
            claimed[number] = new.pk
    filed = [claimed[number] for number in numbers]
    moves = {
        message.pk: thread
        for message, thread in zip(whole.messages, filed, strict=False)
        if thread != message.thread_id
    }
    emptied = set(held) - set(filed) - {whole_id}
    pairs = file_anew(moves)
    return Settled(tuple(filed[len(whole.messages) :]), frozenset(pairs), tuple(sorted(emptied)), len(moves))
