"""The outline of a long list: how many rows it has, and where each stretch of a hundred ends. Database room.

In: the same folders and filter as ``listing.list_rows``. Out: keys that cut the list into ranges, so that a page
can be read at any place of it without counting up to there: a range is one bounded walk of the index, wherever
it lies. The keys divide the list for good, whatever is added or taken away meanwhile; only how many rows lie
between two of them drifts. That is why an outline may be kept for some minutes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection

from mailsync.store.list_keys import MERGED, Cursor, Filter, Sort, order_of, source_of

#: Rows between two keys.
STRETCH_ROWS = 100
KEPT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Outline:
    """``ends[i]`` is the key of row ``(i + 1) * STRETCH_ROWS``; the last one is that of the last row of all."""

    count: int
    ends: tuple[str, ...]


_OUTLINE = """
    SELECT at, id, key, place FROM (
        SELECT at, id, key, row_number() OVER list AS place, lead(id) OVER list IS NULL AS is_last
          FROM ({keys}) AS k WINDOW list AS (ORDER BY {order})
    ) AS placed
     WHERE place %% %(stretch)s = 0 OR is_last
     ORDER BY {order}
"""


def load_outline(folder_ids: Sequence[int], which: Filter, sort: Sort = Sort.NEWEST) -> Outline:
    """The outline of these folders' list, read once and kept for some minutes: it walks the list's index, no table."""
    folders = sorted(set(folder_ids))
    # With the database's name, as one Redis may serve several.
    of = (connection.settings_dict["NAME"], folders, which, sort.value)
    name = f"outline:{hashlib.sha256(repr(of).encode()).hexdigest()}"
    kept: tuple[int, tuple[str, ...]] | None = cache.get(name)
    if kept is None:
        kept = _read_outline(folders, which, sort)
        cache.set(name, kept, KEPT_SECONDS)
    return Outline(*kept)


def _read_outline(folders: Sequence[int], which: Filter, sort: Sort) -> tuple[int, tuple[str, ...]]:
    if not folders:
        return 0, ()
    source = source_of(sort, which)
    columns, order = order_of(sort, source)
    # One ordered walk a folder, merged: a single walk over several folders would have to sort them all.
    where = "".join(source.where)
    keys = " UNION ALL ".join(
        f"(SELECT {columns} FROM {source.table} r WHERE r.folder_id = %(f{number})s{where} ORDER BY {order})"  # noqa: S608
        for number in range(len(folders))
    )
    values: dict[str, Any] = {"stretch": STRETCH_ROWS, **{f"f{number}": pk for number, pk in enumerate(folders)}}
    with connection.cursor() as cursor:
        cursor.execute(_OUTLINE.format(keys=keys, order=MERGED[sort]), values)
        found = cursor.fetchall()
    count = found[-1][3] if found else 0
    return count, tuple(str(Cursor(at, pk, "" if key is None else str(key))) for at, pk, key, _place in found)
