"""The keys of a list: in which order its rows stand, and one page of them. Database room.

In: folders, what narrows the list, how it is sorted, where the page begins. Out: the ids of its rows. A page reads a
bounded range of an index of each folder, wherever it lies and however the list is sorted.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from accounts.ready import prepared_cursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sort(StrEnum):
    """What stands first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SENDER = "sender"
    SUBJECT = "subject"
    LARGEST = "largest"

    @property
    def column(self) -> str:
        """What comes before the time in the index, "" for none."""
        return {"sender": "sender_key", "subject": "subject_key", "largest": "size_bytes"}.get(self.value, "")


#: How rows of ``key``, ``at`` and ``id`` are merged. Among equals the newest stands first.
MERGED = {
    Sort.NEWEST: "at DESC, id DESC",
    Sort.OLDEST: "at, id",
    Sort.SENDER: "key, at DESC, id DESC",
    Sort.SUBJECT: "key, at DESC, id DESC",
    Sort.LARGEST: "key DESC, at DESC, id DESC",
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: time and id of its last row, and what the list is sorted by, as text.

    ``str()`` is what goes into a URL.
    """

    at: datetime
    id: int
    key: str = ""

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        text = f"{micros}.{self.id}" + (f".{self.key}" if self.key else "")
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """None for anything that is not a cursor: a mangled link shows the first page.

        >>> Cursor.parse("nonsense") is None
        True
        """
        try:
            decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            micros, _, rest = decoded.partition(".")
            id_, _, key = rest.partition(".")
            return cls(_EPOCH + timedelta(microseconds=int(micros)), int(id_), key.replace("\x00", ""))
        except (binascii.Error, ValueError, OverflowError):
            return None

    def key_of(self, sort: Sort) -> str | int | None:
        """The key as its column has it; None where this is no place in a list of that order."""
        if sort is not Sort.LARGEST:
            return self.key
        return int(self.key) if self.key.isascii() and self.key.isdigit() and len(self.key) < 19 else None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows a list shows. Each of them is the condition of a partial index, word for word."""

    by_conversation: bool
    unread_only: bool = False
    flagged_only: bool = False
    files_only: bool = False
    to_me_only: bool = False


def conditions(which: Filter) -> tuple[str, str, list[str]]:
    """The table ``r`` of a list, its column of time, and what narrows its rows, each `` AND …``."""
    if which.by_conversation:
        wanted: tuple[tuple[bool, str], ...] = (
            (which.unread_only, " AND r.unread_count > 0"),
            (which.flagged_only, " AND r.flagged_count > 0"),
            (which.files_only, " AND r.has_attachment"),
            (which.to_me_only, " AND r.to_me"),
        )
        return "mailsync_threadrow", "newest_at", [condition for on, condition in wanted if on]
    wanted = ((True, " AND r.shown"), (which.unread_only, " AND NOT r.seen"), (which.flagged_only, " AND r.flagged"))
    return "mailsync_placement", "received_at", [condition for on, condition in wanted if on]


def order_of(sort: Sort, which: Filter) -> tuple[str, str]:
    """What is read of ``r`` for a list, as ``key``, ``at`` and ``id``, and in which order: that of an index."""
    at = conditions(which)[1]
    columns = f"{f'r.{sort.column}' if sort.column else 'NULL::text'} AS key, r.{at} AS at, r.id"
    own = {"key": f"r.{sort.column}", "at": f"r.{at}", "id": "r.id"}
    order = ", ".join(" ".join(own.get(word, word) for word in one.split()) for one in MERGED[sort].split(", "))
    return columns, order


def possible(sort: Sort, which: Filter) -> Sort:
    """The sort, or by time where there is no index for it: of messages one at a time."""
    return Sort.NEWEST if sort.column and not which.by_conversation else sort


def page_keys(
    folder_ids: Sequence[int], which: Filter, sort: Sort, *, before: Cursor | None, until: Cursor | None, limit: int
) -> list[Cursor]:
    """The keys of a page: the top of each folder's index range, merged. Reads at most 2 × limit × folders entries."""
    table, _at, where = conditions(which)
    if which.by_conversation and len(folder_ids) > 1:
        where.append(
            " AND NOT EXISTS (SELECT FROM mailsync_threadrow o WHERE o.thread_id = r.thread_id"
            # OFFSET 0: asked row by row, by key. As a join it would be as dear as the folders are large.
            " AND o.folder_id = ANY(%(folders)s) AND (o.newest_at, o.id) > (r.newest_at, r.id) OFFSET 0)"
        )
    values: dict[str, Any] = {"folders": list(folder_ids), "limit": limit}
    columns, order = order_of(sort, which)
    ranges = _ranges(which, sort, before, until, values)
    parts = " UNION ALL ".join(
        f"(SELECT {columns} FROM {table} r WHERE r.folder_id = f.id{''.join(where)}{part}"  # noqa: S608
        f" ORDER BY {order} LIMIT %(limit)s)"
        for part in ranges
    )
    page = (
        f"SELECT k.at, k.id, coalesce(k.key::text, '') FROM unnest(%(folders)s::bigint[]) AS f(id)"  # noqa: S608
        f" CROSS JOIN LATERAL ({parts}) AS k{_cut(sort, until, values)} ORDER BY {MERGED[sort]} LIMIT %(limit)s"
    )
    with prepared_cursor() as cursor:
        cursor.execute(page, values)
        return [Cursor(*row) for row in cursor.fetchall()]


def _ranges(
    which: Filter, sort: Sort, before: Cursor | None, until: Cursor | None, values: dict[str, Any]
) -> list[str]:
    """Conditions that each are one range of the index; in their order they are the list from ``before`` on."""
    at = conditions(which)[1]
    if before is not None:
        values |= {"at": before.at, "id": before.id, "key": before.key_of(sort)}
    if not sort.column:
        past, upto = (">", "<=") if sort is Sort.OLDEST else ("<", ">=")
        begin = f" AND (r.{at}, r.id) {past} (%(at)s, %(id)s)" if before is not None else ""
        if until is not None:
            values |= {"until_at": until.at, "until_id": until.id}
            begin += f" AND (r.{at}, r.id) {upto} (%(until_at)s, %(until_id)s)"
        return [begin]
    if before is None or values["key"] is None:
        return [""]
    # One condition with OR would be a filter over all that comes before.
    past = "<" if sort is Sort.LARGEST else ">"
    return [
        f" AND r.{sort.column} = %(key)s AND (r.{at}, r.id) < (%(at)s, %(id)s)",
        f" AND r.{sort.column} {past} %(key)s",
    ]


def _cut(sort: Sort, until: Cursor | None, values: dict[str, Any]) -> str:
    """What lies beyond ``until`` falls away after it was read: as a condition of the index it would be no range."""
    key = until.key_of(sort) if until is not None else None
    if not sort.column or until is None or key is None:
        return ""
    values |= {"until_at": until.at, "until_id": until.id, "until_key": key}
    past = "<" if sort is Sort.LARGEST else ">"
    return (
        f" WHERE NOT (k.key {past} %(until_key)s OR (k.key = %(until_key)s"
        " AND (k.at, k.id) < (%(until_at)s, %(until_id)s)))"
    )
