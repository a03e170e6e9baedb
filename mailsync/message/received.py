"""When a message reached its mailbox, for mail that comes without that knowledge (POP3 has no INTERNALDATE). Pure."""

from datetime import UTC, datetime

from mailsync.message.dates import parse_date
from mailsync.message.headers import every, first, split_header, structured

#: Before this there was no mail.
_OLDEST = datetime(1980, 1, 1, tzinfo=UTC)


def choose_received_at(raw: bytes, now: datetime) -> datetime:
    """The time in the topmost Received field, which the mailbox's own server wrote (RFC 5321 §4.4).

    Without one the Date; ``now`` where neither can be read or what it says is yet to come.

    >>> choose_received_at(b"Received: from a by b; Sun, 1 Mar 2026 09:00:00 +0000\\r\\n\\r\\n", datetime.now(UTC)).hour
    9
    """
    fields, _, _ = split_header(raw, 0, len(raw))
    stamps = [structured(value).rpartition(";")[2] for value in every(fields, b"received")[:1]]
    stamps.append(structured(first(fields, b"date")))
    for stamp in stamps:
        found = parse_date(stamp)
        if found is not None and _OLDEST <= found <= now:
            return found
    return now
