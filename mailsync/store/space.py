"""What a person's mail takes up, by sender, year and folder, and what is largest. Database room; reads only.

A message counts once, however many folders show it, but for the sums of the folders. All mail of the person is read for
it, so the answer is kept for some minutes.
"""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection

from mailsync.models import Folder

KEPT_SECONDS = 600
SHOWN, SHOWN_MESSAGES = 8, 12


@dataclass(frozen=True, slots=True)
class Heap:
    """Mail that has something in common: a sender's address, or a year."""

    name: str
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Heavy:
    """One of the largest messages."""

    message_id: int
    subject: str
    sender: str
    size_bytes: int
    received_at: Any


@dataclass(frozen=True, slots=True)
class Space:
    """Each largest first, but the years, which come newest first; ``folders`` by id."""

    senders: tuple[Heap, ...]
    years: tuple[Heap, ...]
    folders: tuple[tuple[int, Heap], ...]
    largest: tuple[Heavy, ...]

    @property
    def folder_rows(self) -> dict[int, Folder]:
        return Folder.objects.select_related("account").in_bulk([pk for pk, _ in self.folders])


def load_space(user_id: int) -> Space:
    """As it was within the last minutes."""
    key = f"space:{connection.settings_dict['NAME']}:{user_id}"
    kept: Space | None = cache.get(key)
    if kept is None:
        kept = _count(user_id)
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _count(user_id: int) -> Space:
    values = {"user": user_id, "shown": SHOWN, "messages": SHOWN_MESSAGES}
    with connection.cursor() as cursor:
        cursor.execute(_HEAPS, values)
        heaps = cursor.fetchall()
        cursor.execute(_FOLDERS, values)
        folders = tuple((pk, Heap("", count, int(size))) for pk, count, size in cursor.fetchall())
        cursor.execute(_LARGEST, values)
        largest = tuple(Heavy(*row) for row in cursor.fetchall())
    by_kind = {
        kind: tuple(Heap(name, count, int(size)) for of, name, count, size in heaps if of == kind)
        for kind in ("sender", "year")
    }
    return Space(by_kind["sender"], by_kind["year"], folders, largest)


_MINE = "SELECT id FROM accounts_mailaccount WHERE user_id = %(user)s"
_HERE = "EXISTS (SELECT FROM mailsync_placement p WHERE p.message_id = m.id AND p.shown)"
_HEAPS = f"""
    WITH mail AS MATERIALIZED (
        SELECT lower(m.from_address) AS sender, to_char(m.received_at, 'YYYY') AS year, m.size_bytes
          FROM mailsync_message m
         WHERE m.account_id IN ({_MINE}) AND m.raw_id IS NOT NULL AND {_HERE}
    )
    (SELECT 'sender', sender, count(*), sum(size_bytes) AS size_bytes FROM mail WHERE sender <> ''
      GROUP BY sender ORDER BY size_bytes DESC, sender LIMIT %(shown)s)
    UNION ALL
    (SELECT 'year', year, count(*), sum(size_bytes) FROM mail GROUP BY year ORDER BY year DESC)
"""  # noqa: S608  constants of ours
_FOLDERS = f"""
    SELECT p.folder_id, count(*), sum(m.size_bytes) AS size_bytes
      FROM mailsync_placement p JOIN mailsync_message m ON m.id = p.message_id
     WHERE p.account_id IN ({_MINE}) AND p.shown AND m.raw_id IS NOT NULL
     GROUP BY p.folder_id ORDER BY size_bytes DESC, p.folder_id LIMIT %(shown)s
"""  # noqa: S608  constants of ours
_LARGEST = f"""
    SELECT m.id, m.subject, coalesce(nullif(m.from_name, ''), m.from_address), m.size_bytes, m.received_at
      FROM mailsync_message m
     WHERE m.account_id IN ({_MINE}) AND m.raw_id IS NOT NULL AND {_HERE}
     ORDER BY m.size_bytes DESC, m.id LIMIT %(messages)s
"""  # noqa: S608  constants of ours
