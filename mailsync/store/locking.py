"""Placements as somebody is about to change them: locked, and where a move under way has put them. Database room."""

from collections.abc import Collection, Iterable, Sequence

from django.db.models import QuerySet

from accounts.ready import PREPARED_ROWS, ReadyQuery, any_of, cursor_for
from mailsync.models import Change, Placement


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


def lock_conversation(folder_id: int, thread_id: int) -> list[Placement]:
    """What a conversation shows in a folder, locked with the folder as ``lock_few`` does, in the order of their ids.

    It is to be marked, so of a hundred columns no others are read than that needs.
    """
    return _SHOWN_WITH_FOLDER.all(folder_id, thread_id)


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


def _lock_with_folders() -> QuerySet[Placement]:
    both = Placement.objects.select_for_update(of=("folder", "self"), no_key=True)
    return both.select_related("folder", "account").order_by("folder_id", "id")


_FEW_WITH_FOLDERS = ReadyQuery(lambda ids: _lock_with_folders().filter(any_of("mailsync_placement.id", ids)))
_SHOWN_WITH_FOLDER = ReadyQuery(
    lambda folder, thread: (
        _lock_with_folders()
        .only("account__user", "account__protocol", "folder__id", "thread", "shown", "seen", "flagged")
        .filter(folder=folder, thread=thread, shown=True)
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
