"""Conversations found anew from the messages themselves. Database room.

Needed when the rules have learned something, when a user takes a merge back, and to prove that what grew message by
message is what the rules make of the whole. What users have split and merged stays so. A message that has been
deleted no longer ties others together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from mailsync.models import Thread
from mailsync.plan.dividing import Decisions, claim
from mailsync.plan.threading import KnownThreads, ThreadFacts, plan_threads
from mailsync.store.dividing import Pair, Whole, load_decisions, load_wholes, settle_whole
from mailsync.store.filed import SUBJECT_LENGTH, file_anew, lock_conversations, wholes_of
from mailsync.store.summary import FolderCounts, refresh
from mailsync.store.threads import delete_empty_threads, keep_marks, load_known, refresh_threads

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Regrouped:
    """``moved`` messages are in another conversation now; lines to count anew, and threads that go after that."""

    moved: int
    pairs: frozenset[Pair]
    emptied: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One batch of ``rethread``: the conversations up to ``last`` are right, ``moved`` messages had to move."""

    account_id: int
    last: int
    conversations: int
    moved: int
    counts: tuple[FolderCounts, ...] = ()


def rethread(account_id: int, *, after: int = 0, only_look: bool = False) -> Iterator[Step]:
    """Find an account's conversations anew, a batch and a transaction at a time, those beyond ``after``.

    With ``only_look`` each batch is taken back, and the steps say what it would have changed.
    """
    while True:
        wholes = Thread.objects.filter(account_id=account_id, whole=None, pk__gt=after).order_by("pk")
        ids = list(wholes.values_list("pk", flat=True)[:_BATCH])
        if not ids:
            return
        with transaction.atomic():
            done = regroup(account_id, ids)
            counts = apply_regrouped(done)
            transaction.set_rollback(only_look)
        after = ids[-1]
        yield Step(account_id, after, len(ids), done.moved, () if only_look else tuple(counts))


def apply_regrouped(done: Regrouped) -> list[FolderCounts]:
    """Count what has changed hands, and let go of what is empty."""
    counts = refresh(done.pairs)
    refresh_threads({thread for _, thread in done.pairs})
    delete_empty_threads(done.emptied)
    return counts


def regroup(account_id: int, whole_ids: Sequence[int]) -> Regrouped:
    """Find the conversations of these threads' messages anew, and of whatever they turn out to belong to."""
    lock_conversations(account_id)
    # A thread that was merged away since these ids were read has no messages, and no row.
    wholes = set(Thread.objects.filter(pk__in=whole_ids).values_list("pk", flat=True))
    while True:
        whole = load_wholes(wholes)
        decisions = load_decisions(account_id, whole.facts)
        beyond = _beyond(account_id, whole, decisions, wholes)
        if not beyond:
            break
        wholes |= beyond
    groups = plan_threads(whole.facts, KnownThreads(), decisions.joins).thread_of
    claimed, whole_of = _claim(account_id, whole, groups)
    moves: dict[int, int] = {}
    for message, group in zip(whole.messages, groups, strict=True):
        if claimed[group] != whole_of[message.thread_id]:
            moves[message.pk] = claimed[group]
    names = {
        name: claimed[group]
        for message, facts, group in zip(whole.messages, whole.facts, groups, strict=True)
        for name in facts.names
        if message.message_id or name != facts.message_id
    }
    pairs = file_anew(moves)
    _renew_names(account_id, names)
    settled = [settle_whole(account_id, thread) for thread in _to_divide(claimed, whole.facts, groups, decisions)]
    emptied = {message.thread_id for message in whole.messages} | wholes
    return Regrouped(
        len(moves) + sum(part.moved for part in settled),
        frozenset(pairs.union(*(part.pairs for part in settled))),
        tuple(sorted(emptied)),
    )


def _beyond(account_id: int, whole: Whole, decisions: Decisions, wholes: set[int]) -> set[int]:
    """Threads apart from ``wholes`` that these messages belong to as well."""
    known = load_known(account_id, whole.facts)
    plan = plan_threads(whole.facts, known)
    reached = {thread for thread in (*plan.thread_of, *plan.merges, *plan.merges.values()) if thread > 0}
    ends = {end for join in decisions.joins for end in join}
    return (reached | wholes_of(account_id, ends)) - wholes


def _claim(account_id: int, whole: Whole, groups: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Which thread each group is filed under, and under which each thread is by now, so that as little as may be moves.

    A group keeps the thread it is in; else the one that it was split off from; else a part becomes a whole of its own.
    """
    threads = {message.thread_id: message.thread for message in whole.messages}
    held = [message.thread for message in whole.messages]
    claimed = claim(whole.facts, groups, [None if one.whole_id else one.pk for one in held])
    for candidates in ([one.whole_id for one in held], [one.pk for one in held]):
        taken = set(claimed.values())
        left = [
            None if group in claimed or thread in taken else thread
            for group, thread in zip(groups, candidates, strict=True)
        ]
        claimed |= claim(whole.facts, groups, left)
    for group, facts, thread in zip(groups, whole.facts, held, strict=True):
        if group not in claimed:
            # It has fallen out of another, and is silenced as that one is.
            subject = facts.base_subject[:SUBJECT_LENGTH]
            claimed[group] = Thread.objects.create(account_id=account_id, base_subject=subject, muted=thread.muted).pk
    within: dict[int, set[int]] = {}
    for group, thread in zip(groups, held, strict=True):
        within.setdefault(thread.pk, set()).add(claimed[group])
    whole_of = {}
    for pk, thread in threads.items():
        if pk in claimed.values():
            whole_of[pk] = pk
        elif thread.whole_id and len(within[pk]) == 1:
            (whole_of[pk],) = within[pk]
        else:
            whole_of[pk] = thread.whole_id or pk
        if (thread.whole_id or pk) != whole_of[pk]:
            Thread.objects.filter(pk=pk).update(whole=None if whole_of[pk] == pk else whole_of[pk])
    keep_marks({pk: min(within[pk]) for pk in threads if whole_of[pk] == pk and pk not in claimed.values()})
    return claimed, whole_of


def _to_divide(
    claimed: dict[int, int], messages: Sequence[ThreadFacts], groups: Sequence[int], decisions: Decisions
) -> list[int]:
    """Threads that are to be divided, or no longer."""
    cut = {claimed[group] for facts, group in zip(messages, groups, strict=True) if decisions.cuts & {*facts.names}}
    Thread.objects.filter(pk__in=cut).update(divided=True)
    divided = Thread.objects.filter(pk__in=claimed.values(), divided=True)
    return sorted(divided.values_list("pk", flat=True))


def _renew_names(account_id: int, names: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mailsync_threadreference AS r (account_id, message_id, thread_id)"
            " SELECT %s, g.name, g.thread FROM unnest(%s::text[], %s::bigint[]) AS g(name, thread)"
            " ON CONFLICT (account_id, message_id) DO UPDATE SET thread_id = excluded.thread_id"
            " WHERE r.thread_id <> excluded.thread_id",
            [account_id, list(names), list(names.values())],
        )
