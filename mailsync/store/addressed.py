"""Which lines of lists are "to me", after an address of a person has come, gone or changed. Database room.

The addresses by which it was told last are kept, so that a change is noticed whoever made it: the settings, an
administrator, a hand in the database. It is told anew slice by slice, each a short transaction that notes its place,
and only what has changed is written.
"""

from django.db import connection, transaction

from mailsync.models import AddressedTo, Folder
from mailsync.store.row_facts import ADDRESSES, NAMES_ME
from mailsync.store.summary import lock_folders

#: Lines in one transaction: nobody waits long for their folder.
SLICE_ROWS = 500
#: Slices of one task; what is left is the next one's.
SLICES_AT_ONCE = 40
#: People that one look finds; more are found by the next.
_MOST_PEOPLE = 200


def find_addressed(user_id: int, slices: int = SLICES_AT_ONCE) -> bool:
    """Go on telling anew which mail is to this person. True where more is to be done."""
    return all(_tell_slice(user_id) for _ in range(slices))


@transaction.atomic
def _tell_slice(user_id: int) -> bool:
    """False once all is told."""
    mine = addresses_of(user_id)
    if not mine:
        return False  # A person who has left in the meantime.
    told, _ = AddressedTo.objects.select_for_update().get_or_create(user_id=user_id, defaults={"addresses": mine})
    if told.addresses != mine:
        told.addresses, told.folder, told.thread = mine, 0, 0
    if told.folder is None:
        return False
    folders = Folder.objects.filter(account__user=user_id, id__gte=told.folder).order_by("id")
    folder_id = folders.values_list("id", flat=True).first()
    if folder_id is None:
        told.folder = None
    else:
        after = told.thread if folder_id == told.folder else 0
        last = _tell_rows(folder_id, after, mine)
        told.folder, told.thread = (folder_id + 1, 0) if last is None else (folder_id, last)
    told.save()
    return told.folder is not None


def _tell_rows(folder_id: int, after: int, mine: list[str]) -> int | None:
    """The next lines of a folder; returns the conversation of the last one, None where there are no more."""
    lock_folders([folder_id])
    with connection.cursor() as cursor:
        cursor.execute(_TELL, {"folder": folder_id, "after": after, "mine": mine, "limit": SLICE_ROWS})
        (last,) = cursor.fetchone()
    return int(last) if last is not None else None


def people_addressed_anew() -> list[int]:
    """Whose addresses are others than the lists know, or whose lists are still being told."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, {"limit": _MOST_PEOPLE})
        return [row[0] for row in cursor.fetchall()]


def addresses_of(user_id: int) -> list[str]:
    """Every address of a person, in small letters and in order; none of somebody who has left."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_SORTED.format('%(user)s')}", {"user": user_id})
        return list(cursor.fetchone()[0])


_SORTED = f'ARRAY(SELECT address FROM ({ADDRESSES}) AS own (address) ORDER BY address COLLATE "C")'  # noqa: S608

_TELL = f"""
WITH slice AS (
    SELECT thread_id FROM mailsync_threadrow
     WHERE folder_id = %(folder)s AND thread_id > %(after)s ORDER BY thread_id LIMIT %(limit)s
), mine AS (
    SELECT %(mine)s::text[] AS addresses
), fresh AS (
    SELECT p.id, p.thread_id, {NAMES_ME} AS to_me
      FROM slice JOIN mailsync_placement p ON p.thread_id = slice.thread_id AND p.folder_id = %(folder)s
      JOIN mailsync_message m ON m.id = p.message_id CROSS JOIN mine
     WHERE p.shown
), told AS (
    UPDATE mailsync_threadrow r SET to_me = whole.to_me
      FROM (SELECT thread_id, bool_or(to_me) AS to_me FROM fresh GROUP BY thread_id) AS whole
     WHERE r.folder_id = %(folder)s AND r.thread_id = whole.thread_id AND r.to_me <> whole.to_me
), told_alone AS (
    UPDATE mailsync_messagerow r SET to_me = fresh.to_me FROM fresh
     WHERE r.placement_id = fresh.id AND r.to_me <> fresh.to_me
)
SELECT max(thread_id) FROM slice
"""  # noqa: S608 (constants)

_CHANGED = f"""
SELECT u.id FROM accounts_user u LEFT JOIN mailsync_addressedto t ON t.user_id = u.id
 WHERE u.is_active AND EXISTS (SELECT FROM accounts_mailaccount WHERE user_id = u.id)
   AND (t.user_id IS NULL OR t.folder IS NOT NULL OR t.addresses <> {_SORTED.format("u.id")})
 ORDER BY u.id LIMIT %(limit)s
"""  # noqa: S608 (constants)
