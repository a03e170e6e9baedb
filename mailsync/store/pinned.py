"""Conversations that stay on top of their lists. Database room.

In: folders that the caller has the right to. Out: frozen rows, newest first; a handful, found by their own index.
"""

from collections.abc import Sequence

from mailsync.store.lines import OF_THREAD_ROW, ListRow, find_lines, line_of

#: More than anybody keeps an eye on.
MOST_PINNED = 50


_PINNED = f"""
    SELECT r.newest_at AS at, {{id}} AS id, NULL::text AS key, {", ".join(OF_THREAD_ROW)}
      FROM mailsync_thread t JOIN mailsync_threadrow r ON r.thread_id = t.id
     WHERE t.pinned AND t.account_id = ANY(%(accounts)s) AND r.folder_id = ANY(%(folders)s)
     ORDER BY r.newest_at DESC, r.id DESC LIMIT {MOST_PINNED}
"""  # noqa: S608 (constant)


def load_pinned(folder_ids: Sequence[int], account_ids: Sequence[int], *, by_conversation: bool) -> list[ListRow]:
    """The pinned conversations that have something in these folders, each by its newest message there."""
    keys = _PINNED.format(id="r.id" if by_conversation else "r.newest_id")
    values = {"folders": list(folder_ids), "accounts": list(account_ids)}
    return [line_of(one) for one in find_lines(keys, values, "k.at DESC, k.id DESC", by_conversation=by_conversation)]
