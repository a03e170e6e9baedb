"""Bodies of messages whose headers are stored, from raw bytes to rows. Database room.

In: one batch of whole messages of one folder, fetched and parsed outside any transaction. Out: the
raw bytes (once for each account, by SHA-256), the derived facts and the text index, in one
transaction that commits only while the lease is held. A batch may come twice. When the bytes turn out
to be those of a message we have, the placement goes to that one and the newcomer is dropped.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from mailsync.extract.indexed import message_text
from mailsync.message.facts import PARSER_VERSION, ParsedMessage
from mailsync.message.lexemes import Vector, build_vector
from mailsync.message.plain import plain, plain_json
from mailsync.models import Change, Draft, Folder, Message, Outgoing, Placement, PopMessage
from mailsync.store import leases
from mailsync.store.bulk import execute_bound
from mailsync.store.events import record_events
from mailsync.store.filed import lock_lines
from mailsync.store.holes import fill_holes, note_holes
from mailsync.store.intake import header_columns, lock_epoch
from mailsync.store.mail_sums import note_mail
from mailsync.store.raw_intake import drop_unused, keep_raw
from mailsync.store.reported import record_reports
from mailsync.store.summary import FolderCounts, refresh
from mailsync.store.text_index import write_vectors
from mailsync.store.threads import delete_empty_threads, refresh_threads
from mailsync.types import FetchedMessage

#: Down the index of what has no body, each row looked up by itself (OFFSET 0 keeps the planner from turning that
#: into a join): while a mailbox is being filled no statistics tell it better.
_WANTED = """
    SELECT p.uid, m.size_bytes, coalesce(b.have_bytes, 0)::bigint
      FROM mailsync_message m
     CROSS JOIN LATERAL (
            SELECT folder_id, epoch, uid, gone_phase FROM mailsync_placement WHERE message_id = m.id OFFSET 0) p
      LEFT JOIN LATERAL (
            SELECT next_try_at FROM mailsync_hole
             WHERE folder_id = p.folder_id AND epoch = p.epoch AND uid = p.uid
            OFFSET 0) h ON true
      LEFT JOIN LATERAL (
            SELECT sum(octet_length(data)) AS have_bytes FROM mailsync_bodypiece
             WHERE folder_id = p.folder_id AND epoch = p.epoch AND uid = p.uid
            OFFSET 0) b ON true
     WHERE m.account_id = %(account)s AND m.raw_id IS NULL
       AND p.folder_id = %(folder)s AND p.epoch = %(epoch)s AND p.uid IS NOT NULL AND p.gone_phase = 0
       AND (h.next_try_at IS NULL OR h.next_try_at <= now())
     ORDER BY m.received_at DESC, p.uid DESC
     LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class BodyBatch:
    """What one FETCH of bodies gave, for UIDs whose placements exist."""

    folder_id: int
    epoch: int
    asked: Sequence[int]
    got: Sequence[tuple[FetchedMessage, ParsedMessage]]
    #: Why the others did not come, for their holes.
    reason: str = "The server did not give the body of this message."
    #: What to index, by UID, where it has been worked out already.
    vectors: Mapping[int, Vector] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BodyIntake:
    """``stored``: ids of the messages that have their bodies now."""

    stored: tuple[int, ...]
    counts: tuple[FolderCounts, ...]


@dataclass(frozen=True, slots=True)
class WantedBody:
    """``have_bytes`` of it are here already, in pieces."""

    uid: int
    size_bytes: int
    have_bytes: int = 0


