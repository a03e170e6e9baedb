"""For whom lines of single messages are kept: those who want no conversations, and nobody else. Database room.

They cost seventeen indexes. Whoever changes the wish (the settings, an administrator, a hand in the database), it is
noticed; lines are written, and removed, slice by slice, each a short transaction that notes its place. From the first
on ``summary.refresh`` keeps those that are there; lists go by them once all are.
"""

from django.db import connection, transaction

from mailsync.models import Act, ByMessage, Folder
from mailsync.store.message_rows import write_message_rows
from mailsync.store.summary import lock_folders

#: Conversations whose lines are written in one transaction: nobody waits long for their folder.
SLICE_ROWS = 500
#: Lines that are removed in one transaction.
SLICE_REMOVED = 5000
#: Slices of one task; what is left is the next one's.
SLICES_AT_ONCE = 40
#: People that one look finds; more are found by the next.
_MOST_PEOPLE = 200

#: Of a user ``u``, in the JSON that ``accounts.preferences`` writes and reads.
_WISH = "coalesce(u.preferences -> 'conversations' = 'false', false)"
_CHANGED = f"""
SELECT u.id FROM accounts_user u LEFT JOIN mailsync_bymessage b ON b.user_id = u.id
 WHERE u.is_active AND CASE WHEN b.user_id IS NULL THEN {_WISH}
            ELSE b.wanted <> {_WISH} OR NOT b.wanted OR b.folder IS NOT NULL END
 ORDER BY u.id LIMIT %(limit)s
"""  # noqa: S608 (constants)


def people_to_tend() -> list[int]:
    """Whose wish is another than what is kept, or whose lines are still being written or removed."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, {"limit": _MOST_PEOPLE})
        return [row[0] for row in cursor.fetchall()]


def tend_message_rows(user_id: int, slices: int = SLICES_AT_ONCE) -> bool:
    """Go on writing, or removing, this person's lines. True where more is to be done."""
    return all(_tend_slice(user_id) for _ in range(slices))


@transaction.atomic
def _tend_slice(user_id: int) -> bool:
    """False once all is done."""
    is_wished = _is_wished(user_id)
    if is_wished:
        ByMessage.objects.get_or_create(user_id=user_id)
    kept = ByMessage.objects.select_for_update().filter(user_id=user_id).first()
    if kept is None:
        return False
    if kept.wanted != is_wished:
        if not is_wished and Act.objects.filter(user_id=user_id, due_at__isnull=False).exists():
            return False  # An act on a whole list may go by these lines: asked again by the clock.
        kept.wanted, kept.folder, kept.thread = is_wished, 0, 0
        kept.save()
    if kept.folder is None:
        return False
    folders = Folder.objects.filter(account__user=user_id, id__gte=kept.folder).order_by("id")
    folder_id = folders.values_list("id", flat=True).first()
    if folder_id is None:
        return _finish(kept)
    if kept.wanted:
        last = _write_slice(folder_id, kept.thread if folder_id == kept.folder else 0)
        kept.folder, kept.thread = (folder_id + 1, 0) if last is None else (folder_id, last)
    else:
        kept.folder = folder_id if _remove_slice(folder_id) else folder_id + 1
    kept.save()
    return True


def _finish(kept: ByMessage) -> bool:
    if kept.wanted:
        kept.folder = None
        kept.save()
    else:
        kept.delete()
    return False


def _is_wished(user_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_WISH} FROM accounts_user u WHERE u.id = %s", [user_id])  # noqa: S608 (a constant)
        return (True,) in cursor.fetchall()


def _write_slice(folder_id: int, after: int) -> int | None:
    """The lines of the next conversations of a folder; returns the last of these, None where there are no more."""
    lock_folders([folder_id])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread_id FROM mailsync_threadrow WHERE folder_id = %s AND thread_id > %s"
            " ORDER BY thread_id LIMIT %s",
            [folder_id, after, SLICE_ROWS],
        )
        threads = [row[0] for row in cursor.fetchall()]
        if threads:
            write_message_rows(cursor, [(folder_id, thread) for thread in threads])
    return threads[-1] if threads else None


def _remove_slice(folder_id: int) -> bool:
    """False where the folder has no lines left. Its lock is waited for: who holds it may be writing one more."""
    lock_folders([folder_id])
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM mailsync_messagerow WHERE placement_id IN ("
            "SELECT placement_id FROM mailsync_messagerow WHERE folder_id = %s LIMIT %s)",
            [folder_id, SLICE_REMOVED],
        )
        return bool(cursor.rowcount)
