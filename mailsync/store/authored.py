"""Messages that no server has given us, stored as if one had: sent mail, drafts, imported files. Database room."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from mailsync.message.parse import parse_message
from mailsync.models import Message
from mailsync.store.bodies import record_raw
from mailsync.store.intake import new_message, thread_facts
from mailsync.store.mail_sums import note_mail
from mailsync.store.summary import refresh
from mailsync.store.threads import assign_threads, delete_empty_threads, refresh_threads
from mailsync.types import FetchedHeader, FetchedMessage


def store_own_message(account_id: int, raw: bytes, received_at: datetime) -> Message:
    """The message of these bytes, in its conversation, without a placement. Inside a transaction.

    When a server gives the same message back, the pull knows it by Message-ID and header and places it.
    """
    return store_own_messages(account_id, [(raw, received_at)])[0]


def store_own_messages(account_id: int, came: Sequence[tuple[bytes, datetime]]) -> list[Message]:
    """As above, for many, each with when it came, at the cost of few statements; equal bytes are one message."""
    raws = [raw for raw, _ in came]
    letters = [(_fetched_header(raw, at), raw, parse_message(raw)) for raw, at in dict(came).items()]
    assigned = assign_threads(account_id, [thread_facts(header, parsed.header) for header, _, parsed in letters])
    messages = [
        new_message(account_id, header, parsed.header, thread)
        for (header, _, parsed), thread in zip(letters, assigned.threads, strict=True)
    ]
    Message.objects.bulk_create(messages)
    note_mail(account_id, messages=len(messages))
    record_raw(
        account_id,
        [
            (message, FetchedMessage(uid=0, raw=raw, internal_date=message.received_at, flags=None), parsed)
            for message, (_, raw, parsed) in zip(messages, letters, strict=True)
        ],
    )
    refresh(assigned.pairs)
    refresh_threads({*(message.thread_id for message in messages), *(thread for _, thread in assigned.pairs)})
    delete_empty_threads(assigned.merged)
    # The account may have had one of them already: then that one stands.
    hashes = {raw: hashlib.sha256(raw).digest() for raw in raws}
    standing = Message.objects.filter(account=account_id, raw__sha256__in=[*hashes.values()])
    ids = {bytes(digest): pk for digest, pk in standing.values_list("raw__sha256", "pk")}
    ours = {message.pk: message for message in messages}
    stood = Message.objects.in_bulk([pk for pk in ids.values() if pk not in ours])
    return [(ours | stood)[ids[hashes[raw]]] for raw in raws]


def _fetched_header(raw: bytes, received_at: datetime) -> FetchedHeader:
    return FetchedHeader(uid=0, size_bytes=len(raw), internal_date=received_at, header=_header_of(raw), flags=None)


def _header_of(raw: bytes) -> bytes:
    """The header with the empty line that ends it, as BODY[HEADER] gives it (RFC 9051 §6.4.5)."""
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[: end + 4]
