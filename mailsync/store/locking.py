"""Placements as somebody is about to change them: locked, and where a move under way has put them. Database room."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from accounts.ready import PREPARED_ROWS, ReadyQuery, any_of, cursor_for, prepared_cursor
from mailsync.models import Change, Placement


class Markable(NamedTuple):
    """Of a locked placement what ``store.marking`` needs, and whose it is."""

    id: int
    account_id: int
    folder_id: int
    thread_id: int
    seen: bool
    flagged: bool
    user_id: int
    protocol: str

    @classmethod
    def of(cls, row: Placement) -> "Markable":
        account = row.account
        places = (row.pk, row.account_id, row.folder_id, row.thread_id)
        return cls(*places, row.seen, row.flagged, account.user_id, account.protocol)


def lock_placements(placement_ids: Iterable[int]) -> list[Placement]:
    """The rows that still exist, locked, with folder and account; ordered by id so that nobody deadlocks.

    A placement that a pending move has hidden stands for the one it is moving to.
    """
    return where_they_went(_locked(placement_ids))


def lock_few(placement_ids: Collection[int]) -> list[Placement] | None:
    """These rows, locked with the folders they lie in, in one statement, hidden ones among them; None where they are
    many, or some have gone or gone elsewhere: then whose they are and where they lie must be asked first.

    Folder and placement are locked together, in the order of folders: who holds a placement holds its folder.
    """
    if not 0 < len(placement_ids) <= PREPARED_ROWS:
        return None
    rows = _FEW_WITH_FOLDERS.all(sorted(placement_ids))
    return rows if len(rows) == len(placement_ids) else None


def lock_conversation(folder_id: int, thread_id: int) -> list[Markable]:
    """What a conversation shows in a folder, locked with the folder as ``lock_few`` does, in the order of their ids."""
    with prepared_cursor() as cursor:
        cursor.execute(_SHOWN_WITH_FOLDER, [folder_id, thread_id])
        return list(map(Markable._make, cursor.fetchall()))


_SHOWN_WITH_FOLDER = """
    SELECT p.id, p.account_id, p.folder_id, p.thread_id, p.seen, p.flagged, a.user_id, a.protocol
      FROM mailsync_placement p
      JOIN mailsync_folder f ON f.id = p.folder_id
      JOIN accounts_mailaccount a ON a.id = p.account_id
     WHERE p.folder_id = %s AND p.thread_id = %s AND p.shown
     ORDER BY p.id
       FOR NO KEY UPDATE OF f, p
"""


def where_they_went(rows: list[Placement]) -> list[Placement]:
    """The shown ones of these locked rows, and for the hidden ones those they are moving to, locked."""
    hidden = [row.pk for row in rows if not row.shown]
    for _ in range(5):
        if not hidden:
            break
        moved = dict(
            Change.objects.filter(
                placement__in=hidden, kind=Change.Kind.MOVE, state__in=Change.OPEN, target_placement__isnull=False
            ).values_list("placement_id", "target_placement_id")
        )
        found = _locked(target for target in moved.values() if target is not None)
        rows = [row for row in rows if row.pk not in moved] + found
        hidden = [row.pk for row in found if not row.shown]
    return [row for row in rows if row.shown]


def _locked(placement_ids: Iterable[int]) -> list[Placement]:
    ids = sorted(set(placement_ids))
    if len(ids) <= PREPARED_ROWS:  # what a person does most: open one, archive one
        return _FEW_LOCKED.all(ids)
    return list(_lock().filter(id__in=ids).order_by("id"))


def _lock() -> QuerySet[Placement]:
    return Placement.objects.select_for_update(of=("self",), no_key=True).select_related("folder", "account")


_FEW_LOCKED = ReadyQuery(lambda ids: _lock().filter(any_of("mailsync_placement.id", ids)).order_by("id"))


_FEW_WITH_FOLDERS = ReadyQuery(
    lambda ids: (
        Placement.objects.select_for_update(of=("folder", "self"), no_key=True)
        .select_related("folder", "account")
        .filter(any_of("mailsync_placement.id", ids))
        .order_by("folder_id", "id")
    )
)


def owners_of(placement_ids: Collection[int]) -> list[tuple[int, int, int]]:
    """Of each of these that exists: its id, its folder, and whose it is."""
    with cursor_for(len(placement_ids)) as cursor:
        cursor.execute(_OWNERS, [list(placement_ids)])
        return list(cursor.fetchall())


_OWNERS = """
    SELECT p.id, p.folder_id, a.user_id
      FROM mailsync_placement p JOIN accounts_mailaccount a ON a.id = p.account_id WHERE p.id = ANY(%s)
"""


def shown_placements(placement_ids: Sequence[int], conversations: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of these that are shown, and what conversations (folder, thread) show in their folders.

    Each once, with its owner, oldest first.
    """
    values = {
        "ids": list(placement_ids),
        "folders": [folder for folder, _ in conversations],
        "threads": [thread for _, thread in conversations],
    }
    with cursor_for(len(placement_ids) + len(conversations)) as cursor:
        cursor.execute(_SHOWN, values)
        return list(cursor.fetchall())


_SHOWN = """
    SELECT p.id, a.user_id
      FROM mailsync_placement p JOIN accounts_mailaccount a ON a.id = p.account_id
     WHERE p.shown
       AND p.id IN (SELECT unnest(%(ids)s::bigint[])
                     UNION
                    SELECT o.id FROM unnest(%(folders)s::bigint[], %(threads)s::bigint[]) AS n (folder_id, thread_id)
                      JOIN mailsync_placement o ON o.thread_id = n.thread_id AND o.folder_id = n.folder_id)
     ORDER BY p.received_at, p.id
"""
