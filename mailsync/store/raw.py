"""The bytes of a message: whole, or a range of them. Database room.

``RawMessage.data`` is stored out of line and uncompressed, so a range costs the range: one part of
a large message is read without loading the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from accounts.ready import prepared_cursor
from mailsync.models import Message, RawMessage

#: Row by row, by their keys.
_RANGES = """
    SELECT w.place, r.part
      FROM unnest(%s::bigint[], %s::int[], %s::int[]) WITH ORDINALITY AS w (id, start, size, place)
     CROSS JOIN LATERAL (
         SELECT substring(r.data FROM w.start + 1 FOR w.size) AS part
           FROM mailsync_rawmessage r WHERE r.id = w.id LIMIT 1
     ) AS r
"""
#: What is read together is held in memory together.
_AT_ONCE = 1_000_000
#: So much of a message comes along where it is to be shown: as a rule all that is shown of it.
BEGINNING_BYTES = 16 * 1024


class Range(NamedTuple):
    """Some of the bytes of one message."""

    raw_id: int
    start: int
    end: int


class BodyNotFetched(LookupError):
    """Only the header of this message has arrived so far: ask for the body, then read again."""


def raw_size(message: Message) -> int:
    """The size of the stored bytes. Raises ``BodyNotFetched``."""
    return RawMessage.objects.only("size_bytes").get(id=_raw_id(message)).size_bytes


def read_raw(message: Message) -> bytes:
    """All bytes, exactly as the server gave them. Raises ``BodyNotFetched``."""
    return bytes(RawMessage.objects.only("data").get(id=_raw_id(message)).data)


def raw_reader(message: Message) -> Callable[[int, int], bytes]:
    """A function ``read(start, end)`` of the stored bytes, one query a call, and none for what came with the message.
    Raises ``BodyNotFetched``.

    >>> raw_reader(message)(0, 5)  # doctest: +SKIP
    b'Recei'
    """
    raw_id, beginning = _raw_id(message), message.beginning

    def read(start: int, end: int) -> bytes:
        if end <= start:
            return b""
        if end <= len(beginning):
            return beginning[start:end]
        with prepared_cursor() as cursor:
            cursor.execute(
                "SELECT substring(data FROM %s::int FOR %s::int) FROM mailsync_rawmessage WHERE id = %s",
                [start + 1, end - start, raw_id],
            )
            row = cursor.fetchone()
        if row is None:
            raise BodyNotFetched("The stored message has been removed.")
        return bytes(row[0])

    return read


def load_beginnings(messages: Iterable[Message]) -> None:
    """For ``raw_reader`` of messages that are shown together: a few queries instead of one for each."""
    waiting = [(message, message.raw_id) for message in messages if message.raw_id and not message.beginning]
    ranges = [Range(raw_id, 0, BEGINNING_BYTES) for _, raw_id in waiting]
    for (message, _), beginning in zip(waiting, read_ranges(ranges), strict=True):
        message.beginning = beginning or b""


def read_ranges(ranges: Sequence[Range]) -> Iterator[bytes | None]:
    """The bytes of each range, in order; None where they are no longer here. One query for each ``_AT_ONCE`` bytes."""
    waiting = list(ranges)
    while waiting:
        held = accumulate(one.end - one.start for one in waiting)
        count = max(1, sum(1 for size_bytes in held if size_bytes <= _AT_ONCE))
        batch, waiting = waiting[:count], waiting[count:]
        with prepared_cursor(is_binary=True) as cursor:
            cursor.execute(
                _RANGES,
                [
                    [one.raw_id for one in batch],
                    [one.start for one in batch],
                    [max(one.end - one.start, 0) for one in batch],
                ],
            )
            found = {place: bytes(data) for place, data in cursor.fetchall()}
        yield from (found.get(place) for place in range(1, count + 1))


def _raw_id(message: Message) -> int:
    if message.raw_id is None:
        raise BodyNotFetched("The body of this message has not been fetched yet.")
    return message.raw_id
