"""One worker's hold on one lane of an account: the lease, the connection, the time it may take.

The meeting room. A session is opened by a task, gives its lane back at the end, and reconnects by
itself a few times when the server drops the line in the middle.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from accounts.models import MailAccount
from mailsync.engine import connect
from mailsync.engine.pace import Pace
from mailsync.errors import TryLater, TryNow
from mailsync.extract.reader import Reader
from mailsync.models import Folder
from mailsync.protocol.contract import MailSource
from mailsync.store import leases, throttle
from mailsync.types import FolderCursor, RemoteFolder, Role, SelectedFolder

logger = logging.getLogger(__name__)

#: A task works no longer than this and is then enqueued again; Celery's own limit is 300 s.
SLICE_SECONDS = 200.0
#: Enough to halve a chunk of a thousand down to the one message that breaks the line, and ask for it twice.
_MOST_RECONNECTS = 14


class Outcome(StrEnum):
    """How a slice ended: in step; more to do at once; another worker is at it; failed (the due time is set)."""

    DONE = "done"
    MORE = "more"
    BUSY = "busy"
    FAILED = "failed"
    IDLE = "idle"


Connect = Callable[[MailAccount], Callable[[], MailSource]]


def dial(account: MailAccount) -> Callable[[], MailSource]:
    """A function that logs in; it reads no database, so it may be called from the thread that fetches."""
    return connect.source_opener(account, fetches=True)


@dataclass(slots=True)
class Session:
    """``source`` is replaced by ``reconnect``, so always reach it through the session."""

    account: MailAccount
    lease: leases.HeldLease
    open: Callable[[], MailSource]
    source: MailSource
    until: float
    reconnects: int = 0
    selected: RemoteFolder | None = field(default=None)
    answer: SelectedFolder | None = field(default=None)
    pace: Pace = field(default_factory=Pace)
    #: Its process is started when it is first asked.
    reader: Reader = field(default_factory=Reader)

    @property
    def is_over(self) -> bool:
        """The slice is used up: finish the chunk at hand and come back later."""
        return time.monotonic() >= self.until

    def hold_on(self) -> None:
        """Keep the lane for another while. Raises ``LeaseLost``."""
        leases.heartbeat(self.lease)

    def select(self, remote: RemoteFolder, *, cursor: FolderCursor | None = None) -> SelectedFolder:
        self.selected = remote
        self.answer = self.source.select(remote, cursor=cursor)
        return self.answer

    def reconnect(self) -> None:
        """A fresh connection with the same folder selected.

        Raises ``TryNow`` when it has been tried too often, and ``TryLater`` when the UIDs at hand mean other
        messages by now: the server was restored, or started anew, in the meantime.
        """
        self.reconnects += 1
        if self.reconnects > _MOST_RECONNECTS:
            raise TryNow("The mail server keeps closing the connection.")
        self.source.close()
        self.source = self.open()
        if self.selected is None or self.answer is None:
            return
        if not self.source.select(self.selected).has_uids_of(self.answer.uidvalidity, self.answer.mailbox_id):
            raise TryLater(f"The server has renumbered {self.selected.path}; it is read anew.", after_seconds=1)


@contextmanager
def open_session(
    account: MailAccount, lane: str, *, connect: Connect = dial, seconds: float = SLICE_SECONDS
) -> Iterator[Session | None]:
    """Claim the lane, then connect. None while another worker holds the lane, or the mailbox has all connections
    that it may have. Raises as ``open_source`` does."""
    with throttle.held_connection(account, lane) as lease:
        if lease is None:
            yield None
            return
        opener = connect(account)
        session = Session(account, lease, opener, opener(), time.monotonic() + seconds)
        try:
            yield session
        finally:
            session.source.close()
            session.reader.close()


def remote_of(folder: Folder) -> RemoteFolder:
    """The folder as the protocol names it."""
    return RemoteFolder(
        path=folder.path,
        path_raw=bytes(folder.path_raw),
        delimiter=folder.delimiter,
        role=Role(folder.role),
        selectable=folder.selectable,
        subscribed=folder.subscribed,
    )
