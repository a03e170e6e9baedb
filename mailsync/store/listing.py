"""Pages of folders. Database room.

In: folders that the caller has the right to. Out: frozen rows. A page is two queries however large
the folder: one range of an index for each folder asked for, then the rows of that page by their
keys. Pages are keyset pages, never OFFSET.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Prefetch

from mailsync.models import Message, Placement
from mailsync.store.conversation import Conversation, ConversationMessage, load_conversation
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
    "conversation_rows",
    "list_rows",
    "load_conversation",
    "load_tree",
    "message_rows",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: In these the people worth showing are those written to.
_OUTWARD = frozenset({Role.SENT.value, Role.DRAFTS.value})

_PAGE_KEYS = """
    SELECT k.{at}, k.id
      FROM unnest(%(folders)s::bigint[]) AS f(id)
     CROSS JOIN LATERAL (SELECT r.{at}, r.id FROM {table} r WHERE r.folder_id = f.id{where}
                          ORDER BY r.{at} DESC, r.id DESC LIMIT %(limit)s) AS k
     ORDER BY k.{at} DESC, k.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the time and the id of its last row. ``str()`` is what goes into a URL."""

    at: datetime
    id: int

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        return base64.urlsafe_b64encode(f"{micros}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """None for anything that is not a cursor: a mangled link shows the first page.

        >>> Cursor.parse("nonsense") is None
        True
        """
        try:
            micros, _, id_ = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(".")
            return cls(_EPOCH + timedelta(microseconds=int(micros)), int(id_))
        except (binascii.Error, ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows a list shows. Each combination is the condition of a partial index, word for word."""

    by_conversation: bool
    unread_only: bool = False
    flagged_only: bool = False
    files_only: bool = False


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
    before: Cursor | str | None = None,
    until: Cursor | str | None = None,
    limit: int = 50,
) -> Page:
    """A page of these folders, newest first, merged by time. The caller has checked whose they are.

    It begins after ``before`` and ends with ``until`` at the latest. By conversation, one that lies in several
    of the folders is listed once, for the newest of them. ``files_only`` is of conversations: one message at a
    time no index knows which have files.
    """
    before = Cursor.parse(before) if isinstance(before, str) else before
    until = Cursor.parse(until) if isinstance(until, str) else until
    which = Filter(by_conversation, unread_only, flagged_only, files_only)
    keys = _page_keys(sorted(set(folder_ids)), which, before=before, until=until, limit=limit + 1)
    ids = [key.id for key in keys[:limit]]
    rows = conversation_rows(ids) if by_conversation else message_rows(ids)
    return Page(tuple(rows), keys[limit - 1] if len(keys) > limit else None)


def conditions(which: Filter) -> tuple[str, str, list[str]]:
    """The table ``r`` of a list, its column of time, and what narrows its rows, each `` AND …``."""
    if which.by_conversation:
        wanted = (
            (which.unread_only, " AND r.unread_count > 0"),
            (which.flagged_only, " AND r.flagged_count > 0"),
            (which.files_only, " AND r.has_attachment"),
        )
        return "mailsync_threadrow", "newest_at", [condition for on, condition in wanted if on]
    wanted = ((True, " AND r.shown"), (which.unread_only, " AND NOT r.seen"), (which.flagged_only, " AND r.flagged"))
    return "mailsync_placement", "received_at", [condition for on, condition in wanted if on]


def _page_keys(
    folder_ids: list[int], which: Filter, *, before: Cursor | None, until: Cursor | None, limit: int
) -> list[Cursor]:
    """The keys of a page: the top of each folder's index range, merged. Reads limit × folders entries."""
    table, at, where = conditions(which)
    values: dict[str, Any] = {"folders": folder_ids, "limit": limit}
    if before is not None:
        where.append(f" AND (r.{at}, r.id) < (%(at)s, %(id)s)")
        values |= {"at": before.at, "id": before.id}
    if until is not None:
        where.append(f" AND (r.{at}, r.id) >= (%(until_at)s, %(until_id)s)")
        values |= {"until_at": until.at, "until_id": until.id}
    if which.by_conversation and len(folder_ids) > 1:
        where.append(
            " AND NOT EXISTS (SELECT FROM mailsync_threadrow o WHERE o.thread_id = r.thread_id"
            # OFFSET 0: asked row by row, by key. As a join it would be as dear as the folders are large.
            " AND o.folder_id = ANY(%(folders)s) AND (o.newest_at, o.id) > (r.newest_at, r.id) OFFSET 0)"
        )
    with connection.cursor() as cursor:
        cursor.execute(_PAGE_KEYS.format(table=table, at=at, where="".join(where)), values)
        return [Cursor(*row) for row in cursor.fetchall()]


def conversation_rows(ids: Sequence[int]) -> list[ListRow]:
    """The lines of these thread rows, in the order given."""
    with connection.cursor() as cursor:
        cursor.execute(_CONVERSATIONS, {"ids": list(ids), "outward": list(_OUTWARD)})
        rows = {row[0]: _conversation_row(*row[1:]) for row in cursor.fetchall()}
    return [rows[id_] for id_ in ids if id_ in rows]


# As plain tuples: five models a row would cost more than all the database does.
_CONVERSATIONS = """
    SELECT r.id, r.folder_id, f.account_id, r.thread_id, p.message_id, p.id, m.subject,
           CASE WHEN f.role = ANY(%(outward)s) THEN m.recipients -> 'to' ELSE t.participants END,
           m.from_name, m.from_address, r.newest_at, r.unread_count, greatest(r.message_count, t.message_count),
           r.flagged_count, p.answered, r.has_attachment, m.preview, p.keywords
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
    )


def message_rows(placement_ids: Sequence[int]) -> list[ListRow]:
    """The lines of these placements, in the order given."""
    # By key, not by a join: before a mailbox just filled has been counted, a join may read all its messages.
    messages = Message.objects.only(
        *("subject", "preview", "recipients", "attachment_count", "from_name", "from_address"),
    )
    found = (
        Placement.objects.select_related("folder")
        .only(
            *("account_id", "folder__role", "message_id", "thread_id", "received_at"),
            *("seen", "flagged", "answered", "keywords"),
        )
        .prefetch_related(Prefetch("message", messages))
    )
    rows = {}
    for placement in found.filter(id__in=placement_ids):
        message = placement.message
        outward = placement.folder.role in _OUTWARD
        people = _addresses(message.recipients.get("to", ())) if outward else ()
        rows[placement.id] = ListRow(
            folder_id=placement.folder_id,
            account_id=placement.account_id,
            thread_id=placement.thread_id,
            message_id=placement.message_id,
            placement_id=placement.id,
            subject=message.subject,
            participants=people or (Address(message.from_name, message.from_address),),
            received_at=placement.received_at,
            unread=not placement.seen,
            unread_count=int(not placement.seen),
            message_count=1,
            flagged=placement.flagged,
            answered=placement.answered,
            has_attachment=message.attachment_count > 0,
            preview=message.preview,
            keywords=tuple(placement.keywords),
        )
    return [rows[id_] for id_ in placement_ids if id_ in rows]


def _addresses(pairs: Iterable[Sequence[str]]) -> tuple[Address, ...]:
    return tuple(Address(name, address) for name, address in pairs)
