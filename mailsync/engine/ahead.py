"""Let the network run ahead: an iterator that works in a thread while its consumer parses and stores.

The thread owns the mail connection while it runs and touches no database; the consumer must not use
that connection until the iterator is exhausted or closed.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.2
_WAITING_SECONDS = 20.0


def ahead(
    items: Iterator[T], *, depth: int = 2, waiting: Callable[[], None] = lambda: None
) -> Generator[T, None, None]:
    """Yield ``items`` in order, at most ``depth`` of them waiting; what the iterator raises is raised here.

    ``waiting`` is called now and then while the next item takes its time: a slow server must not cost the lane.

    Closing the generator (or an error in the consumer) stops the thread before the next item and waits for it.
    """
    ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def offer(item: T | None, error: BaseException | None) -> None:
        while not stopped.is_set():
            try:
                ready.put((item, error), timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            break

    def work() -> None:
        try:
            for item in items:
                offer(item, None)
                if stopped.is_set():
                    return
        except BaseException as error:
            offer(None, error)
        else:
            offer(None, StopIteration())

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item, error = ready.get(timeout=_WAITING_SECONDS)
            except queue.Empty:
                waiting()
                continue
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()
