"""What the lists and the folder tree show, kept true: thread rows and folder counts. Database room.

Whoever adds, removes, moves or re-flags placements hands the touched (folder, thread) pairs to
``refresh`` in the same transaction; out come the folders' new counts, ready to be announced. One
statement rebuilds the rows and adds the *difference* to the folder's counts, so the cost follows
what was touched and not the size of the folder. ``manage.py recount`` audits the sums.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.backends.utils import CursorWrapper

from accounts.ready import cursor_for
from mailsync.models import Placement
from mailsync.store.message_rows import KEPT, write_message_rows
from mailsync.store.row_facts import ADDRESSES, NAMES_ME, PERSON, SORTED


@dataclass(frozen=True, slots=True)
class FolderCounts:
    """A folder's shown messages after a refresh, and the conversations that it was about."""

    folder_id: int
    account_id: int
    user_id: int
    total: int
    unread: int
    thread_ids: tuple[int, ...] = ()


def lock_folders(folder_ids: Iterable[int]) -> None:
    """Take the folders' rows for this transaction, in one order for all, so that nobody deadlocks.

    Call it before the first write to the folders' placements. ``refresh`` takes the locks too, but by
    then a writer of the same placements may already wait the other way round.
    """
    wanted = sorted(set(folder_ids))
    if wanted:
        with cursor_for(len(wanted)) as cursor:
            # NO KEY: inserts of placements that point to the folder need not wait.
            cursor.execute("SELECT id FROM mailsync_folder WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [wanted])


def refresh(pairs: Iterable[tuple[int, int]]) -> list[FolderCounts]:
    """Rebuild the thread rows of these (folder id, thread id) pairs and correct the folders' counts.

    Must run inside the transaction that changed the placements. A pair with nothing shown any more loses
    its row. Running it twice changes nothing. Returns the counts of every folder named, ordered by id.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return []
    folder_ids = [folder for folder, _ in wanted]
    lock_folders(folder_ids)
    with cursor_for(len(wanted)) as cursor:
        cursor.execute(_REFRESH, [folder_ids, [thread for _, thread in wanted]])
        return counted(cursor, wanted)


def counted(cursor: CursorWrapper, wanted: Sequence[tuple[int, int]]) -> list[FolderCounts]:
    """The folders' new counts, as a recount of these pairs returned them; lines of single messages follow."""
    rows = cursor.fetchall()
    by_message = {folder for folder, *_counts, is_kept in rows if is_kept}
    if by_message:
        write_message_rows(cursor, [pair for pair in wanted if pair[0] in by_message])
    threads: dict[int, list[int]] = {}
    for folder, thread in wanted:
        threads.setdefault(folder, []).append(thread)
    made = [
        FolderCounts(folder, account, user, total, unread, tuple(threads[folder]))
        for folder, account, user, total, unread, _ in rows
    ]
    return sorted(made, key=lambda counts: counts.folder_id)


def join_counts(told: Mapping[int, FolderCounts], later: Iterable[FolderCounts]) -> dict[int, FolderCounts]:
    """By folder: what was counted last, with the conversations of both."""
    joined = dict(told)
    for counts in later:
        before = joined.get(counts.folder_id)
        ids = {*counts.thread_ids, *(before.thread_ids if before else ())}
        joined[counts.folder_id] = replace(counts, thread_ids=tuple(sorted(ids)))
    return joined


def recount_marks(pairs: Iterable[tuple[int, int]]) -> list[FolderCounts]:
    """``refresh`` where nothing but \\Seen, \\Flagged and keywords has changed, and the folders are locked already."""
    wanted = sorted(set(pairs))
    if not wanted:
        return []
    with cursor_for(len(wanted)) as cursor:
        folders, threads = [folder for folder, _ in wanted], [thread for _, thread in wanted]
        cursor.execute(_RECOUNT_MARKS, {"folders": folders, "threads": threads})
        return counted(cursor, wanted)


def remove_placements(placement_ids: Iterable[int]) -> list[FolderCounts]:
    """Delete placements, and count what is left.

    They are hidden and counted first: deleting a placement takes the thread row that names it along, and
    with the row the knowledge of what it had added to the folder's counts.
    """
    rows = list(Placement.objects.filter(id__in=list(placement_ids)).values_list("id", "folder_id", "thread_id"))
    lock_folders(folder_id for _, folder_id, _ in rows)
    Placement.objects.filter(id__in=[row[0] for row in rows]).update(shown=False)
    counts = refresh((folder_id, thread_id) for _, folder_id, thread_id in rows)
    Placement.objects.filter(id__in=[row[0] for row in rows]).delete()
    return counts


# All parts of one statement see the rows as they were before it, so ``old`` is what the counts still hold.
_REFRESH = """
WITH pair AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS p (folder_id, thread_id)
), mine AS MATERIALIZED (
    SELECT a.id AS account_id, ARRAY({addresses}) AS addresses
    FROM accounts_mailaccount a
    WHERE a.id IN (SELECT account_id FROM mailsync_folder WHERE id IN (SELECT folder_id FROM pair))
), old AS (
    SELECT r.folder_id, r.thread_id, r.message_count, r.unread_count
    FROM mailsync_threadrow r JOIN pair USING (folder_id, thread_id)
), fresh AS (
    SELECT p.folder_id, p.thread_id,
           (array_agg(p.id ORDER BY p.received_at DESC, p.id DESC))[1] AS newest_id,
           max(p.received_at) AS newest_at,
           count(*) AS message_count,
           count(*) FILTER (WHERE NOT p.seen) AS unread_count,
           count(*) FILTER (WHERE p.flagged) AS flagged_count,
           bool_or(m.attachment_count > 0) AS has_attachment,
           bool_or({names_me}) AS to_me,
           (array_agg(m.id ORDER BY p.received_at DESC, p.id DESC))[1] AS newest_message_id,
           sum(m.size_bytes) AS size_bytes
    FROM pair
    JOIN mailsync_placement p ON p.thread_id = pair.thread_id AND p.folder_id = pair.folder_id
    JOIN mailsync_message m ON m.id = p.message_id
    JOIN mine ON mine.account_id = p.account_id
    WHERE p.shown
    GROUP BY p.folder_id, p.thread_id
), kept AS (
    INSERT INTO mailsync_threadrow AS r (folder_id, thread_id, newest_id, newest_at, message_count, unread_count,
                                         flagged_count, has_attachment, to_me, sender_key, subject_key, size_bytes)
    SELECT fresh.folder_id, fresh.thread_id, newest_id, fresh.newest_at, fresh.message_count, unread_count,
           flagged_count, has_attachment, to_me, {sender_key}, {subject_key}, fresh.size_bytes
    FROM fresh
    JOIN mailsync_message m ON m.id = fresh.newest_message_id
    JOIN mailsync_thread t ON t.id = fresh.thread_id
    JOIN mailsync_folder f ON f.id = fresh.folder_id
    ON CONFLICT (folder_id, thread_id) DO UPDATE
    SET newest_id = excluded.newest_id, newest_at = excluded.newest_at,
        message_count = excluded.message_count, unread_count = excluded.unread_count,
        flagged_count = excluded.flagged_count, has_attachment = excluded.has_attachment,
        to_me = excluded.to_me, sender_key = excluded.sender_key, subject_key = excluded.subject_key,
        size_bytes = excluded.size_bytes
), dropped AS (
    DELETE FROM mailsync_threadrow r USING pair
    WHERE r.folder_id = pair.folder_id AND r.thread_id = pair.thread_id
      AND NOT EXISTS (SELECT FROM fresh f WHERE f.folder_id = r.folder_id AND f.thread_id = r.thread_id)
), difference AS (
    SELECT pair.folder_id,
           sum(coalesce(fresh.message_count, 0) - coalesce(old.message_count, 0)) AS total,
           sum(coalesce(fresh.unread_count, 0) - coalesce(old.unread_count, 0)) AS unread
    FROM pair
    LEFT JOIN old USING (folder_id, thread_id)
    LEFT JOIN fresh USING (folder_id, thread_id)
    GROUP BY pair.folder_id
)
UPDATE mailsync_folder f
SET total = greatest(0, f.total + difference.total), unread = greatest(0, f.unread + difference.unread)
FROM difference, accounts_mailaccount a
WHERE f.id = difference.folder_id AND a.id = f.account_id
RETURNING f.id, f.account_id, a.user_id, f.total, f.unread, {kept}
""".format(  # noqa: S608 (constants)
    addresses=ADDRESSES.format("a.user_id"),
    names_me=NAMES_ME,
    kept=KEPT,
    sender_key=SORTED.format(PERSON),
    subject_key=SORTED.format("t.base_subject"),
)

# Here, too, ``r`` is what the folder's counts still hold.
_RECOUNT = """
fresh AS (
    SELECT pair.folder_id, pair.thread_id,
           count(*) FILTER (WHERE NOT {seen}) AS unread_count,
           count(*) FILTER (WHERE {flagged}) AS flagged_count
    FROM unnest(%(folders)s::bigint[], %(threads)s::bigint[]) AS pair (folder_id, thread_id)
    JOIN {placement} ON p.thread_id = pair.thread_id AND p.folder_id = pair.folder_id
    WHERE p.shown
    GROUP BY pair.folder_id, pair.thread_id
), difference AS (
    SELECT fresh.folder_id, sum(fresh.unread_count - r.unread_count) AS unread
    FROM fresh JOIN mailsync_threadrow r USING (folder_id, thread_id)
    GROUP BY fresh.folder_id
), kept AS (
    UPDATE mailsync_threadrow r SET unread_count = fresh.unread_count, flagged_count = fresh.flagged_count
    FROM fresh WHERE r.folder_id = fresh.folder_id AND r.thread_id = fresh.thread_id
)
UPDATE mailsync_folder f
SET unread = greatest(0, f.unread + difference.unread)
FROM difference, accounts_mailaccount a
WHERE f.id = difference.folder_id AND a.id = f.account_id
RETURNING f.id, f.account_id, a.user_id, f.total, f.unread, {kept}
"""


def recounting(placement: str, seen: str, flagged: str) -> str:
    """The end of a WITH: the pairs of %(folders)s and %(threads)s counted anew by such a table ``p`` and such flags."""
    return _RECOUNT.format(placement=placement, seen=seen, flagged=flagged, kept=KEPT)


_RECOUNT_MARKS = "WITH " + recounting("mailsync_placement p", "p.seen", "p.flagged")
