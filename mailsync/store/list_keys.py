"""The keys of a list: in which order its rows stand, and one page of them. Database room.

In: folders, what narrows the list, how it is sorted, where the page begins. Out: a statement for the ids of its rows,
which ``store.lines`` reads. A page reads a bounded range of an index of each folder, wherever it lies and however the
list is sorted.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

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


def needs_keys(sort: Sort, which: Filter) -> bool:
    """Whether this list can be read only where lines of single messages are kept (``store.by_message``)."""
    return not which.by_conversation and bool(sort.column or which.files_only or which.to_me_only)


@dataclass(frozen=True, slots=True)
class Source:
    """The table ``r`` of a list, its columns of time and of identity, and what narrows its rows, each `` AND …``."""

    table: str
    at: str
    id: str
    where: tuple[str, ...]


def source_of(sort: Sort, which: Filter) -> Source:
    if which.by_conversation:
        return Source(
            *("mailsync_threadrow", "newest_at", "id"), _narrowed(which, "r.unread_count > 0", "r.flagged_count > 0")
        )
    if needs_keys(sort, which):
        return Source("mailsync_messagerow", "received_at", "placement_id", _narrowed(which, "r.unread", "r.flagged"))
    where = (" AND r.shown", *_narrowed(which, "NOT r.seen", "r.flagged"))
    return Source("mailsync_placement", "received_at", "id", where)


def _narrowed(which: Filter, unread: str, flagged: str) -> tuple[str, ...]:
    asked = (
        *((which.unread_only, unread), (which.flagged_only, flagged)),
        *((which.files_only, "r.has_attachment"), (which.to_me_only, "r.to_me")),
    )
    return tuple(f" AND {condition}" for on, condition in asked if on)


def order_of(sort: Sort, source: Source) -> tuple[str, str]:
    """What is read of ``r`` for a list, as ``key``, ``at`` and ``id``, and in which order: that of an index."""
    own = {"key": f"r.{sort.column}", "at": f"r.{source.at}", "id": f"r.{source.id}"}
    columns = f"{own['key'] if sort.column else 'NULL::text'} AS key, {own['at']} AS at, {own['id']} AS id"
    return columns, _order(sort, own)


def merged(sort: Sort) -> str:
    """The order of rows of ``k (key, at, id)``."""
    return _order(sort, {"key": "k.key", "at": "k.at", "id": "k.id"})


def _order(sort: Sort, names: Mapping[str, str]) -> str:
    return ", ".join(" ".join(names.get(word, word) for word in one.split()) for one in MERGED[sort].split(", "))


def page_keys(
    folder_ids: Sequence[int],
    which: Filter,
    sort: Sort,
    *,
    before: Cursor | None,
    until: Cursor | None,
    limit: int,
    with_columns: Sequence[str] = (),
) -> tuple[str, dict[str, Any]]:
    """A statement for the keys of a page, with these columns of ``r``, and its values: the top of each folder's index
    range, merged. It reads at most 2 × limit × folders entries.
    """
    source = source_of(sort, which)
    where = list(source.where)
    if which.by_conversation and len(folder_ids) > 1:
        where.append(
            " AND NOT EXISTS (SELECT FROM mailsync_threadrow o WHERE o.thread_id = r.thread_id"
            # OFFSET 0: asked row by row, by key. As a join it would be as dear as the folders are large.
            " AND o.folder_id = ANY(%(folders)s) AND (o.newest_at, o.id) > (r.newest_at, r.id) OFFSET 0)"
        )
    # How many is written out: a plan made without knowing it may read and sort a whole folder.
    values: dict[str, Any] = {"folders": list(folder_ids)}
    columns, order = order_of(sort, source)
    ranges = _ranges(source, sort, before, until, values)
    parts = " UNION ALL ".join(
        f"(SELECT {', '.join((columns, *with_columns))} FROM {source.table} r"  # noqa: S608
        f" WHERE r.folder_id = f.id{''.join(where)}{part} ORDER BY {order} LIMIT {limit:d})"
        for part in ranges
    )
    page = (
        f"SELECT k.* FROM unnest(%(folders)s::bigint[]) AS f(id)"  # noqa: S608
        f" CROSS JOIN LATERAL ({parts}) AS k{_cut(sort, until, values)} ORDER BY {merged(sort)} LIMIT {limit:d}"
    )
    return page, values


def _ranges(
    source: Source, sort: Sort, before: Cursor | None, until: Cursor | None, values: dict[str, Any]
) -> list[str]:
    """Conditions that each are one range of the index; in their order they are the list from ``before`` on."""
    place = f"(r.{source.at}, r.{source.id})"
    if before is not None:
        values |= {"at": before.at, "id": before.id, "key": before.key_of(sort)}
    if not sort.column:
        past, upto = (">", "<=") if sort is Sort.OLDEST else ("<", ">=")
        begin = f" AND {place} {past} (%(at)s, %(id)s)" if before is not None else ""
        if until is not None:
            values |= {"until_at": until.at, "until_id": until.id}
            begin += f" AND {place} {upto} (%(until_at)s, %(until_id)s)"
        return [begin]
    if before is None or values["key"] is None:
        return [""]
    # One condition with OR would be a filter over all that comes before.
    past = "<" if sort is Sort.LARGEST else ">"
    return [
        f" AND r.{sort.column} = %(key)s AND {place} < (%(at)s, %(id)s)",
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
