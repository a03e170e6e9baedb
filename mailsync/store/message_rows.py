"""The lines of lists by message, kept for those who want no conversations. Database room.

In: the (folder, thread) pairs that ``summary.refresh`` was given, in its transaction. Only lines that have changed are
written: a mark on one message of a long conversation is one line.
"""

from collections.abc import Sequence

from django.db.backends.utils import CursorWrapper

from mailsync.message.subject import FRONT
from mailsync.store.row_facts import ADDRESSES, NAMES_ME, PERSON, SORTED

#: Whether lines are kept for the user of an account ``a``.
KEPT = "EXISTS (SELECT FROM mailsync_bymessage b WHERE b.user_id = a.user_id AND b.wanted)"

# A placement that has moved has one line as before: it follows when the pair it came to is told.
_WRITE = """
WITH pair AS (
    SELECT * FROM unnest(%(folders)s::bigint[], %(threads)s::bigint[]) AS p (folder_id, thread_id)
), mine AS MATERIALIZED (
    SELECT a.id AS account_id, ARRAY({addresses}) AS addresses
    FROM accounts_mailaccount a
    WHERE a.id IN (SELECT account_id FROM mailsync_folder WHERE id IN (SELECT folder_id FROM pair)) AND {kept}
), fresh AS (
    SELECT p.id AS placement_id, p.folder_id, p.received_at, NOT p.seen AS unread, p.flagged,
           m.attachment_count > 0 AS has_attachment, {names_me} AS to_me,
           {sender_key} AS sender_key, {subject_key} AS subject_key, m.size_bytes
    FROM pair
    JOIN mailsync_placement p ON p.thread_id = pair.thread_id AND p.folder_id = pair.folder_id
    JOIN mailsync_message m ON m.id = p.message_id
    JOIN mailsync_folder f ON f.id = p.folder_id
    JOIN mine ON mine.account_id = p.account_id
    WHERE p.shown
), written AS (
    INSERT INTO mailsync_messagerow AS r ({columns})
    SELECT {columns} FROM fresh
    WHERE NOT EXISTS (SELECT FROM mailsync_messagerow o
                       WHERE o.placement_id = fresh.placement_id AND ({old}) = ({new}) OFFSET 0)
    ON CONFLICT (placement_id) DO UPDATE SET ({columns}) = ({excluded})
)
DELETE FROM mailsync_messagerow r
 USING pair JOIN mailsync_placement p ON p.thread_id = pair.thread_id AND p.folder_id = pair.folder_id
 WHERE r.placement_id = p.id AND NOT p.shown
"""
_COLUMNS = (
    *("placement_id", "folder_id", "received_at", "unread", "flagged", "has_attachment", "to_me"),
    *("sender_key", "subject_key", "size_bytes"),
)
_WRITE = _WRITE.format(
    addresses=ADDRESSES.format("a.user_id"),
    kept=KEPT,
    names_me=NAMES_ME,
    sender_key=SORTED.format(PERSON),
    subject_key=SORTED.format("regexp_replace(lower(m.subject), %(front)s, '')"),
    columns=", ".join(_COLUMNS),
    old=", ".join(f"o.{name}" for name in _COLUMNS),
    new=", ".join(f"fresh.{name}" for name in _COLUMNS),
    excluded=", ".join(f"excluded.{name}" for name in _COLUMNS),
)


def write_message_rows(cursor: CursorWrapper, pairs: Sequence[tuple[int, int]]) -> None:
    """Bring the lines of these pairs in step, of folders whose user has them kept. The folders are locked."""
    folders, threads = [folder for folder, _ in pairs], [thread for _, thread in pairs]
    cursor.execute(_WRITE, {"folders": folders, "threads": threads, "front": FRONT})
