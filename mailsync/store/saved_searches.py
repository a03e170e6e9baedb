"""The searches that a person keeps, read. Database room; one query."""

from dataclasses import dataclass

from mailsync.models import SavedSearch


@dataclass(frozen=True, slots=True)
class Saved:
    """``folder_id`` is None where all folders are searched."""

    id: int
    name: str
    query: str
    folder_id: int | None


def load_saved_searches(user_id: int) -> list[Saved]:
    """By name."""
    rows = SavedSearch.objects.filter(user_id=user_id).values_list("id", "name", "query", "folder_id")
    return sorted((Saved(*row) for row in rows), key=lambda one: one.name.casefold())
