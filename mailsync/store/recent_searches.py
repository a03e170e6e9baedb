"""What a person searched for lately, read. Database room; one query."""

from dataclasses import dataclass

from mailsync.models import RecentSearch

#: So many are kept of each person.
MOST_RECENT = 20


@dataclass(frozen=True, slots=True)
class Recent:
    id: int
    query: str


def load_recent_searches(user_id: int) -> list[Recent]:
    """The newest first."""
    rows = RecentSearch.objects.filter(user_id=user_id).order_by("-used_at", "-id").values_list("id", "query")
    return [Recent(*row) for row in rows[:MOST_RECENT]]
