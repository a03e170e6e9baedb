"""Hold an IDLE connection to each inbox and say when one has news. The meeting room; one process for all.

A single ``selectors`` loop waits on every connection; whatever may block (connecting, renewing an
IDLE) happens in a small pool of threads, so one slow server delays nobody. Nothing is fetched here: on
news the folder is made due and its pull enqueued. IDLE is a hint; where it fails, polling goes on.
"""

import logging
import queue
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from django.db import Error as DatabaseError
from django.db import close_old_connections

from accounts.models import MailAccount
from mailsync.engine import connect
from mailsync.engine.session import remote_of
from mailsync.errors import MailError, NeedsUser, Rejected
from mailsync.models import Folder
from mailsync.protocol.imap import IdleEvent, ImapSource
from mailsync.store import schedule, watching
from mailsync.types import SelectedFolder

logger = logging.getLogger(__name__)

#: AOL drops IDLE at 300 s; others allow the 29 minutes of RFC 2177.
RENEW_SECONDS = (240.0, 285.0)
LOOK_SECONDS = 5.0
STAMP_SECONDS = 60.0
_FIRST_WAIT, _LONGEST_WAIT = 15.0, 600.0
#: A server without IDLE, or a login that is refused, is asked again after this.
_NO_IDLE_WAIT = 3600.0
#: Should the hint to the worker get lost, the dispatcher finds the folder due after this.
_FALLBACK_SECONDS = 20.0
_NEWS = frozenset({"EXISTS", "EXPUNGE", "VANISHED", "FETCH", "RECENT"})
_THREADS = 8


class Dial(Protocol):
    """Gives a function that logs in, and reads no database when called."""

    def __call__(self, account: MailAccount) -> Callable[[], ImapSource]: ...


