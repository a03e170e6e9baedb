"""Conversations that stay on top of their lists. Database room.

In: folders that the caller has the right to. Out: frozen rows, newest first; a handful, found by their own index.
"""

from collections.abc import Sequence

from mailsync.models import ThreadRow
from mailsync.store.listing import ListRow, conversation_rows, message_rows

#: More than anybody keeps an eye on.
MOST_PINNED = 50


def load_pinned(folder_ids: Sequence[int], account_ids: Sequence[int], *, by_conversation: bool) -> list[ListRow]:
    """The pinned conversations that have something in these folders, each by its newest message there."""
    pinned = ThreadRow.objects.filter(
        folder__in=folder_ids, thread__pinned=True, thread__account__in=account_ids
    ).order_by("-newest_at", "-id")
    keys = list(pinned.values_list("pk", "newest_id")[:MOST_PINNED])
    if by_conversation:
        return conversation_rows([row for row, _ in keys]) if keys else []
    return message_rows([newest for _, newest in keys]) if keys else []
