"""The searches that a person keeps, and what becomes of them when the folder of one goes. Database room."""

from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.ready import prepared_cursor
from mailsync.models import Folder, SavedSearch

# A folder that is about to go can still come back, by Undo or on its server, and its searches with it.
_MINE = """
    SELECT s.id, s.name, s.query, CASE WHEN f.missing_since IS NULL THEN s.folder_id END,
           CASE WHEN f.missing_since IS NULL THEN s.lost_folder ELSE f.name END
      FROM mailsync_savedsearch s LEFT JOIN mailsync_folder f ON f.id = s.folder_id
     WHERE s.user_id = %s
"""


@dataclass(frozen=True, slots=True)
class Saved:
    """``folder_id`` is None where all folders are searched; ``lost_folder`` says so of one that was kept to a folder
    which is gone, and names it."""

    id: int
    name: str
    query: str
    folder_id: int | None
    lost_folder: str = ""


def load_saved_searches(user_id: int) -> list[Saved]:
    """By name; one query."""
    with prepared_cursor() as cursor:
        cursor.execute(_MINE, [user_id])
        return sorted((Saved(*row) for row in cursor.fetchall()), key=lambda one: one.name.casefold())


def widen_searches(folders: QuerySet[Folder]) -> None:
    """These folders are about to be deleted: what was searched for in one of them is searched for everywhere."""
    name = Folder.objects.filter(pk=OuterRef("folder_id")).values("name")
    SavedSearch.objects.filter(folder__in=folders).update(lost_folder=Subquery(name[:1]), folder=None)
