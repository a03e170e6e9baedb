"""Searches asked of given messages, or of the newest ones: the same conditions, fewer rows. Database room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from mailsync.store.listing import ListRow, message_rows
from mailsync.store.search import Search, read_rows
from mailsync.store.search_sql import Condition
from mailsync.store.search_walk import arms_of, joined, walk_sql

_AMONG = """
    SELECT p.id, ARRAY_REMOVE(ARRAY[{cases}]::int[], NULL)
      FROM mailsync_placement p {joined} WHERE p.id = ANY(%(placements)s)
"""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Of the newest ``looked_at`` messages ``count`` match; ``rows`` are the newest of these."""

    looked_at: int
    count: int
    rows: tuple[ListRow, ...]


def find_among(searches: Sequence[Search], placement_ids: Sequence[int]) -> list[set[int]]:
    """Which of these placements each search finds: one statement, however many there are of either."""
    found: list[set[int]] = [set() for _ in searches]
    values: dict[str, Any] = {"placements": list(placement_ids)}
    tables: set[str] = set()
    cases = []
    for number, search in enumerate(searches):
        if search.term is None or not search.places:
            continue
        condition = Condition(list(search.places), timezone.get_current_timezone(), values, tables)
        folders = condition.value([place.folder_id for place in search.places])
        cases.append(f"CASE WHEN p.folder_id = ANY({folders}) AND {condition.sql(search.term)} THEN {number} END")
    if not cases or not placement_ids:
        return found
    whole = Condition([], timezone.get_current_timezone(), values, tables)
    for placement, numbers in read_rows(_AMONG.format(cases=", ".join(cases), joined=joined(whole)), values):
        for number in numbers:
            found[number].add(placement)
    return found


def backtest(search: Search, *, size: int, limit: int) -> Backtest:
    """What a search finds among the newest ``size`` messages of its folders."""
    if search.term is None or not search.places:
        return Backtest(0, 0, ())
    condition = Condition(list(search.places), timezone.get_current_timezone())
    where = condition.sql(search.term)
    arms = arms_of([place.folder_id for place in search.places], (), None, condition, size)
    rows = read_rows(walk_sql(arms, where, condition, size), condition.values)
    first: dict[int, int] = {}
    for _at, message, placement, *_ in rows:
        if message is not None:
            first.setdefault(message, placement)
    return Backtest(rows[0][4], len(first), tuple(message_rows(list(first.values())[:limit])))
