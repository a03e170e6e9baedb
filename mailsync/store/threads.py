"""Conversations as the tables keep them: a thread for each new message, merges, and what a thread sums up.

Database room. In: what new messages say (``plan.threading.ThreadFacts``), in the transaction that
stores them. Out: thread ids, and the (folder, thread) pairs whose lines have to be counted anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Min, Q

from accounts.ready import cursor_for
from mailsync.models import Message, Placement, Thread, ThreadReference
from mailsync.plan.threading import LONE_REPLY_WINDOW, KnownMessage, KnownThreads, ThreadFacts, plan_threads
from mailsync.store import dividing
from mailsync.store.bulk import copy_rows
from mailsync.store.filed import FACTS, SUBJECT_LENGTH, WHOLE, lock_conversations, lock_lines, stored_facts

_MOST_OF_ONE_SUBJECT = 200

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
    lock_conversations(account_id)
    plan = plan_threads(batch, load_known(account_id, batch))
    pairs = merge_threads(plan.merges)
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
    copy_rows(list(new.values()))
    threads = tuple(new[root].pk if root < 0 else root for root in plan.thread_of)
    _note_names(
        account_id, {name: thread for facts, thread in zip(batch, threads, strict=True) for name in facts.names}
    )
    settled = dividing.settle(account_id, batch, threads)
    return Assigned(settled.threads, frozenset(pairs) | settled.pairs, (*plan.merges, *settled.emptied))


def load_known(account_id: int, batch: Sequence[ThreadFacts]) -> KnownThreads:
    """What is stored and could concern these messages; threads that were split, as what they would be whole."""
    names = {name for facts in batch for name in facts.names}
    providers = {facts.provider_thread_id for facts in batch if facts.provider_thread_id}
    references = ThreadReference.objects.filter(account_id=account_id, message_id__in=names)
    by_provider: dict[str, int] = {}
    if providers:
        found = Message.objects.filter(account_id=account_id, provider_thread_id__in=providers)
        by_provider = dict(found.values_list("provider_thread_id").annotate(first=Min(WHOLE)))
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
    ).only(*FACTS)
    return [
        KnownMessage(message.whole_id, stored_facts(message))
        for message in found.annotate(whole_id=WHOLE).order_by("-received_at")[
            : _MOST_OF_ONE_SUBJECT * max(1, len(lone))
        ]
    ]


def merge_threads(merges: Mapping[int, int]) -> set[Pair]:
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
            "UPDATE mailsync_thread t SET whole_id = m.new"
            " FROM unnest(%(old)s::bigint[], %(new)s::bigint[]) AS m(old, new) WHERE t.whole_id = m.old",
            values,
        )
    keep_marks(merges)
    return pairs


def keep_marks(merges: Mapping[int, int]) -> None:
    """What several threads become is muted, pinned or divided where any of them was."""
    if merges:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP_MARKS, {"old": list(merges), "new": list(merges.values())})


_KEEP_MARKS = """
    UPDATE mailsync_thread t
       SET muted = t.muted OR was.muted, pinned = t.pinned OR was.pinned, divided = t.divided OR was.divided
      FROM (SELECT m.new, bool_or(o.muted) AS muted, bool_or(o.pinned) AS pinned, bool_or(o.divided) AS divided
              FROM unnest(%(old)s::bigint[], %(new)s::bigint[]) AS m(old, new)
              JOIN mailsync_thread o ON o.id = m.old GROUP BY m.new) AS was
     WHERE t.id = was.new AND (was.muted OR was.pinned OR was.divided)
"""


def _note_names(account_id: int, names: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mailsync_threadreference (account_id, message_id, thread_id)"
            " SELECT %s, g.name, g.thread FROM unnest(%s::text[], %s::bigint[]) AS g(name, thread)"
            " ON CONFLICT DO NOTHING",
            [account_id, list(names), list(names.values())],
        )


def refresh_threads(thread_ids: Collection[int]) -> None:
    """Sum the conversations up again: how many messages, since when, between whom.

    What was thrown away, and junk, is counted in its folder alone; of a conversation that has nothing else it says who
    wrote it.
    """
    if not thread_ids:
        return
    with cursor_for(len(thread_ids)) as cursor:
        cursor.execute(_SUM_UP, {"threads": sorted(set(thread_ids))})


_SUM_UP = """
    UPDATE mailsync_thread t
       SET message_count = found.messages, newest_at = found.newest_at, participants = found.people,
           has_draft = found.has_draft
      FROM (
        SELECT w.id,
               (SELECT count(DISTINCT p.message_id) FROM mailsync_placement p
                 WHERE p.thread_id = w.id AND p.shown AND p.folder_id <> ALL (g.folders)) AS messages,
               (SELECT max(p.received_at) FROM mailsync_placement p WHERE p.thread_id = w.id AND p.shown) AS newest_at,
               (SELECT coalesce(jsonb_agg(jsonb_build_array(s.name, s.address) ORDER BY s.first_at, s.address), '[]')
                  FROM (SELECT (array_agg(m.from_name ORDER BY m.received_at, m.id))[1] AS name,
                               (array_agg(m.from_address ORDER BY m.received_at, m.id))[1] AS address,
                               min(m.received_at) AS first_at
                          FROM mailsync_message m
                         WHERE m.thread_id = w.id AND EXISTS (
                               SELECT FROM mailsync_placement p WHERE p.message_id = m.id AND p.shown AND NOT p.draft
                                                                  AND (p.folder_id <> ALL (g.folders) OR g.is_all))
                         GROUP BY lower(m.from_address) ORDER BY min(m.received_at) LIMIT 8) AS s) AS people,
               EXISTS (SELECT FROM mailsync_placement p WHERE p.thread_id = w.id AND p.shown AND p.draft) AS has_draft
          FROM unnest(%(threads)s::bigint[]) AS w(id)
         -- The folders of what is gone for its reader, and whether the whole conversation is.
         CROSS JOIN LATERAL (
               SELECT coalesce(array_agg(f.id) FILTER (WHERE f.role IN ('trash', 'junk')), '{}') AS folders,
                      bool_and(f.role IN ('trash', 'junk')) AS is_all
                 FROM mailsync_placement p JOIN mailsync_folder f ON f.id = p.folder_id
                WHERE p.thread_id = w.id AND p.shown) AS g
      ) AS found
     WHERE t.id = found.id
       AND (t.message_count, t.newest_at, t.participants, t.has_draft)
           IS DISTINCT FROM (found.messages::int, found.newest_at, found.people, found.has_draft)
"""


def delete_empty_threads(thread_ids: Iterable[int]) -> None:
    """Remove threads that no message belongs to any more (merged away, or their messages deleted).

    One that was split stays while its parts are there: their names are filed under it.
    """
    empty = Thread.objects.filter(id__in=list(thread_ids), messages__isnull=True, parts__isnull=True)
    wholes = set(empty.exclude(whole=None).values_list("whole_id", flat=True))
    empty.delete()
    Thread.objects.filter(id__in=wholes, messages__isnull=True, parts__isnull=True).delete()
