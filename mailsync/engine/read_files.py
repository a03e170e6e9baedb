"""Attachments of stored messages → their text in the index, in the background. The meeting room; no network.

The files are read in a limited child process (``mailsync.extract``), outside any transaction; what was read of one
message is committed with it, so a worker that dies loses one message's work.
"""

import logging

from mailsync.errors import LeaseLost
from mailsync.extract.indexed import readable_files
from mailsync.extract.isolate import Extractor
from mailsync.extract.kinds import choose_kind
from mailsync.message.bodies import decode_part, reader
from mailsync.message.parse import parse_message
from mailsync.models import Message
from mailsync.store import leases
from mailsync.store.file_texts import ReadFile, messages_with_unread_files, record_files
from mailsync.store.raw import read_raw

_LANE = "files"
#: Messages in one run; and of one message so many files.
_SLICE, _MOST_FILES = 50, 40
log = logging.getLogger(__name__)


def read_files(account_id: int) -> bool:
    """Read the files of some messages. True where there are more; False when all are read, or another is at it."""
    lease = leases.claim(account_id, _LANE)
    if lease is None:
        return False
    try:
        waiting = messages_with_unread_files(account_id, limit=_SLICE)
        with Extractor() as extractor:
            for message in waiting:
                _read(lease, extractor, message)
    except LeaseLost:
        log.info("account %s: its files are read by another worker", account_id)
        return False
    finally:
        leases.release(lease)
    return len(waiting) == _SLICE


def _read(lease: leases.HeldLease, extractor: Extractor, message: Message) -> None:
    raw = read_raw(message)
    parsed = parse_message(raw)
    files = []
    for part in readable_files(parsed)[:_MOST_FILES]:
        leases.heartbeat(lease)
        kind = choose_kind(part.content_type, part.filename)
        found = extractor.extract(kind, decode_part(part, reader(raw)), part.charset)
        files.append(ReadFile(part.path, part.filename, found.text, found.problem))
    record_files(lease, message, parsed, files)
