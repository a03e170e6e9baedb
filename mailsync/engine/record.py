"""Store what was fetched, surviving what one message does to the tables. The meeting room.

A batch flows in, rows flow out in one transaction. What PostgreSQL refuses (a number out of range, an index
row too large) becomes a hole by itself: the batch is stored message by message, and the folder goes on.
"""

import logging

from django.db import DatabaseError, DataError

from mailsync.engine import rules
from mailsync.engine.fetch import BodyFetch
from mailsync.engine.reading import ReadBodies, ReadHeaders, read_bodies
from mailsync.engine.session import Session
from mailsync.models import Folder
from mailsync.store import bodies, intake, leases, pieces, statistics
from mailsync.types import FetchedMessage, FetchedPiece

logger = logging.getLogger(__name__)

_REASON = "This message cannot be stored."
#: program_limit_exceeded: an index row, a tsvector.
_LIMIT = "54000"


def record_headers(session: Session, folder: Folder, chunk: ReadHeaders, cursor: intake.CursorMove) -> int:
    """Store a chunk of headers and move the cursor; returns how many are new. Raises ``LeaseLost``."""
    leases.heartbeat(session.lease)
    try:
        return _headers(session, folder, chunk, cursor)
    except (DatabaseError, UnicodeError) as error:
        if not _is_refusal(error):
            raise
    new = sum(
        _one_header(session, folder, ReadHeaders((header.uid,), ((header, parsed),), chunk.vectors))
        for header, parsed in chunk.got
    )
    # The cursor last: it speaks for all of them.
    missing = set(chunk.asked) - {header.uid for header, _ in chunk.got}
    _headers(session, folder, ReadHeaders(tuple(sorted(missing)), (), {}), cursor)
    return new


def _one_header(session: Session, folder: Folder, chunk: ReadHeaders) -> int:
    try:
        return _headers(session, folder, chunk)
    except (DatabaseError, UnicodeError) as error:
        if not _is_refusal(error):
            raise
        logger.warning("Folder %s, UID %s cannot be stored: %s", folder.pk, chunk.asked[0], error)
        return _headers(session, folder, ReadHeaders(chunk.asked, (), {}), reason=_REASON)


def _headers(
    session: Session,
    folder: Folder,
    read: ReadHeaders,
    cursor: intake.CursorMove = intake.CursorMove(),  # noqa: B008  frozen
    *,
    reason: str = intake.NOT_GIVEN,
) -> int:
    chunk = intake.HeaderChunk(folder.pk, folder.epoch, read.asked, read.got, cursor, reason, read.vectors)
    statistics.renew_plans(len(read.got))
    done = intake.record_headers(session.lease, chunk)
    statistics.analyze_grown(len(read.got))
    rules.settle(session.account, folder, done.counts, has_new=bool(done.new))
    return done.new


def record_piece(session: Session, folder: Folder, piece: FetchedPiece) -> tuple[int, ...] | None:
    """Keep one piece; with the last one the message is stored, and its id returned.

    None where another lane fetches the same message and is further on. Raises ``LeaseLost``.
    """
    leases.heartbeat(session.lease)
    if not pieces.keep_piece(session.lease, folder.pk, folder.epoch, piece):
        return None
    if not piece.is_last:
        return ()
    message = FetchedMessage(piece.uid, pieces.read_whole(folder, piece.uid), piece.internal_date, flags=None)
    done = record_bodies(session, folder, read_bodies(BodyFetch((piece.uid,), (message,))))
    pieces.forget_pieces(folder, piece.uid)
    return done


def record_bodies(session: Session, folder: Folder, read: ReadBodies) -> tuple[int, ...]:
    """Store a batch of bodies; returns the ids of the messages that have theirs now. Raises ``LeaseLost``."""
    leases.heartbeat(session.lease)
    fetched = read.fetched
    try:
        return _bodies(session, folder, read)
    except (DatabaseError, UnicodeError) as error:
        if not _is_refusal(error):
            raise
        if len(fetched.got) < 2:
            logger.warning("Folder %s, UIDs %s cannot be stored: %s", folder.pk, fetched.asked, error)
            return _bodies(session, folder, ReadBodies(BodyFetch(fetched.asked, (), _REASON), (), {}))
    missing = set(fetched.asked) - {message.uid for message in fetched.got}
    parts = [
        ReadBodies(BodyFetch((message.uid,), (message,)), (one,), read.vectors)
        for message, one in zip(fetched.got, read.parsed, strict=True)
    ]
    parts.append(ReadBodies(BodyFetch(tuple(sorted(missing)), (), fetched.reason), (), {}))
    return tuple(pk for part in parts for pk in record_bodies(session, folder, part))


def _bodies(session: Session, folder: Folder, read: ReadBodies) -> tuple[int, ...]:
    fetched = read.fetched
    got = list(zip(fetched.got, read.parsed, strict=True))
    statistics.renew_plans(len(got))
    done = bodies.record_bodies(
        session.lease, bodies.BodyBatch(folder.pk, folder.epoch, fetched.asked, got, fetched.reason, read.vectors)
    )
    statistics.analyze_grown(len(got))
    rules.settle(session.account, folder, done.counts, has_new=False)
    return done.stored


def _is_refusal(error: Exception) -> bool:
    """Whether it is the data that PostgreSQL cannot keep, rather than PostgreSQL that is in trouble."""
    return isinstance(error, DataError | UnicodeError) or getattr(error.__cause__, "sqlstate", None) == _LIMIT
