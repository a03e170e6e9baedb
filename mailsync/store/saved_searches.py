"""The searches that a person keeps, read. Database room; one query."""

from dataclasses import dataclass

from accounts.ready import prepared_cursor


@dataclass(frozen=True, slots=True)
class Saved:
    """``folder_id`` is None where all folders are searched."""

    id: int
    name: str
    query: str
    folder_id: int | None


def load_saved_searches(user_id: int) -> list[Saved]:
    """By name."""
    with prepared_cursor() as cursor:
        cursor.execute("SELECT id, name, query, folder_id FROM mailsync_savedsearch WHERE user_id = %s", [user_id])
        return sorted((Saved(*row) for row in cursor.fetchall()), key=lambda one: one.name.casefold())
