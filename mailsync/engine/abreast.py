"""Let batches be stored side by side: what one does in Python overlaps with what the other asks of PostgreSQL.

The meeting room's threads that touch the database. Each has a connection of its own while the iterator runs, and
commits by itself; results come in the order of the items.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
R = TypeVar("R")


def abreast(
    work: Callable[[T], R], items: Iterable[T], *, width: int, alone: Callable[[T], bool] = lambda item: False
) -> Generator[R, None, None]:
    """Yield ``work(item)`` of each, in order, ``width`` of them at a time; with one, in the thread that asks.

    An item that ``alone`` names is worked on there too, with nothing beside it. What ``work`` raises is raised
    here. Closing the generator (or an error) waits for those that have begun.
    """
    # What a caller's transaction has not committed, no other connection sees.
    if width == 1 or connection.in_atomic_block:
        yield from map(work, items)
        return
    running: deque[Future[R]] = deque()
    with ExitStack() as stack:
        # One thread each, in turn: a new connection for every item would cost PostgreSQL as much as the item.
        threads = deque(stack.enter_context(_thread()) for _ in range(width))
        for item in items:
            if alone(item):
                while running:
                    yield running.popleft().result()
                yield work(item)
                continue
            running.append(threads[0].submit(work, item))
            threads.rotate(-1)
            if len(running) == width:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


@contextmanager
def _thread() -> Generator[ThreadPoolExecutor, None, None]:
    with ThreadPoolExecutor(1, thread_name_prefix="abreast") as thread:
        try:
            yield thread
        finally:
            # Asked for in that thread, where ``connection`` is its own.
            thread.submit(lambda: connection.close()).result()  # noqa: PLW0108
