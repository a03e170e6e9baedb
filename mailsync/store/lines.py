"""Lines of lists, by the keys that a list has found. Database room.

In: a statement that finds the keys. Out: frozen rows, in one query with their keys. A list is asked for again after
each act and each new message, and hardly a line of it has changed: one that is found to be the same is not made again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from accounts.ready import prepared_cursor
from mailsync.types import Address

#: Lines that a process keeps, of some two kilobytes each.
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class ListRow:
    """One line of a list: a message, or the newest message of a conversation and its counts.

    By conversation ``message_count`` is that of all that is shown when it is opened from there, and ``unread_count``,
    ``unread`` and ``flagged`` tell of this folder. By message the counts are those of one message.
    ``participants`` are whom it went to where it was sent or is a draft, and nobody where it names nobody.
    ``snoozed_until`` is for what waits now, ``is_back`` for what has waited before.
    """

    folder_id: int
    account_id: int
    thread_id: int
    message_id: int
    placement_id: int
    subject: str
    participants: tuple[Address, ...]
    received_at: datetime
    unread: bool
    unread_count: int
    message_count: int
    flagged: bool
    answered: bool
    has_attachment: bool
    preview: str
    keywords: tuple[str, ...]
    size_bytes: int
    has_draft: bool = False
    snoozed_until: datetime | None = None
    is_back: bool = False

    def __hash__(self) -> int:
        """Of what tells rows from each other, as all of it would be added up anew each time that a row is looked up."""
        return hash((self.placement_id, self.received_at, self.unread_count, self.message_count))


#: What keys of conversations bring along of their table, ``r``: the row is not looked up a second time.
OF_THREAD_ROW = tuple(
    f"r.{column}"
    for column in (
        *("folder_id", "thread_id", "newest_id", "unread_count", "flagged_count"),
        *("message_count", "has_attachment", "size_bytes"),
    )
)

# Whom a message of one's own went to: in Cc or Bcc alone, too, and an empty list for a draft that names nobody yet.
_WHOM = """coalesce(nullif(m.recipients -> 'to', '[]'), nullif(m.recipients -> 'cc', '[]'),
                         nullif(m.recipients -> 'bcc', '[]'), '[]')::text"""
# Both statements say the same of a line, in the order that ``line_of`` reads it in. As plain tuples: five models a row
# would cost more than all the database does. LATERAL and LIMIT: row by row, by their keys; before a mailbox just filled
# has been counted, a join may read all its messages.
_CONVERSATIONS = """
    SELECT k.at, k.id, coalesce(k.key::text, ''), k.folder_id, f.account_id, k.thread_id, p.message_id, p.id, m.subject,
           CASE WHEN f.role IN ('sent', 'drafts') THEN {whom} ELSE nullif(t.participants, '[]')::text END,
           m.from_name, m.from_address, k.unread_count,
           CASE WHEN f.role IN ('trash', 'junk') THEN k.message_count + t.message_count
                ELSE greatest(k.message_count, t.message_count) END,
           k.flagged_count > 0, p.answered, k.has_attachment, m.preview, array_to_json(p.keywords)::text, k.size_bytes,
           t.has_draft AND f.role <> 'drafts', CASE WHEN s.woken_at IS NULL THEN s.until END, s.woken_at IS NOT NULL
      FROM ({keys}) AS k
     CROSS JOIN LATERAL (SELECT * FROM mailsync_folder f WHERE f.id = k.folder_id LIMIT 1) AS f
     CROSS JOIN LATERAL (SELECT * FROM mailsync_thread t WHERE t.id = k.thread_id LIMIT 1) AS t
     CROSS JOIN LATERAL (SELECT * FROM mailsync_placement p WHERE p.id = k.newest_id LIMIT 1) AS p
     CROSS JOIN LATERAL (SELECT * FROM mailsync_message m WHERE m.id = p.message_id LIMIT 1) AS m
      LEFT JOIN LATERAL (SELECT * FROM mailsync_snooze s WHERE s.message_id = p.message_id LIMIT 1) AS s ON true
     ORDER BY {order}
"""
_MESSAGES = """
    SELECT coalesce(k.at, p.received_at), k.id, coalesce(k.key::text, ''),
           p.folder_id, p.account_id, p.thread_id, p.message_id, p.id, m.subject,
           CASE WHEN f.role IN ('sent', 'drafts') THEN {whom} END,
           m.from_name, m.from_address, (NOT p.seen)::int, 1,
           p.flagged, p.answered, m.attachment_count > 0, m.preview, array_to_json(p.keywords)::text, m.size_bytes,
           false, CASE WHEN s.woken_at IS NULL THEN s.until END, s.woken_at IS NOT NULL
      FROM ({keys}) AS k
     CROSS JOIN LATERAL (SELECT * FROM mailsync_placement p WHERE p.id = k.id LIMIT 1) AS p
     CROSS JOIN LATERAL (SELECT * FROM mailsync_message m WHERE m.id = p.message_id LIMIT 1) AS m
     CROSS JOIN LATERAL (SELECT * FROM mailsync_folder f WHERE f.id = p.folder_id LIMIT 1) AS f
      LEFT JOIN LATERAL (SELECT * FROM mailsync_snooze s WHERE s.message_id = p.message_id LIMIT 1) AS s ON true
     ORDER BY {order}
"""


def find_lines(keys: str, values: Mapping[str, Any], order: str, *, by_conversation: bool) -> list[tuple[Any, ...]]:
    """What ``line_of`` reads, for each of the keys: its time, its id and what the list is sorted by come first.

    ``keys`` is a statement for ``k (at, id, key)``, with ``OF_THREAD_ROW`` for conversations; for messages ``at`` may
    be NULL, and the id is a placement's.
    """
    lines = _CONVERSATIONS if by_conversation else _MESSAGES
    with prepared_cursor() as cursor:
        cursor.execute(lines.format(keys=keys, order=order, whom=_WHOM), values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def message_rows(placement_ids: Sequence[int]) -> list[ListRow]:
    """The lines of these placements, in the order given. One query."""
    found = find_lines(_THESE, {"ids": list(placement_ids)}, "k.place", by_conversation=False)
    return [line_of(one) for one in found]


_THESE = """SELECT NULL::timestamptz AS at, id, NULL::text AS key, place
              FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS u (id, place)"""


@lru_cache(_KEPT)
def line_of(found: tuple[Any, ...]) -> ListRow:
    """The line that was found."""
    at, _id, _key, folder_id, account_id, thread_id, message_id, placement_id, subject, people = found[:10]
    name, address, unread, messages, flagged, answered, has_attachment, preview, keywords = found[10:19]
    size_bytes, has_draft, snoozed_until, is_back = found[19:]
    return ListRow(
        folder_id=folder_id,
        account_id=account_id,
        thread_id=thread_id,
        message_id=message_id,
        placement_id=placement_id,
        subject=subject,
        participants=tuple(Address(*pair) for pair in json.loads(people)) if people else (Address(name, address),),
        received_at=at,
        unread=unread > 0,
        unread_count=unread,
        message_count=messages,
        flagged=flagged,
        answered=answered,
        has_attachment=has_attachment,
        preview=preview,
        keywords=tuple(json.loads(keywords)),
        size_bytes=size_bytes,
        has_draft=has_draft,
        snoozed_until=snoozed_until,
        is_back=is_back,
    )
