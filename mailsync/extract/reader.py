"""Reads messages in a process of its own, beside the one that fetches and stores them.

One interpreter uses one processor, however many threads it has; what reading costs here, it would cost the fetching
and the storing there. Whatever happens to the child, the batch is read: by us, then.
"""

import gc
import logging
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from mailsync.extract.process import ChildGoneError, ChildProcess
from mailsync.extract.reading import read_header, read_message
from mailsync.extract.wire import read_frame, write_frame

log = logging.getLogger(__name__)

Read = Callable[[bytes], Any]
K = TypeVar("K")

_READS: dict[bytes, Read] = {b"header": read_header, b"message": read_message}
_START = "from mailsync.extract.reader import serve; serve()"


class Reader:
    """The parent's end; not for several threads at a time. The child lives until ``close``."""

    def __init__(self) -> None:
        self._child = ChildProcess(_START)

    def read_headers(self, batches: Iterable[tuple[K, Sequence[bytes]]]) -> Iterator[tuple[K, list[Any]]]:
        """As ``read_messages``, with ``read_header``."""
        return self._through(b"header", batches)

    def read_messages(self, batches: Iterable[tuple[K, Sequence[bytes]]]) -> Iterator[tuple[K, list[Any]]]:
        """Each batch with what ``read_message`` makes of its bytes, in order.

        While one is being read, the next is taken from ``batches``: it is fetched meanwhile. What that raises is raised
        when all that came before has been given.
        """
        return self._through(b"message", batches)

    def close(self) -> None:
        self._child.stop()

    def _through(self, kind: bytes, batches: Iterable[tuple[K, Sequence[bytes]]]) -> Iterator[tuple[K, list[Any]]]:
        before: tuple[K, Sequence[bytes]] | None = None
        is_asked = False
        broken: Exception | None = None
        source = iter(batches)
        while True:
            try:
                batch = next(source, None)
            except Exception as error:  # raised below: what had come before is not lost with it
                batch, broken = None, error
            # The answer first: a child that cannot get rid of it would not hear the next request.
            read = self._answer(kind, before[1], is_asked) if before is not None else []
            is_asked = batch is not None and self._ask(kind, batch[1])
            if before is not None:
                yield before[0], read
            if batch is None:
                break
            before = batch
        if broken is not None:
            raise broken

    def _ask(self, kind: bytes, raws: Sequence[bytes]) -> bool:
        if not raws:
            return False
        try:
            self._child.send(pickle.dumps((kind, [len(raw) for raw in raws])), *raws)
        except ChildGoneError:
            _warn(raws)
            return False
        return True

    def _answer(self, kind: bytes, raws: Sequence[bytes], is_asked: bool) -> list[Any]:
        if is_asked:
            try:
                # What is unpickled was pickled by our own code over there.
                return list(pickle.loads(self._child.receive()[1]))  # noqa: S301
            except ChildGoneError:
                _warn(raws)
        return [_READS[kind](raw) for raw in raws]


def _warn(raws: Sequence[bytes]) -> None:
    log.warning("The process that reads messages is gone; %d messages are read without it.", len(raws))


def serve() -> None:
    """The child's end: answers until its input ends."""
    # Thousands of parts and words at a time, and none of them in circles.
    gc.freeze()
    gc.disable()
    while True:
        try:
            head, body = read_frame(sys.stdin.buffer)
        except EOFError:
            return
        kind, sizes = pickle.loads(head)  # noqa: S301
        answer = [_READS[kind](raw) for raw in _cut(body, sizes)]
        write_frame(sys.stdout.buffer, b"", pickle.dumps(answer))


def _cut(body: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield body[at : at + size]
        at += size