def wanted_bodies(folder: Folder, *, limit: int) -> list[WantedBody]:
    """The newest messages of this folder whose bodies are not here, without those whose hole is not due."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WANTED,
            {"account": folder.account_id, "folder": folder.pk, "epoch": folder.epoch, "limit": limit},
        )
        return [WantedBody(*row) for row in cursor.fetchall()]


def choose_fitting(wanted: Sequence[WantedBody], left_bytes: int | None) -> Sequence[WantedBody]:
    """Pure: the first of these, until the room is used up. The last may need more than is left of it, so that what is
    large does not wait for ever before a limit that is never quite reached.

    >>> [one.uid for one in choose_fitting([WantedBody(3, 50), WantedBody(2, 60), WantedBody(1, 1)], 100)]
    [3, 2]
    """
    if left_bytes is None:
        return wanted
    fitting: list[WantedBody] = []
    for one in wanted:
        if left_bytes <= 0:
            break
        fitting.append(one)
        left_bytes -= one.size_bytes - one.have_bytes
    return fitting


def correct_pending(folder: Folder) -> None:
    """No body is wanted just now: whatever the count said, what is left are holes that wait for their time."""
    Folder.objects.filter(pk=folder.pk).update(bodies_pending=0)


def want_uncounted(folder: Folder) -> None:
    """Bodies that nobody counts are looked for again, whoever has lost the count: with one counted all are."""
    if wanted_bodies(folder, limit=1):
        Folder.objects.filter(pk=folder.pk, bodies_pending=0).update(bodies_pending=1)


def want_again(lease: leases.HeldLease, folder_id: int, epoch: int, uids: Collection[int]) -> set[int]:
    """Holes whose time has come: those that lack only their body are counted as pending once more.

    Returns the UIDs that are placed; the others lack their header too. Raises ``LeaseLost``.
    """
    with leases.commit(lease):
        folder = lock_epoch(folder_id, epoch)
        rows = Placement.objects.filter(folder=folder, epoch=epoch, uid__in=list(uids))
        bodiless = {uid: raw is None for uid, raw in rows.values_list("uid", "message__raw_id") if uid is not None}
        # The same bytes may have come by way of another folder.
        fill_holes(folder, [uid for uid, lacks in bodiless.items() if not lacks])
        Folder.objects.filter(pk=folder.pk).update(bodies_pending=Greatest(F("bodies_pending"), sum(bodiless.values())))
    return set(bodiless)


def record_bodies(lease: leases.HeldLease, batch: BodyBatch) -> BodyIntake:
    """Store one batch. Raises ``LeaseLost`` when the lane or the folder's epoch is another's by now.

    The bytes, half of the work, go in before any row is locked, so that two batches can be stored side by side.
    """
    arrived = [_Arrived(hashlib.sha256(fetched.raw).digest(), fetched, parsed) for fetched, parsed in batch.got]
    with transaction.atomic():
        raw_ids = keep_raw(lease.account_id, {one.digest: one.fetched.raw for one in arrived})
        folder = lock_epoch(batch.folder_id, batch.epoch)
        placements = {
            placement.uid: placement
            for placement in Placement.objects.filter(
                folder=folder, epoch=batch.epoch, uid__in=[fetched.uid for fetched, _ in batch.got]
            )
            .select_related("message")
            .only("uid", "message__raw_id", "message__received_at", "message__thread_id")
        }
        fresh = [
            (placements[one.fetched.uid].message, one)
            for one in arrived
            if one.fetched.uid in placements and placements[one.fetched.uid].message.raw_id is None
        ]
        vectors = {message.pk: batch.vectors[one.uid] for message, one in fresh if one.uid in batch.vectors}
        stored, counts = _record_facts(folder.account_id, fresh, raw_ids, vectors)
        drop_unused({raw_ids[one.digest] for one in arrived} - {raw_ids[one.digest] for _, one in fresh})
        missing = set(batch.asked) - {fetched.uid for fetched, _ in batch.got}
        note_holes(folder, missing, batch.reason)
        fill_holes(folder, [fetched.uid for fetched, _ in batch.got])
        Folder.objects.filter(pk=folder.pk).update(bodies_pending=Greatest(F("bodies_pending") - len(fresh), 0))
        if stored and not counts:
            counts = refresh([(folder.pk, fresh[0][0].thread_id)])
        # At the end, as this locks the lease's row: the batch beside this one has to prolong it.
        leases.require(lease)
    return BodyIntake(tuple(stored), tuple(counts))


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A whole message and the hash of its bytes."""

    digest: bytes
    fetched: FetchedMessage
    parsed: ParsedMessage

    @property
    def uid(self) -> int:
        return self.fetched.uid


def record_raw(
    account_id: int, items: Sequence[tuple[Message, FetchedMessage, ParsedMessage]]
) -> tuple[list[int], list[FolderCounts]]:
    """Inside a transaction: bytes and facts for these bodiless messages. Returns the ids that have bodies now."""
    arrived = [
        (message, _Arrived(hashlib.sha256(fetched.raw).digest(), fetched, parsed)) for message, fetched, parsed in items
    ]
    raw_ids = keep_raw(account_id, {one.digest: one.fetched.raw for _, one in arrived})
    return _record_facts(account_id, arrived, raw_ids, {})