@dataclass(slots=True)
class Line:
    """One watched inbox. ``source`` is None while it is not connected; ``busy`` while a thread has it."""

    watched: watching.Watched
    source: ImapSource | None = None
    busy: bool = False
    dropped: bool = False
    due: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Watcher:
    """``news`` is called with a folder's id, once for each time that it becomes due."""

    news: Callable[[int], object]
    limit: int = 2000
    dial: Dial = connect.source_opener
    renew_seconds: tuple[float, float] = RENEW_SECONDS
    look_seconds: float = LOOK_SECONDS
    #: Touched with each look, so that a health check can tell a loop that goes round from one that hangs.
    alive: Path | None = None
    lines: dict[int, Line] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _results: "queue.SimpleQueue[tuple[Line, ImapSource | None, bool, MailError | None]]" = field(
        default_factory=queue.SimpleQueue
    )

    def run(self, stop: threading.Event) -> None:
        """Watch until ``stop`` is set, then close every connection."""
        wake_read, self_wake = socket.socketpair()
        wake_read.setblocking(False)
        self._selector.register(wake_read, selectors.EVENT_READ, None)
        look_at = stamp_at = 0.0
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="watch") as pool:
            try:
                while not stop.is_set():
                    now = time.monotonic()
                    if now >= look_at:
                        look_at = now + self.look_seconds
                        self._guard(self._look)
                        if self.alive is not None:
                            self.alive.touch()
                    if now >= stamp_at:
                        stamp_at = now + STAMP_SECONDS
                        self._guard(self._stamp)
                    self._start_due(pool, self_wake, now)
                    self._wait(wake_read)
                    self._take_results()
            finally:
                pool.shutdown(cancel_futures=True)
                self._take_results()
                for line in self.lines.values():
                    self._disconnect(line)
                self._selector.close()
                wake_read.close()
                self_wake.close()

    # The rows: what is to be watched. -----------------------------------------------------------

    def _guard(self, work: Callable[[], None]) -> None:
        """A database that is away for a moment ends no connection."""
        try:
            close_old_connections()
            work()
        except DatabaseError as error:
            logger.warning("The watcher could not reach the database: %s", error)

    def _look(self) -> None:
        wanted = {watched.account_id: watched for watched in watching.load_watched(limit=self.limit)}
        for account_id, line in list(self.lines.items()):
            if wanted.get(account_id) != line.watched:
                line.dropped = True
                del self.lines[account_id]
                if not line.busy:
                    self._disconnect(line)
        for account_id, watched in wanted.items():
            self.lines.setdefault(account_id, Line(watched))

    def _stamp(self) -> None:
        watching.stamp_watched([number for number, line in self.lines.items() if line.source is not None])

    # The connections. ---------------------------------------------------------------------------

    def _start_due(self, pool: ThreadPoolExecutor, wake: socket.socket, now: float) -> None:
        """Connect what is not connected, renew what has idled long enough; both in the pool."""
        for line in self.lines.values():
            if line.busy or now < line.due:
                continue
            line.busy = True
            try:
                work = self._connecting(line) if line.source is None else self._renewing(line, line.source)
            except (MailError, DatabaseError, MailAccount.DoesNotExist, Folder.DoesNotExist) as error:
                line.busy = False
                self._failed(line, error if isinstance(error, MailError) else None)
                continue
            pool.submit(self._in_thread, line, work, wake)

    def _in_thread(self, line: Line, work: Callable[[], tuple[ImapSource, bool]], wake: socket.socket) -> None:
        try:
            source, news = work()
        except MailError as error:
            self._results.put((line, None, False, error))
        except Exception as error:
            logger.exception("Watching account %s failed", line.watched.account_id)
            self._results.put((line, None, False, MailError(str(error))))
        else:
            self._results.put((line, source, news, None))
        wake.send(b"\0")

    def _connecting(self, line: Line) -> Callable[[], tuple[ImapSource, bool]]:
        account = MailAccount.objects.get(pk=line.watched.account_id)
        folder = Folder.objects.get(pk=line.watched.folder_id)
        open_source, remote = self.dial(account), remote_of(folder)

        def work() -> tuple[ImapSource, bool]:
            source = open_source()
            try:
                selected = source.select(remote)
                source.idle_start()
            except MailError:
                source.close()
                raise
            return source, _has_changed(selected, folder)

        return work

    def _renewing(self, line: Line, source: ImapSource) -> Callable[[], tuple[ImapSource, bool]]:
        self._selector.unregister(source)

        def work() -> tuple[ImapSource, bool]:
            news = _is_news(source.idle_done())
            source.idle_start()
            return source, news

        return work

    def _take_results(self) -> None:
        while not self._results.empty():
            line, source, news, error = self._results.get()
            line.busy = False
            line.source = source
            if error is not None:
                self._failed(line, error)
                continue
            if line.dropped:
                self._disconnect(line, registered=False)
                continue
            assert source is not None
            line.failures = 0
            line.due = time.monotonic() + random.uniform(*self.renew_seconds)  # noqa: S311
            self._selector.register(source, selectors.EVENT_READ, line)
            # What was said together with the "+" may be waiting in a buffer that no selector sees.
            if self._heard(line, source) or news:
                self._tell(line)

    def _failed(self, line: Line, error: MailError | None) -> None:
        line.source = None
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**line.failures)
        if isinstance(error, Rejected | NeedsUser):
            wait = _NO_IDLE_WAIT if isinstance(error, Rejected) else _LONGEST_WAIT
        line.failures += 1
        line.due = time.monotonic() + wait * random.uniform(0.8, 1.2)  # noqa: S311
        logger.info("Account %s is not watched for %.0f s: %s", line.watched.account_id, wait, error)

    # News. --------------------------------------------------------------------------------------

    def _wait(self, wake_read: socket.socket) -> None:
        for key, _ in self._selector.select(timeout=min(1.0, self.look_seconds)):
            line = key.data
            if line is None:
                wake_read.recv(4096)
            elif line.source is not None and self._heard(line, line.source):
                self._tell(line)

    def _heard(self, line: Line, source: ImapSource) -> bool:
        try:
            return _is_news(source.idle_check())
        except MailError as error:
            self._disconnect(line)
            self._failed(line, error)
            # It may have ended in the middle of telling something.
            return True

    def _tell(self, line: Line) -> None:
        def work() -> None:
            if schedule.make_folder_due(line.watched.folder_id, seconds=_FALLBACK_SECONDS):
                self.news(line.watched.folder_id)

        self._guard(work)

    def _disconnect(self, line: Line, *, registered: bool = True) -> None:
        source, line.source = line.source, None
        if source is None:
            return
        if registered:
            self._selector.unregister(source)
        source.close()


def _has_changed(selected: SelectedFolder, folder: Folder) -> bool:
    """Whether something came while nobody watched; without MODSEQ nobody can tell, so it is looked at."""
    if selected.highestmodseq is None or selected.highestmodseq != folder.highestmodseq:
        return True
    is_same = selected.has_uids_of(folder.uidvalidity, folder.mailbox_id)
    return not is_same or (selected.uidnext, selected.exists) != (folder.uidnext_seen, folder.exists_seen)


def _is_news(events: list[IdleEvent]) -> bool:
    return any(event.kind in _NEWS for event in events)
