"""A system flag that a person sets or clears: the flag, its change, the due time, the counts and the line of the
journal. Database room.

What people do most is one statement here, as each costs more than the few rows it writes. ``store.changes`` records any
flags, and leaves the counts to ``store.summary``.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import Protocol
from accounts.ready import cursor_for
from mailsync.store.changes import COLUMNS
from mailsync.store.journal import NOTE, Line
from mailsync.store.locking import Markable
from mailsync.store.summary import FolderCounts, counted, recounting

#: The flags that lists and folders count.
COUNTED = ("\\Seen", "\\Flagged")


def differing(rows: Sequence[Markable], flag: str, on: bool) -> list[Markable]:
    """Those of these whose flag, one of ``COUNTED``, is to change."""
    column = COLUMNS[flag]
    return [row for row in rows if getattr(row, column) is not on]


def mark(rows: Sequence[Markable], flag: str, on: bool, *, group: UUID, line: Line | None = None) -> list[FolderCounts]:
    """Set or clear a flag of these ``differing`` ones, which are locked with their folders (``actions.owned``).

    Returns what their folders count now. ``line`` is written to the journal if there is any to mark.
    """
    by_account: dict[int, list[Markable]] = {}
    for row in rows:
        by_account.setdefault(row.account_id, []).append(row)
    counts: list[FolderCounts] = []
    for _account, those in sorted(by_account.items()):
        counts += _mark(those, flag, on, group, line)
        line = None
    return counts


def _mark(rows: Sequence[Markable], flag: str, on: bool, group: UUID, line: Line | None) -> list[FolderCounts]:
    pairs = sorted({(row.folder_id, row.thread_id) for row in rows})
    values: dict[str, Any] = {
        "ids": [row.id for row in rows],
        "on": on,
        "account": rows[0].account_id,
        "local": rows[0].protocol == Protocol.POP3,
        "group": group,
        "add": [flag] if on else [],
        "remove": [] if on else [flag],
        "now": timezone.now(),
        "folders": [folder for folder, _ in pairs],
        "threads": [thread for _, thread in pairs],
        **(line or {}),
    }
    with cursor_for(len(rows)) as cursor:
        cursor.execute(_MARK[flag, line is not None], values)
        return counted(cursor, pairs)


# All parts see the rows as they were before, so what is marked stands in for its placement where it is counted.
# As in ``change_log.log_changes``, what no server has is done at once.
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
    (flag, is_noted): _STATEMENT.format(column=COLUMNS[flag])
    + (f"noted AS ({NOTE}), " if is_noted else "")
    + recounting(
        "mailsync_placement p LEFT JOIN marked ON marked.id = p.id",
        "coalesce(marked.seen, p.seen)",
        "coalesce(marked.flagged, p.flagged)",
    )
    for flag in COUNTED
    for is_noted in (False, True)
}