def _record_facts(
    account_id: int,
    items: Sequence[tuple[Message, _Arrived]],
    raw_ids: Mapping[bytes, int],
    vectors: Mapping[int, Vector],
) -> tuple[list[int], list[FolderCounts]]:
    """``vectors``, by message, are what to index of those for which it has been worked out already."""
    by_hash: dict[bytes, tuple[Message, FetchedMessage, ParsedMessage]] = {}
    twins: list[tuple[int, bytes]] = []
    for message, one in items:
        if one.digest in by_hash:
            if by_hash[one.digest][0].pk != message.pk:
                twins.append((message.pk, one.digest))
        else:
            by_hash[one.digest] = (message, one.fetched, one.parsed)
    owners = dict(Message.objects.filter(raw__in=[raw_ids[digest] for digest in by_hash]).values_list("raw_id", "id"))
    merges = {
        message.pk: owners[raw_ids[digest]]
        for digest, (message, _, _) in by_hash.items()
        if owners.get(raw_ids[digest], message.pk) != message.pk
    }
    fresh = [
        (message, raw_ids[digest], parsed)
        for digest, (message, _, parsed) in by_hash.items()
        if message.pk not in merges
    ]
    update_messages([body_columns(message, raw_id, parsed) for message, raw_id, parsed in fresh])
    write_vectors(
        account_id,
        {
            message.pk: vectors.get(message.pk) or build_vector(message_text(message.pk, parsed))
            for message, _, parsed in fresh
        },
    )
    record_events(
        account_id,
        [
            (message.pk, fetched.raw, parsed)
            for message, fetched, parsed in by_hash.values()
            if message.pk not in merges
        ],
    )
    record_reports(
        account_id,
        [
            (fetched.raw, parsed, message.received_at)
            for message, fetched, parsed in by_hash.values()
            if message.pk not in merges
        ],
    )
    merges |= {pk: merges.get(by_hash[digest][0].pk, by_hash[digest][0].pk) for pk, digest in twins}
    pairs, threads = merge_messages(merges)
    with_files = [message.pk for message, _, parsed in fresh if parsed.attachments]
    pairs |= set(Placement.objects.filter(message__in=with_files).values_list("folder_id", "thread_id"))
    counts = refresh(pairs)
    refresh_threads(threads)
    delete_empty_threads(threads)
    return [message.pk for message, _, _ in fresh] + list(merges.values()), counts


def body_columns(message: Message, raw_id: int, parsed: ParsedMessage) -> dict[str, Any]:
    """The columns of ``Message`` that a whole message fills; the header's are written again, parsed in full.

    ``size_bytes`` stays what the server said, right or wrong: it tells copies of a message apart.
    """
    header = header_columns(parsed.header, message.received_at)
    return {
        **header,
        "id": message.pk,
        "raw_id": raw_id,
        "preview": plain(parsed.preview)[:400],
        "attachment_count": min(len(parsed.attachments), 32_767),
        "parts": plain_json(parsed.root.as_json()),
        "defects": [plain(defect) for defect in dict.fromkeys((*parsed.header.defects, *parsed.defects))],
        "parser_version": PARSER_VERSION,
    }


_COLUMNS = {
    "raw_id": "bigint",
    "message_id": "text",
    "in_reply_to": "text",
    "references": "text[]",
    "subject": "text",
    "lone_reply": "text",
    "from_name": "text",
    "from_address": "text",
    "recipients": "jsonb",
    "sent_at": "timestamptz",
    "facts": "jsonb",
    "preview": "text",
    "attachment_count": "smallint",
    "parts": "jsonb",
    "defects": "text[]",
    "parser_version": "smallint",
}
_UPDATE = """
    UPDATE mailsync_message m SET {assignments}
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS d(id bigint, {types})
     WHERE m.id = d.id
""".format(  # noqa: S608 (constants alone)
    assignments=", ".join(f'"{name}" = d."{name}"' for name in _COLUMNS),
    types=", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items()),
)


def update_messages(rows: Sequence[dict[str, Any]]) -> None:
    """All rows in one statement: the batch travels as one JSON document."""
    if rows:
        execute_bound(_UPDATE, {"rows": json.dumps(rows, default=str)})


def merge_messages(merges: dict[int, int]) -> tuple[set[tuple[int, int]], set[int]]:
    """Make messages placements of others with the same bytes; returns touched (folder, thread) pairs and threads.

    All that pointed to the vanishing row (pending changes, drafts, sent mail) points to the other one.
    """
    pairs: set[tuple[int, int]] = set()
    threads: set[int] = set()
    if merges:
        lock_lines(Placement.objects.filter(message_id__in=list(merges)))
    for old, new in merges.items():
        kept = Message.objects.only("account_id", "thread_id").get(pk=new)
        placements = Placement.objects.filter(message_id=old)
        for folder_id, thread_id in placements.values_list("folder_id", "thread_id"):
            pairs |= {(folder_id, thread_id), (folder_id, kept.thread_id)}
            threads |= {thread_id, kept.thread_id}
        placements.update(message_id=new, thread_id=kept.thread_id)
        Change.objects.filter(message_id=old).update(message_id=new)
        Draft.objects.filter(original_id=old).update(original_id=new)
        Outgoing.objects.filter(original_id=old).update(original_id=new)
        PopMessage.objects.filter(message_id=old).update(message_id=new)
        Message.objects.filter(pk=old).delete()
        note_mail(kept.account_id, messages=-1)
    return pairs, threads


def refused_body(lease: leases.HeldLease, folder_id: int, epoch: int, uids: Collection[int], reason: str) -> None:
    """The server refuses these for good, or for now: note holes in a transaction of their own."""
    record_bodies(lease, BodyBatch(folder_id, epoch, sorted(uids), (), reason))
