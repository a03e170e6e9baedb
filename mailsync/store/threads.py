"""Conversations as the tables keep them: a thread for each new message, merges, and what a thread sums up.

Database room. In: what new messages say (``plan.threading.ThreadFacts``), in the transaction that
stores them. Out: thread ids, and the (folder, thread) pairs whose lines have to be counted anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Min, Q, QuerySet

from mailsync.message.subject import base_subject, is_reply_subject
from mailsync.models import Message, Placement, Thread, ThreadReference
from mailsync.plan.threading import LONE_REPLY_WINDOW, KnownMessage, KnownThreads, ThreadFacts, plan_threads
from mailsync.store.summary import lock_folders

#: Base subjects are compared and indexed by this much of them.
SUBJECT_LENGTH = 200
_MOST_OF_ONE_SUBJECT = 200
#: The first number of the advisory lock under which an account's conversations are joined.
_LOCK = 7_201

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Assigned:
    """``threads[i]`` is the thread of message i.

    ``pairs`` are the lines (folder, thread) that merges touched, ``merged`` the threads that are empty
    now: count the lines anew, then ``delete_empty_threads``.
    """

    threads: tuple[int, ...]
    pairs: frozenset[Pair] = frozenset()
    merged: tuple[int, ...] = ()


def assign_threads(account_id: int, batch: Sequence[ThreadFacts]) -> Assigned:
    """Find, make and merge threads for these messages, and note every Message-ID they name."""
    if not batch:
        return Assigned(())
    with connection.cursor() as cursor:
        # Two batches that name each other's messages would each make a thread of its own.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK, account_id])
    plan = plan_threads(batch, _load_known(account_id, batch))
    pairs = _merge(plan.merges)
    first: dict[int, int] = {}
    for position, root in enumerate(plan.thread_of):
        first.setdefault(root, position)
    new = {
        root: Thread(
            account_id=account_id,
            provider_thread_id=batch[position].provider_thread_id[:64],
            base_subject=batch[position].base_subject[:SUBJECT_LENGTH],
        )
        for root, position in first.items()
        if root < 0
    }
    Thread.objects.bulk_create(new.values(), batch_size=500)
    threads = tuple(new[root].pk if root < 0 else root for root in plan.thread_of)
    _note_names(
        account_id, {name: thread for facts, thread in zip(batch, threads, strict=True) for name in facts.names}
    )
    return Assigned(threads, frozenset(pairs), tuple(plan.merges))


def _load_known(account_id: int, batch: Sequence[ThreadFacts]) -> KnownThreads:
    names = {name for facts in batch for name in facts.names}
    providers = {facts.provider_thread_id for facts in batch if facts.provider_thread_id}
    references = ThreadReference.objects.filter(account_id=account_id, message_id__in=names)
    by_provider: dict[str, int] = {}
    if providers:
        found = Thread.objects.filter(account_id=account_id, provider_thread_id__in=providers)
        by_provider = dict(found.values_list("provider_thread_id").annotate(first=Min("id")))
    return KnownThreads(
        by_message_id=dict(references.values_list("message_id", "thread_id")),
        by_provider_id=by_provider,
        same_subject=_load_same_subject(account_id, batch),
    )


def _load_same_subject(account_id: int, batch: Sequence[ThreadFacts]) -> list[KnownMessage]:
    """Lone replies to the messages of the batch, and the messages that its own lone replies could answer."""
    subjects = {facts.base_subject[:SUBJECT_LENGTH] for facts in batch if facts.base_subject}
    lone = {facts.base_subject[:SUBJECT_LENGTH] for facts in batch if facts.is_lone_reply}
    if not subjects:
        return []
    condition = Q(lone_reply__in=subjects)
    if lone:
        threads = Thread.objects.filter(account_id=account_id, base_subject__in=lone).values("id")
        condition |= Q(thread__in=threads)
    times = [facts.received_at for facts in batch]
    found = Message.objects.filter(
        condition,
        account_id=account_id,
        received_at__range=(min(times) - LONE_REPLY_WINDOW, max(times) + LONE_REPLY_WINDOW),
    ).only("thread_id", "subject", "references", "in_reply_to", "from_address", "recipients", "received_at")
    return [
        KnownMessage(message.thread_id, stored_facts(message))
        for message in found.order_by("-received_at")[: _MOST_OF_ONE_SUBJECT * max(1, len(lone))]
    ]


def stored_facts(message: Message) -> ThreadFacts:
    """What a stored message says of itself."""
    people = (*message.recipients.get("to", ()), *message.recipients.get("cc", ()))
    return ThreadFacts(
        message_id=message.message_id,
        references=tuple(message.references),
        in_reply_to=message.in_reply_to,
        base_subject=base_subject(message.subject),
        is_reply=is_reply_subject(message.subject),
        sender=message.from_address.lower(),
        recipients=frozenset(address.lower() for _, address in people),
        received_at=message.received_at,
    )


def _merge(merges: Mapping[int, int]) -> set[Pair]:
    """Make threads part of others; returns the lines that this touches."""
    pairs: set[Pair] = set()
    if not merges:
        return pairs
    lock_lines(Placement.objects.filter(thread_id__in=list(merges)))
    for folder_id, thread_id in Placement.objects.filter(thread_id__in=list(merges)).values_list(
        "folder_id", "thread_id"
    ):
        pairs |= {(folder_id, thread_id), (folder_id, merges[thread_id])}
    values = {"old": list(merges), "new": list(merges.values())}
    with connection.cursor() as cursor:
        for table in ("mailsync_message", "mailsync_placement", "mailsync_threadreference"):
            cursor.execute(
                f"UPDATE {table} t SET thread_id = m.new"  # noqa: S608
                " FROM unnest(%(old)s::bigint[], %(new)s::bigint[]) AS m(old, new) WHERE t.thread_id = m.old",
                values,
            )
        cursor.execute(
            "UPDATE mailsync_thread t SET muted = true FROM unnest(%(old)s::bigint[], %(new)s::bigint[]) AS m(old, new)"
            " JOIN mailsync_thread was ON was.id = m.old WHERE t.id = m.new AND was.muted AND NOT t.muted",
            values,
        )
    return pairs


def lock_lines(placements: QuerySet[Placement]) -> None:
    """Lock the folders in which these placements lie, so that nobody moves one on while it changes hands.

    Who moved one before the lock was ours has put it into a folder that we learn of only then: so look again.
    """
    locked: set[int] = set()
    while new := set(placements.values_list("folder_id", flat=True).distinct()) - locked:
        lock_folders(new)
        locked |= new


def _note_names(account_id: int, names: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mailsync_threadreference (account_id, message_id, thread_id)"
            " SELECT %s, g.name, g.thread FROM unnest(%s::text[], %s::bigint[]) AS g(name, thread)"
            " ON CONFLICT DO NOTHING",
            [account_id, list(names), list(names.values())],
        )


def refresh_threads(thread_ids: Collection[int]) -> None:
    """Sum the conversations up again: how many shown messages, since when, between whom; empty ones go."""
    if not thread_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_SUM_UP, {"threads": sorted(set(thread_ids))})


_SUM_UP = """
    UPDATE mailsync_thread t
       SET message_count = found.messages, newest_at = found.newest_at, participants = found.people
      FROM (
        SELECT w.id,
               (SELECT count(DISTINCT p.message_id) FROM mailsync_placement p WHERE p.thread_id = w.id AND p.shown)
                   AS messages,
               (SELECT max(p.received_at) FROM mailsync_placement p WHERE p.thread_id = w.id AND p.shown) AS newest_at,
               (SELECT coalesce(jsonb_agg(jsonb_build_array(s.name, s.address) ORDER BY s.first_at, s.address), '[]')
                  FROM (SELECT (array_agg(m.from_name ORDER BY m.received_at, m.id))[1] AS name,
                               (array_agg(m.from_address ORDER BY m.received_at, m.id))[1] AS address,
                               min(m.received_at) AS first_at
                          FROM mailsync_message m
                         WHERE m.thread_id = w.id
                         GROUP BY lower(m.from_address) ORDER BY min(m.received_at) LIMIT 8) AS s) AS people
          FROM unnest(%(threads)s::bigint[]) AS w(id)
      ) AS found
     WHERE t.id = found.id
       AND (t.message_count, t.newest_at, t.participants)
           IS DISTINCT FROM (found.messages::int, found.newest_at, found.people)
"""


def delete_empty_threads(thread_ids: Iterable[int]) -> None:
    """Remove threads that no message belongs to any more (merged away, or their messages deleted)."""
    Thread.objects.filter(id__in=list(thread_ids), messages__isnull=True).delete()
