"""A system flag that a person sets or clears: the flag, its change, the due time and the counts. Database room.

What people do most is one statement here, as each costs more than the few rows it writes. ``store.changes`` records any
flags, and leaves the counts to ``store.summary``.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.ready import cursor_for
from mailsync.models import Placement
from mailsync.store.changes import COLUMNS, is_local, set_flags
from mailsync.store.summary import FolderCounts, counted, recounting

#: The flags that lists and folders count.
COUNTED = ("\\Seen", "\\Flagged")


def mark(
    placements: Sequence[Placement], flag: str, on: bool, *, group: UUID
) -> tuple[list[Placement], list[FolderCounts]]:
    """Set or clear one of ``COUNTED`` on these, which are locked with their folders (``actions.owned``).

    Returns the placements that changed and what their folders count now. Nothing is written for the others.
    """
    touched: dict[int, list[Placement]] = {}
    for row in placements:
        if any(set_flags(row, [flag] if on else (), () if on else [flag])):
            touched.setdefault(row.account_id, []).append(row)
    counts: list[FolderCounts] = []
    for _account, rows in sorted(touched.items()):
        counts += _mark(rows, flag, on, group)
    return [row for rows in touched.values() for row in rows], counts


def _mark(rows: Sequence[Placement], flag: str, on: bool, group: UUID) -> list[FolderCounts]:
    pairs = sorted({(row.folder_id, row.thread_id) for row in rows})
    values: dict[str, Any] = {
        "ids": [row.pk for row in rows],
        "on": on,
        "account": rows[0].account_id,
        "local": is_local(rows[0].account),
        "group": group,
        "add": [flag] if on else [],
        "remove": [] if on else [flag],
        "now": timezone.now(),
        "folders": [folder for folder, _ in pairs],
        "threads": [thread for _, thread in pairs],
    }
    with cursor_for(len(rows)) as cursor:
        cursor.execute(_MARK[flag], values)
        return counted(cursor, pairs)


# All parts see the rows as they were before, so what is marked stands in for its placement where it is counted.
# As in ``changes.log_changes``, what no server has is done at once.
_STATEMENT = """
WITH marked AS (
    UPDATE mailsync_placement SET {column} = %(on)s WHERE id = ANY(%(ids)s)
    RETURNING id, folder_id, message_id, epoch, seen, flagged
), logged AS (
    INSERT INTO mailsync_change (account_id, kind, state, "group", message_id, placement_id, source_id, add_flags,
                                 remove_flags, path, attempts, error, created_at, finished_at)
    SELECT %(account)s, 'flags', CASE WHEN l.done THEN 'done' ELSE 'queued' END, %(group)s, m.message_id, m.id,
           m.folder_id, %(add)s::text[], %(remove)s::text[], '', 0, '', %(now)s,
           CASE WHEN l.done THEN %(now)s::timestamptz END
      FROM marked m CROSS JOIN LATERAL (SELECT %(local)s OR m.epoch = 0 AS done) AS l
     ORDER BY m.id
), due AS (
    UPDATE mailsync_accountsync SET push_due_at = %(now)s
     WHERE account_id = %(account)s AND NOT %(local)s AND (push_due_at IS NULL OR push_due_at > %(now)s)
), """
_MARK = {
    flag: _STATEMENT.format(column=COLUMNS[flag])
    + recounting(
        "mailsync_placement p LEFT JOIN marked ON marked.id = p.id",
        "coalesce(marked.seen, p.seen)",
        "coalesce(marked.flagged, p.flagged)",
    )
    for flag in COUNTED
}
