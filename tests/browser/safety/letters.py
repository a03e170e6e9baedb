"""Letters delivered as a pull delivers them, many in one conversation: so one page of the product opens all of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailsync.message.parse import parse_header, parse_message
from mailsync.models import Folder, Placement
from mailsync.store import leases
from mailsync.store.bodies import BodyBatch, record_bodies
from mailsync.store.conversation import MOST_MESSAGES
from mailsync.store.intake import HeaderChunk, record_headers
from mailsync.types import FetchedHeader, FetchedMessage, Flags, ProviderFacts

#: Above the UIDs of tests/factories.py and tests/sample_mailbox.py.
_FIRST_UID = 1_000_001
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A conversation; ``ids`` are its messages in the order of the letters. Equal letters are one message."""

    folder_id: int
    thread_id: int
    ids: tuple[int, ...]

    @property
    def path(self) -> str:
        """The page that opens them all, as long as they are unread."""
        return f"/f/{self.folder_id}/t/{self.thread_id}/"


def deliver(folder: Folder, letters: Sequence[bytes]) -> Delivered:
    """Headers, then bodies, each in one transaction. Their server says that they are of one conversation."""
    assert 0 < len(letters) <= MOST_MESSAGES
    last = Placement.objects.filter(folder=folder).order_by("-uid").values_list("uid", flat=True).first() or 0
    first = max(_FIRST_UID, last + 1)
    facts = ProviderFacts(thread_id=uuid.uuid4().hex)
    moments = [_BEGAN + timedelta(seconds=first - _FIRST_UID + number) for number in range(len(letters))]
    uids = range(first, first + len(letters))
    headers = [
        FetchedHeader(uid, len(raw), moment, _header_of(raw), Flags.parse([]), provider=facts)
        for uid, raw, moment in zip(uids, letters, moments, strict=True)
    ]
    whole = [
        (FetchedMessage(uid, raw, moment, Flags.parse([]), provider=facts), parse_message(raw))
        for uid, raw, moment in zip(uids, letters, moments, strict=True)
    ]
    lease = leases.claim(folder.account_id, "pull")
    assert lease is not None
    chunk = HeaderChunk(folder.pk, folder.epoch, uids, [(one, parse_header(one.header)) for one in headers])
    record_headers(lease, chunk)
    record_bodies(lease, BodyBatch(folder.pk, folder.epoch, uids, whole))
    leases.release(lease)
    placed = Placement.objects.filter(folder=folder, uid__in=uids)
    ids = dict(placed.values_list("uid", "message_id"))
    (thread_id,) = set(placed.values_list("thread_id", flat=True))
    return Delivered(folder.pk, thread_id, tuple(ids[uid] for uid in uids))


def _header_of(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
