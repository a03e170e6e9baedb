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
from mailsync.models import Folder, Message
from mailsync.store.mail_sums import load_sizes

KEPT_SECONDS = 600
#: More messages are not counted while somebody waits for a page: 10 ms a thousand.
COUNTED_AT_ONCE = 20_000
SHOWN, SHOWN_MESSAGES = 8, 12


@dataclass(frozen=True, slots=True)
class Heap:
    """Mail that has something in common: ``name`` is a sender's address, a year, or an id."""

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
    messages = sum(size.messages for size in load_sizes(_accounts_of(user_id)).values())
    return load_space(user_id) if messages <= COUNTED_AT_ONCE else None


def load_space(user_id: int) -> Space:
    """As it was within the last minutes, or counted now, however long it takes."""
    kept: Space | None = cache.get(_key(user_id))
    if kept is None:
        kept = _count(user_id)
        cache.set(_key(user_id), kept, KEPT_SECONDS)
    return kept


def _accounts_of(user_id: int) -> list[int]:
    return list(MailAccount.objects.filter(user=user_id).values_list("pk", flat=True))


def _key(user_id: int) -> str:
    return f"space-counted:{connection.settings_dict['NAME']}:{user_id}"


def _count(user_id: int) -> Space:
    counted_at = timezone.now()
    heaps: dict[str, list[Heap]] = {"sender": [], "year": [], "folder": [], "message": []}
    with connection.cursor() as cursor:
        cursor.execute(_HEAPS, {"accounts": _accounts_of(user_id), "shown": SHOWN, "messages": SHOWN_MESSAGES})
        for kind, name, count, size_bytes in cursor.fetchall():
            heaps[kind].append(Heap(name, count, int(size_bytes)))
    largest = [int(heap.name) for heap in heaps["message"]]
    found = Message.objects.only("subject", "from_name", "from_address", "size_bytes", "received_at").in_bulk(largest)
    return Space(
        tuple(heaps["sender"]),
        tuple(heaps["year"]),
        tuple((int(heap.name), heap) for heap in heaps["folder"]),
        tuple(_heavy(found[pk]) for pk in largest if pk in found),
        counted_at,
    )


def _heavy(message: Message) -> Heavy:
    sender = message.from_name or message.from_address
    return Heavy(message.pk, message.subject, sender, message.size_bytes, message.received_at)


# The accounts themselves stand in the statement, so that the planner knows how much is theirs, and reads no neighbours'
# mail for a small part of all. Where a message lies is looked up by its key (OFFSET 0), whatever is believed of rows.
_HEAPS = """
    WITH mail AS MATERIALIZED (
        SELECT m.id, lower(m.from_address) AS sender, to_char(m.received_at, 'YYYY') AS year, m.size_bytes,
               lying.folders
          FROM mailsync_message m
         CROSS JOIN LATERAL (
             SELECT array_agg(p.folder_id) AS folders FROM mailsync_placement p
              WHERE p.message_id = m.id AND p.shown OFFSET 0
         ) AS lying
         WHERE m.account_id = ANY(%(accounts)s) AND m.raw_id IS NOT NULL AND lying.folders IS NOT NULL
    )
    (SELECT 'sender', sender, count(*), sum(size_bytes) AS size_bytes FROM mail WHERE sender <> ''
      GROUP BY sender ORDER BY size_bytes DESC, sender LIMIT %(shown)s)
    UNION ALL
    (SELECT 'year', year, count(*), sum(size_bytes) FROM mail GROUP BY year ORDER BY year DESC)
    UNION ALL
    (SELECT 'folder', folder_id::text, count(*), sum(size_bytes) AS size_bytes
       FROM mail CROSS JOIN unnest(folders) AS f(folder_id)
      GROUP BY folder_id ORDER BY size_bytes DESC, folder_id LIMIT %(shown)s)
    UNION ALL
    (SELECT 'message', id::text, 1, size_bytes FROM mail ORDER BY size_bytes DESC, id LIMIT %(messages)s)
"""
