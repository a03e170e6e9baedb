"""Fetching that survives what one message does to it: refused batches are halved down to the guilty UID.

The meeting room, but no database: these run in the thread that works ahead. What the server does not
give is in ``asked`` and not in ``got``, to be noted as a hole, and the rest of the folder goes on.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsync.engine.session import Session
from mailsync.errors import Poison, TryNow, Unavailable
from mailsync.store.bodies import WantedBody
from mailsync.types import FetchedHeader, FetchedMessage, FetchedPiece

#: So many messages in a row that the server says it cannot give just now, and it is the server, not the messages.
_MOST_UNAVAILABLE = 10
#: Bodies stored in one transaction.
BATCH_COUNT, BATCH_BYTES = 50, 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HeaderFetch:
    """``asked`` without ``got`` are those that the server would not or could not give."""

    asked: tuple[int, ...]
    got: tuple[FetchedHeader, ...]


@dataclass(frozen=True, slots=True)
class BodyFetch:
    """A batch of bodies; ``reason`` says why those of ``asked`` that are not in ``got`` did not come."""

    asked: tuple[int, ...]
    got: tuple[FetchedMessage, ...]
    reason: str = "The server did not give the body of this message."


def fetch_headers(session: Session, uids: Sequence[int]) -> HeaderFetch:
    """The headers of one chunk, as many as the server gives."""
    got: list[FetchedHeader] = []
    todo = [list(uids)]
    suspects: set[int] = set()
    in_a_row = 0
    while todo:
        part = todo.pop()
        try:
            got += session.source.fetch_headers(part)
            in_a_row = 0
        except (Poison, TryNow, Unavailable) as error:
            in_a_row = _bear(error, len(part), in_a_row)
            _recover(session, error)
            todo += _halves(part, error, suspects)
    given = {header.uid: header for header in got}
    return HeaderFetch(tuple(uids), tuple(given[uid] for uid in uids if uid in given))


def fetch_bodies(session: Session, wanted: Sequence[WantedBody]) -> Iterator[BodyFetch | FetchedPiece]:
    """Bodies in batches to store, then the large ones piece by piece.

    Each wanted UID is in exactly one batch's ``asked``, or its pieces come in order up to the last.
    """
    left = deque(wanted)
    large: list[WantedBody] = []
    while left:
        group: list[WantedBody] = []
        room = session.pace.group_bytes
        while left and (not group or left[0].size_bytes <= room):
            one = left.popleft()
            if one.have_bytes or one.size_bytes > session.pace.whole_bytes:
                large.append(one)
                continue
            group.append(one)
            room -= one.size_bytes
        yield from _fetch_whole(session, group)
    for one in large:
        yield from _fetch_in_pieces(session, one)


def _fetch_whole(session: Session, wanted: Sequence[WantedBody]) -> Iterator[BodyFetch]:
    sizes = {body.uid: body.size_bytes for body in wanted}
    todo = [[body.uid for body in wanted]] if wanted else []
    suspects: set[int] = set()
    in_a_row = 0
    while todo:
        part = todo.pop()
        left = set(part)
        batch: list[FetchedMessage] = []
        try:
            for message in _timed(session, part, sizes):
                if message.uid not in left:
                    continue
                left.discard(message.uid)
                in_a_row = 0
                batch.append(message)
                if len(batch) >= BATCH_COUNT or sum(len(one.raw) for one in batch) >= BATCH_BYTES:
                    yield _batch(batch)
                    batch = []
        except (Poison, TryNow, Unavailable) as error:
            if batch:
                yield _batch(batch)
            in_a_row = _bear(error, len(part), in_a_row)
            _recover(session, error)
            again = _halves(sorted(left), error, suspects)
            if left and not again:
                yield BodyFetch(tuple(left), (), str(error))
            todo += again
            continue
        if batch:
            yield _batch(batch)
        if left:
            yield BodyFetch(tuple(sorted(left)), ())


def _timed(session: Session, uids: Sequence[int], sizes: dict[int, int]) -> Iterator[FetchedMessage]:
    """The messages as they come; at the end the session's pace is known, without the time our own work took."""
    messages = iter(session.source.fetch_messages(uids, sizes={uid: sizes[uid] for uid in uids}))
    seconds, size_bytes = 0.0, 0
    while True:
        began = time.monotonic()
        message = next(messages, None)
        seconds += time.monotonic() - began
        if message is None:
            break
        size_bytes += len(message.raw)
        yield message
    session.pace.note(size_bytes, seconds)


def _fetch_in_pieces(session: Session, wanted: WantedBody) -> Iterator[BodyFetch | FetchedPiece]:
    """One large message from where it was left; a line that breaks at one place twice makes it a hole."""
    at, broken_at = wanted.have_bytes, -1
    while True:
        began = time.monotonic()
        try:
            piece = session.source.fetch_piece(wanted.uid, at, session.pace.piece_bytes, size_bytes=wanted.size_bytes)
        except (Poison, TryNow, Unavailable) as error:
            _recover(session, error)
            if not isinstance(error, TryNow) or broken_at == at:
                yield BodyFetch((wanted.uid,), (), str(error))
                return
            broken_at = at
            continue
        if piece is None:
            yield BodyFetch((wanted.uid,), ())
            return
        session.pace.note(len(piece.data), time.monotonic() - began)
        at += len(piece.data)
        yield piece
        if piece.is_last:
            return


def _batch(messages: list[FetchedMessage]) -> BodyFetch:
    return BodyFetch(tuple(message.uid for message in messages), tuple(messages))


def _bear(error: Exception, count: int, in_a_row: int) -> int:
    """How many single messages in a row the server could not give just now. Raises the error when they are too many."""
    if not isinstance(error, Unavailable) or count > 1:
        return in_a_row
    if in_a_row + 1 >= _MOST_UNAVAILABLE:
        raise error
    return in_a_row + 1


def _halves(part: list[int], error: Exception, suspects: set[int]) -> list[list[int]]:
    """What to ask for after ``part`` failed: its halves, the lower first; of a single UID nothing.

    A line that merely dropped accuses nobody: a single UID is asked for once more on the new one.
    """
    if len(part) == 1 and isinstance(error, TryNow) and part[0] not in suspects:
        suspects.add(part[0])
        return [part]
    if len(part) < 2:
        return []
    return [part[len(part) // 2 :], part[: len(part) // 2]]


def _recover(session: Session, error: Exception) -> None:
    """After a lost line: a new one. After a refusal the connection goes on, unless the message broke it."""
    if isinstance(error, TryNow):
        session.reconnect()
        return
    try:
        session.source.noop()
    except TryNow:
        session.reconnect()
