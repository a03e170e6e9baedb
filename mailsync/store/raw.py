"""The bytes of a message: whole, or a range of them. Database room.

``RawMessage.data`` is stored out of line and uncompressed, so a range costs the range: one part of
a large message is read without loading the rest.
"""

from collections.abc import Callable

from django.db import connection

from mailsync.models import Message, RawMessage


class BodyNotFetched(LookupError):
    """Only the header of this message has arrived so far: ask for the body, then read again."""


def raw_size(message: Message) -> int:
    """The size of the stored bytes. Raises ``BodyNotFetched``."""
    return RawMessage.objects.only("size_bytes").get(id=_raw_id(message)).size_bytes


def read_raw(message: Message) -> bytes:
    """All bytes, exactly as the server gave them. Raises ``BodyNotFetched``."""
    return bytes(RawMessage.objects.only("data").get(id=_raw_id(message)).data)


def raw_reader(message: Message) -> Callable[[int, int], bytes]:
    """A function ``read(start, end)`` of the stored bytes, one query a call. Raises ``BodyNotFetched``.

    >>> raw_reader(message)(0, 5)  # doctest: +SKIP
    b'Recei'
    """
    raw_id = _raw_id(message)

    def read(start: int, end: int) -> bytes:
        if end <= start:
            return b""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT substring(data FROM %s FOR %s) FROM mailsync_rawmessage WHERE id = %s",
                [start + 1, end - start, raw_id],
            )
            row = cursor.fetchone()
        if row is None:
            raise BodyNotFetched("The stored message has been removed.")
        return bytes(row[0])

    return read


def _raw_id(message: Message) -> int:
    if message.raw_id is None:
        raise BodyNotFetched("The body of this message has not been fetched yet.")
    return message.raw_id
