"""Messages of our own making, stored as if a server had given them: sent mail and drafts. Database room."""

from datetime import datetime

from mailsync.message.facts import ParsedMessage
from mailsync.message.parse import parse_message
from mailsync.models import Message
from mailsync.store.bodies import record_raw
from mailsync.store.intake import new_message, thread_facts
from mailsync.store.summary import refresh
from mailsync.store.threads import assign_threads, delete_empty_threads, refresh_threads
from mailsync.types import FetchedHeader, FetchedMessage


def store_own_message(account_id: int, raw: bytes, received_at: datetime) -> Message:
    """The message of these bytes, in its conversation, without a placement. Inside a transaction.

    When a server gives the same message back, the pull knows it by Message-ID and header and places it.
    """
    parsed: ParsedMessage = parse_message(raw)
    header = FetchedHeader(uid=0, size_bytes=len(raw), internal_date=received_at, header=_header_of(raw), flags=None)
    assigned = assign_threads(account_id, [thread_facts(header, parsed.header)])
    message = new_message(account_id, header, parsed.header, assigned.threads[0])
    message.save()
    fetched = FetchedMessage(uid=0, raw=raw, internal_date=received_at, flags=None)
    (stored,), _ = record_raw(account_id, [(message, fetched, parsed)])
    refresh(assigned.pairs)
    refresh_threads({message.thread_id, *(thread for _, thread in assigned.pairs)})
    delete_empty_threads(assigned.merged)
    return Message.objects.get(pk=stored)


def _header_of(raw: bytes) -> bytes:
    """The header with the empty line that ends it, as BODY[HEADER] gives it (RFC 9051 §6.4.5)."""
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[: end + 4]
