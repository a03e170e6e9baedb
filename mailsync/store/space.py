"""What a person's mail takes up, by sender, year and folder, and what is largest. Database room; reads only.

A message counts once, however many folders show it, but for the sums of the folders. All mail of the person is read for
it, so the answer is kept for some minutes, and who has much of it is told beforehand that it takes its time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.models import Folder
from mailsync.store.mail_sums import load_sizes

KEPT_SECONDS = 600
#: More messages are not counted while somebody waits for a page: 10 ms a thousand.
COUNTED_AT_ONCE = 20_000
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
    counted_at: datetime

    @property
    def folder_rows(self) -> dict[int, Folder]:
        return Folder.objects.select_related("account").in_bulk([pk for pk, _ in self.folders])


def find_space(user_id: int) -> Space | None:
    """As it was within the last minutes; None where it would have to be counted and that takes long."""
    kept: Space | None = cache.get(_key(user_id))
    if kept is not None:
        return kept
    accounts = MailAccount.objects.filter(user=user_id).values_list("pk", flat=True)
    messages = sum(size.messages for size in load_sizes(accounts).values())
    return load_space(user_id) if messages <= COUNTED_AT_ONCE else None


def load_space(user_id: int) -> Space:
    """As it was within the last minutes, or counted now, however long it takes."""
    kept: Space | None = cache.get(_key(user_id))
    if kept is None:
        kept = _count(user_id)
        cache.set(_key(user_id), kept, KEPT_SECONDS)
    return kept


def _key(user_id: int) -> str:
    return f"space-counted:{connection.settings_dict['NAME']}:{user_id}"


def _count(user_id: int) -> Space:
    counted_at = timezone.now()
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
    return Space(by_kind["sender"], by_kind["year"], folders, largest, counted_at)


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
