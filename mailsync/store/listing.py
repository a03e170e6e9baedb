"""Pages of folders. Database room.

In: folders that the caller has the right to. Out: frozen rows. A page is two queries however large
the folder: one range of an index for each folder asked for, then the rows of that page by their
keys. Pages are keyset pages, never OFFSET.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.ready import prepared_cursor
from mailsync.store.conversation import Conversation, ConversationMessage, load_conversation
from mailsync.store.list_keys import Cursor, Filter, Sort, page_keys
from mailsync.store.tree import AccountTree, FolderLine, load_tree
from mailsync.types import Address, Role

__all__ = [
    "AccountTree",
    "Conversation",
    "ConversationMessage",
    "Cursor",
    "Filter",
    "FolderLine",
    "ListRow",
    "Page",
    "Sort",
    "conversation_rows",
    "list_rows",
    "load_conversation",
    "load_tree",
    "message_rows",
]

#: In these the people worth showing are those written to.
_OUTWARD = frozenset({Role.SENT.value, Role.DRAFTS.value})


@dataclass(frozen=True, slots=True)
class ListRow:
    """One line of a list: a message, or the newest message of a conversation and its counts.

    By conversation ``message_count`` is that of the whole conversation and ``unread_count``,
    ``unread`` and ``flagged`` tell of this folder. By message the counts are those of one message.
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


@dataclass(frozen=True, slots=True)
class Page:
    """``next`` is where the following page begins, None at the end."""

    rows: tuple[ListRow, ...]
    next: Cursor | None


def list_rows(
    folder_ids: Sequence[int],
    *,
    by_conversation: bool,
    unread_only: bool = False,
    flagged_only: bool = False,
    files_only: bool = False,
    to_me_only: bool = False,
    sort: Sort = Sort.NEWEST,
    before: Cursor | str | None = None,
    until: Cursor | str | None = None,
    limit: int = 50,
) -> Page:
    """A page of these folders, merged, newest first or as ``sort`` says. The caller has checked whose they are.

    It begins after ``before`` and ends with ``until`` at the latest. By conversation, one that lies in several
    of the folders is listed once, for the newest of them. By message, what ``list_keys.needs_keys`` names is
    only for whom lines of single messages are kept.
    """
    before = Cursor.parse(before) if isinstance(before, str) else before
    until = Cursor.parse(until) if isinstance(until, str) else until
    which = Filter(by_conversation, unread_only, flagged_only, files_only, to_me_only)
    keys = page_keys(sorted(set(folder_ids)), which, sort, before=before, until=until, limit=limit + 1)
    ids = [key.id for key in keys[:limit]]
    rows = conversation_rows(ids) if by_conversation else message_rows(ids)
    return Page(tuple(rows), keys[limit - 1] if len(keys) > limit else None)


def conversation_rows(ids: Sequence[int]) -> list[ListRow]:
    """The lines of these thread rows, in the order given."""
    with prepared_cursor() as cursor:
        cursor.execute(_CONVERSATIONS, {"ids": list(ids), "outward": list(_OUTWARD)})
        rows = {row[0]: _conversation_row(*row[1:]) for row in cursor.fetchall()}
    return [rows[id_] for id_ in ids if id_ in rows]


# As plain tuples: five models a row would cost more than all the database does.
_CONVERSATIONS = """
    SELECT r.id, r.folder_id, f.account_id, r.thread_id, p.message_id, p.id, m.subject,
           CASE WHEN f.role = ANY(%(outward)s) THEN m.recipients -> 'to' ELSE t.participants END,
           m.from_name, m.from_address, r.newest_at, r.unread_count, greatest(r.message_count, t.message_count),
           r.flagged_count, p.answered, r.has_attachment, m.preview, p.keywords, r.size_bytes,
           t.has_draft AND f.role <> 'drafts'
      FROM mailsync_threadrow r
      JOIN mailsync_folder f ON f.id = r.folder_id
      JOIN mailsync_thread t ON t.id = r.thread_id
      JOIN mailsync_placement p ON p.id = r.newest_id
      JOIN mailsync_message m ON m.id = p.message_id
     WHERE r.id = ANY(%(ids)s)
"""


def _conversation_row(
    folder_id: int,
    account_id: int,
    thread_id: int,
    message_id: int,
    placement_id: int,
    subject: str,
    people: str | None,
    from_name: str,
    from_address: str,
    received_at: datetime,
    unread_count: int,
    message_count: int,
    flagged_count: int,
    answered: bool,
    has_attachment: bool,
    preview: str,
    keywords: list[str],
    size_bytes: int,
    has_draft: bool,
) -> ListRow:
    return ListRow(
        folder_id=folder_id,
        account_id=account_id,
        thread_id=thread_id,
        message_id=message_id,
        placement_id=placement_id,
        subject=subject,
        participants=_addresses(json.loads(people or "[]")) or (Address(from_name, from_address),),
        received_at=received_at,
        unread=unread_count > 0,
        unread_count=unread_count,
        message_count=message_count,
        flagged=flagged_count > 0,
        answered=answered,
        has_attachment=has_attachment,
        preview=preview,
        keywords=tuple(keywords),
        size_bytes=size_bytes,
        has_draft=has_draft,
    )


#: Row by row, by their keys: before a mailbox just filled has been counted, a join may read all its messages.
_MESSAGE_ROWS = """
    SELECT p.folder_id, p.account_id, p.thread_id, p.message_id, p.id, p.received_at, p.seen, p.flagged, p.answered,
           p.keywords, CASE WHEN f.role = ANY(%s) THEN (m.recipients -> 'to')::text END, m.subject, m.from_name,
           m.from_address, m.preview, m.attachment_count > 0, m.size_bytes
      FROM unnest(%s::bigint[]) WITH ORDINALITY AS k(id, at)
     CROSS JOIN LATERAL (SELECT * FROM mailsync_placement p WHERE p.id = k.id LIMIT 1) AS p
     CROSS JOIN LATERAL (SELECT * FROM mailsync_message m WHERE m.id = p.message_id LIMIT 1) AS m
     CROSS JOIN LATERAL (SELECT f.role FROM mailsync_folder f WHERE f.id = p.folder_id LIMIT 1) AS f
     ORDER BY k.at
"""


def message_rows(placement_ids: Sequence[int]) -> list[ListRow]:
    """The lines of these placements, in the order given. One query."""
    with prepared_cursor() as cursor:
        cursor.execute(_MESSAGE_ROWS, [sorted(_OUTWARD), list(placement_ids)])
        return [_message_row(*row) for row in cursor.fetchall()]


def _message_row(
    folder_id: int,
    account_id: int,
    thread_id: int,
    message_id: int,
    placement_id: int,
    received_at: datetime,
    seen: bool,
    flagged: bool,
    answered: bool,
    keywords: list[str],
    people: str | None,
    subject: str,
    from_name: str,
    from_address: str,
    preview: str,
    has_attachment: bool,
    size_bytes: int,
) -> ListRow:
    return ListRow(
        folder_id=folder_id,
        account_id=account_id,
        thread_id=thread_id,
        message_id=message_id,
        placement_id=placement_id,
        subject=subject,
        participants=_addresses(json.loads(people or "[]")) or (Address(from_name, from_address),),
        received_at=received_at,
        unread=not seen,
        unread_count=int(not seen),
        message_count=1,
        flagged=flagged,
        answered=answered,
        has_attachment=has_attachment,
        preview=preview,
        keywords=tuple(keywords),
        size_bytes=size_bytes,
    )


def _addresses(pairs: Iterable[Sequence[str]]) -> tuple[Address, ...]:
    return tuple(Address(name, address) for name, address in pairs)
