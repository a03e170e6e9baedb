"""A user splits or merges conversations, or takes that back. Database room.

In: threads or messages of one account, in the caller's transaction. Out: what was decided, for the journal, and what
is to be counted anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mailsync.models import Message, Thread, ThreadReference
from mailsync.plan.dividing import oldest, put_together, split_off
from mailsync.store.dividing import (
    Pair,
    load_decisions,
    load_wholes,
    revert,
    save_decisions,
    settle_whole,
)
from mailsync.store.filed import lock_conversations, wholes_of
from mailsync.store.rethreading import regroup
from mailsync.store.threads import merge_threads

#: Decisions added and dropped, as the journal keeps them.
Change = Mapping[str, Sequence[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Decided:
    """``moved`` messages are in another conversation now; count ``pairs`` anew, then delete ``emptied`` threads."""

    change: Change
    pairs: frozenset[Pair]
    emptied: tuple[int, ...]
    moved: int = 0


def merge(account_id: int, thread_ids: Collection[int]) -> Decided:
    """Make these conversations one, for good."""
    lock_conversations(account_id)
    rows = Thread.objects.filter(pk__in=thread_ids).values_list("pk", "whole_id")
    wholes = sorted({whole or pk for pk, whole in rows})
    whole = load_wholes(wholes)
    decisions = load_decisions(account_id, whole.facts)
    names = [
        oldest(facts for message, facts in zip(whole.messages, whole.facts, strict=True) if message.thread_id == thread)
        for thread in sorted(thread_ids)
    ]
    change = save_decisions(account_id, decisions, put_together(names, decisions))
    pairs = merge_threads(dict.fromkeys(wholes[1:], wholes[0]))
    if not Thread.objects.filter(pk=wholes[0], divided=True).exists():
        return Decided(change, frozenset(pairs), tuple(wholes[1:]))
    settled = settle_whole(account_id, wholes[0])
    return Decided(change, settled.pairs | pairs, (*wholes[1:], *settled.emptied))


def split(account_id: int, message_ids: Collection[int], *, onward: bool) -> Decided | None:
    """Give these messages of one conversation, and what answers them, a conversation of their own.

    ``onward``: also all that came after them. None where nothing would stay behind.
    """
    lock_conversations(account_id)
    thread = Thread.objects.get(pk=Message.objects.filter(pk__in=message_ids).values("thread")[:1])
    whole_id = thread.whole_id or thread.pk
    whole = load_wholes([whole_id])
    decisions = load_decisions(account_id, whole.facts)
    chosen = [position for position, message in enumerate(whole.messages) if message.pk in message_ids]
    if onward:
        since = min((whole.messages[position].received_at, whole.messages[position].pk) for position in chosen)
        chosen = [
            position
            for position, message in enumerate(whole.messages)
            if message.thread_id == thread.pk and (message.received_at, message.pk) >= since
        ]
    after = split_off(whole.facts, decisions, chosen)
    if after is None:
        return None
    change = save_decisions(account_id, decisions, after)
    Thread.objects.filter(pk=whole_id).update(divided=True)
    settled = settle_whole(account_id, whole_id)
    return Decided(change, settled.pairs, settled.emptied, settled.moved)


def take_back(account_id: int, change: Change) -> Decided:
    """The conversations as they would be, had this not been decided."""
    lock_conversations(account_id)
    revert(account_id, change)
    names = {name for pair in (*change["added"], *change["dropped"]) for name in pair if name}
    filed = ThreadReference.objects.filter(account_id=account_id, message_id__in=names)
    wholes = {*filed.values_list("thread", flat=True), *wholes_of(account_id, names)}
    done = regroup(account_id, sorted(wholes))
    return Decided(change, done.pairs, done.emptied, done.moved)
