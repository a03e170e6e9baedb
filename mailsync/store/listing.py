"""Pages of folders. Database room.

In: folders that the caller has the right to. Out: frozen rows. A page is one query however large
the folder: one range of an index for each folder asked for, and the rows of that page by their
keys. Pages are keyset pages, never OFFSET.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from mailsync.models import Placement
from mailsync.store.conversation import Conversation, ConversationMessage, load_conversation
from mailsync.store.lines import OF_THREAD_ROW, ListRow, find_lines, line_of, message_rows
from mailsync.store.list_keys import Cursor, Filter, Sort, merged, page_keys
from mailsync.store.tree import AccountTree, FolderLine, load_tree

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
    "list_rows",
    "load_conversation",
    "load_tree",
    "message_rows",
    "page_of",
]


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
    keys, values = page_keys(
        *(sorted(set(folder_ids)), which, sort),
        before=before,
        until=until,
        limit=limit + 1,
        with_columns=OF_THREAD_ROW if by_conversation else (),
    )
    found = find_lines(keys, values, merged(sort), by_conversation=by_conversation)
    return Page(tuple(map(line_of, found[:limit])), Cursor(*found[limit - 1][:3]) if len(found) > limit else None)


def page_of(rows: QuerySet[Placement], *, before: Cursor | str | None = None, limit: int = 50) -> Page:
    """A page of these messages, whatever they have in common, newest first."""
    at = Cursor.parse(before) if isinstance(before, str) else before
    if at is not None:
        rows = rows.filter(Q(received_at__lt=at.at) | Q(received_at=at.at, pk__lt=at.id))
    keys = [Cursor(*key) for key in rows.order_by("-received_at", "-pk").values_list("received_at", "pk")[: limit + 1]]
    return Page(tuple(message_rows([key.id for key in keys[:limit]])), keys[limit - 1] if len(keys) > limit else None)
