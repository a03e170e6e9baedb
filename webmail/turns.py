"""Few requests are answered at once, and the others wait their turn: each is done sooner than if all were begun.

One interpreter runs one thread at a time. Sixty-four threads that all have something to do hand it to and fro, which
costs a quarter of the processor time of each answer; two keep it busy, one working while the other waits for the
database. What takes longer waits for somebody else (a picture's server, a large search) and gives its turn away.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar


class _Turn:
    """One of the turns, given back once."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._loop = asyncio.get_running_loop()
        self._is_held = True

    def end(self) -> None:
        if self._is_held:
            self._is_held = False
            self._free.release()

    def end_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self.end)


_taken: ContextVar[_Turn | None] = ContextVar("turn", default=None)


class Turns:
    """``count`` turns, which lapse ``seconds`` after they were taken; who comes first takes the next one."""

    def __init__(self, count: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._seconds = seconds

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Waits for a turn; afterwards, or once it has lapsed, it is the next one's."""
        await self._free.acquire()
        turn = _Turn(self._free)
        lapsing = asyncio.get_running_loop().call_later(self._seconds, turn.end)
        before = _taken.set(turn)
        try:
            yield
        finally:
            _taken.reset(before)
            lapsing.cancel()
            turn.end()


def end_turn() -> None:
    """Called by the thread of a request that is about to wait for somebody else: the next request may begin."""
    turn = _taken.get()
    if turn is not None:
        turn.end_from_thread()
