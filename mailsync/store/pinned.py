"""Conversations that stay on top of their lists. Database room.

In: folders that the caller has the right to. Out: frozen rows, newest first; a handful, found by their own index.
"""

from collections.abc import Sequence

from accounts.ready import prepared_cursor
from mailsync.store.listing import ListRow, conversation_rows, message_rows

#: More than anybody keeps an eye on.
MOST_PINNED = 50


_PINNED = f"""
    SELECT r.id, r.newest_id
      FROM mailsync_thread t JOIN mailsync_threadrow r ON r.thread_id = t.id
     WHERE t.pinned AND t.account_id = ANY(%(accounts)s) AND r.folder_id = ANY(%(folders)s)
     ORDER BY r.newest_at DESC, r.id DESC LIMIT {MOST_PINNED}
"""  # noqa: S608 (constant)


def load_pinned(folder_ids: Sequence[int], account_ids: Sequence[int], *, by_conversation: bool) -> list[ListRow]:
    """The pinned conversations that have something in these folders, each by its newest message there."""
    with prepared_cursor() as cursor:
        cursor.execute(_PINNED, {"folders": list(folder_ids), "accounts": list(account_ids)})
        keys = cursor.fetchall()
    if by_conversation:
        return conversation_rows([row for row, _ in keys]) if keys else []
    return message_rows([newest for _, newest in keys]) if keys else []
