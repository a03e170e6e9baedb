"""Store what was fetched, surviving what one message does to the tables. The meeting room.

A batch flows in, rows flow out in one transaction. What PostgreSQL refuses (a number out of range, an index
row too large) becomes a hole by itself: the batch is stored message by message, and the folder goes on.
"""

import logging
from collections.abc import Sequence

from django.db import DatabaseError, DataError

from mailsync.announce import announce_folders
from mailsync.engine.fetch import BodyFetch, HeaderFetch
from mailsync.engine.session import Session
from mailsync.message.parse import parse_header, parse_message
from mailsync.models import Folder
from mailsync.store import bodies, intake, leases, muting
from mailsync.types import FetchedHeader, Role

logger = logging.getLogger(__name__)

_REASON = "This message cannot be stored."
#: program_limit_exceeded: an index row, a tsvector.
_LIMIT = "54000"


def record_headers(session: Session, folder: Folder, chunk: HeaderFetch, cursor: intake.CursorMove) -> int:
    """Store a chunk of headers and move the cursor; returns how many are new. Raises ``LeaseLost``."""
    leases.heartbeat(session.lease)
    try:
        return _headers(session, folder, chunk.asked, chunk.got, cursor)
    except (DatabaseError, UnicodeError) as error:
        if not _is_refusal(error):
            raise
    new = sum(_one_header(session, folder, header) for header in chunk.got)
    # The cursor last: it speaks for all of them.
    _headers(session, folder, sorted(set(chunk.asked) - {header.uid for header in chunk.got}), (), cursor)
    return new


def _one_header(session: Session, folder: Folder, header: FetchedHeader) -> int:
    try:
        return _headers(session, folder, [header.uid], [header])
    except (DatabaseError, UnicodeError) as error:
        if not _is_refusal(error):
            raise
        logger.warning("Folder %s, UID %s cannot be stored: %s", folder.pk, header.uid, error)
        return _headers(session, folder, [header.uid], (), reason=_REASON)


def _headers(
    session: Session,
    folder: Folder,
    asked: Sequence[int],
    got: Sequence[FetchedHeader],
    cursor: intake.CursorMove = intake.CursorMove(),  # noqa: B008  frozen
    *,
    reason: str = intake.NOT_GIVEN,
) -> int:
    parsed = [(header, parse_header(header.header)) for header in got]
    chunk = intake.HeaderChunk(folder.pk, folder.epoch, asked, parsed, cursor, reason)
    done = intake.record_headers(session.lease, chunk)
    filed = muting.file_muted(folder) if done.new and folder.role == Role.INBOX else []
    told = {counts.folder_id: counts for counts in (*done.counts, *filed)}
    announce_folders(told.values())
    return done.new


def record_bodies(session: Session, folder: Folder, fetched: BodyFetch) -> tuple[int, ...]:
    """Store a batch of bodies; returns the ids of the messages that have theirs now. Raises ``LeaseLost``."""
    leases.heartbeat(session.lease)
    try:
        return _bodies(session, folder, fetched)
    except (DatabaseError, UnicodeError) as error:
        if not _is_refusal(error):
            raise
        if len(fetched.got) < 2:
            logger.warning("Folder %s, UIDs %s cannot be stored: %s", folder.pk, fetched.asked, error)
            return _bodies(session, folder, BodyFetch(fetched.asked, (), _REASON))
    missing = set(fetched.asked) - {message.uid for message in fetched.got}
    parts = [BodyFetch((message.uid,), (message,)) for message in fetched.got]
    parts.append(BodyFetch(tuple(sorted(missing)), (), fetched.reason))
    return tuple(pk for part in parts for pk in record_bodies(session, folder, part))


def _bodies(session: Session, folder: Folder, fetched: BodyFetch) -> tuple[int, ...]:
    parsed = [(message, parse_message(message.raw)) for message in fetched.got]
    batch = bodies.BodyBatch(folder.pk, folder.epoch, fetched.asked, parsed, fetched.reason)
    done = bodies.record_bodies(session.lease, batch)
    announce_folders(done.counts)
    return done.stored


def _is_refusal(error: Exception) -> bool:
    """Whether it is the data that PostgreSQL cannot keep, rather than PostgreSQL that is in trouble."""
    return isinstance(error, DataError | UnicodeError) or getattr(error.__cause__, "sqlstate", None) == _LIMIT
