"""All the engine knows of a mail server: two Protocols, with typed facts in and out.

An implementation raises only the classes of ``mailsync.errors``. After ``TryNow``, ``TryLater`` or
``NeedsUser`` the connection is spent; after ``Rejected`` and ``Poison`` it goes on.
Iterators may be lazy: consume them before the next call on the same connection.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from mailsync.types import (
    CopyResult,
    FetchedHeader,
    FetchedMessage,
    FetchedPiece,
    Flags,
    FlagUpdate,
    FolderCursor,
    FolderStatus,
    RemoteFolder,
    SearchKey,
    SelectedFolder,
    SubmissionReply,
)


class MailSource(Protocol):
    """A logged-in connection to a store with folders and UIDs (IMAP4rev1, rev2)."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server can do after login, in upper case."""
        ...

    @property
    def transcript(self) -> Sequence[str]:
        """What the peer said and we said, redacted, newest last; for parked items."""
        ...

    def list_folders(self, *, with_status: bool = True) -> list[RemoteFolder]:
        """Every folder, with STATUS where the server gives it cheaply (RFC 5819)."""
        ...

    def status(self, folder: RemoteFolder) -> FolderStatus: ...

    def select(
        self, folder: RemoteFolder, *, cursor: FolderCursor | None = None, read_only: bool = True
    ) -> SelectedFolder:
        """SELECT or EXAMINE; with a cursor and QRESYNC the answer holds what changed since."""
        ...

    def search_uids(self, *, low: int = 1, high: int | None = None) -> list[int]:
        """The UIDs that exist in [low, high] of the selected folder, ascending."""
        ...

    def search(self, keys: Sequence[SearchKey]) -> list[int]:
        """The UIDs in the selected folder that meet all of these, ascending.

        Raises ``Rejected`` with code ``BADCHARSET`` where the server knows no letters beyond ASCII.
        """
        ...

    def fetch_flags(self, uids: Sequence[int] | None = None, *, changed_since: int | None = None) -> list[FlagUpdate]:
        """Flags of ``uids`` (None: all); with ``changed_since`` only what has a higher MODSEQ (RFC 7162)."""
        ...

    def fetch_headers(self, uids: Sequence[int]) -> Iterator[FetchedHeader]:
        """Headers, flags, dates and sizes; UIDs the server does not give are simply absent."""
        ...

    def fetch_messages(self, uids: Sequence[int], *, sizes: dict[int, int] | None = None) -> Iterator[FetchedMessage]:
        """Whole messages, in batches by bytes. Raises ``Poison`` when the server refuses the batch."""
        ...

    def fetch_piece(self, uid: int, at: int, length: int, *, size_bytes: int) -> FetchedPiece | None:
        """``length`` bytes of one message from offset ``at``; None where the server does not give it.

        ``size_bytes`` is what the server says of the whole. Raises ``Poison`` when that is more than we take.
        """
        ...

    def store_flags(self, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """UID STORE ±FLAGS.SILENT, in the fewest commands."""
        ...

    def move(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        """UID MOVE (RFC 6851). Raises ``Rejected`` with code ``CANNOT`` where the server has no MOVE."""
        ...

    def copy(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult: ...

    def expunge(self, uids: Sequence[int]) -> bool:
        """UID EXPUNGE of exactly these (RFC 4315). False without UIDPLUS: nothing was expunged.

        Never plain EXPUNGE: it would destroy what another client marked.
        """
        ...

    def append(self, folder: RemoteFolder, raw: bytes, *, flags: Flags, internal_date: float | None) -> CopyResult: ...

    def find_message_id(self, message_id: str, *, above_uid: int = 0) -> list[int]:
        """UIDs in the selected folder whose Message-ID is exactly this one."""
        ...

    def create_folder(self, path: str) -> None: ...

    def rename_folder(self, folder: RemoteFolder, new_path: str) -> None: ...

    def delete_folder(self, folder: RemoteFolder) -> None: ...

    def subscribe(self, folder: RemoteFolder, subscribed: bool) -> None: ...

    def noop(self) -> None: ...

    def close(self) -> None:
        """LOGOUT where the connection still answers; never raises."""
        ...


class MaildropSource(Protocol):
    """A logged-in POP3 session (RFC 1939). Leaving it without ``quit`` undoes every ``dele``."""

    capabilities: frozenset[str]
    transcript: Sequence[str]

    def stat(self) -> tuple[int, int]:
        """How many messages, and their bytes all together (advisory)."""
        ...

    def uidl(self) -> dict[int, str] | None:
        """Number → unique id, blank and double ones included; None where the server has no UIDL."""
        ...

    def list(self) -> dict[int, int]:
        """Number → size in bytes (advisory)."""
        ...

    def top(self, number: int, lines: int = 0) -> bytes: ...

    def retr(self, number: int) -> bytes:
        """The whole message. Raises ``TryNow`` when the stream ended early: nothing is returned then."""
        ...

    def dele(self, number: int) -> None: ...

    def quit(self) -> None:
        """The deletions happen. Raises when the server did not confirm them: then nobody knows."""
        ...

    def drop(self) -> None:
        """Close without QUIT: no deletion happens; never raises."""
        ...


class MailSender(Protocol):
    """A logged-in connection to a submission server, driven step by step."""

    size_limit_bytes: int | None
    supports_smtputf8: bool
    supports_8bitmime: bool
    supports_dsn: bool

    def submit(
        self,
        *,
        mail_from: str,
        recipients: Sequence[str],
        raw: bytes,
        before_data: Callable[[], None],
        before_dot: Callable[[Sequence[str]], None],
        envelope_id: str = "",
    ) -> SubmissionReply:
        """One transaction. The two callbacks commit ``data_started`` and ``dot_sent`` (RFC 5321 §4.1.1.4).

        ``before_data`` is called before DATA leaves: with PIPELINING (RFC 2920) that is before MAIL.

        Raises ``TryLater`` if the connection broke before the dot; once ``before_dot`` has returned,
        a lost reply raises ``UncertainDelivery``. When every RCPT is refused no data is sent.
        ``envelope_id``: where the server offers DSN (RFC 3461), bounces and delays are asked for under this name.
        """
        ...

    def close(self) -> None: ...


class UncertainDelivery(Exception):
    """The final dot left and no reply came: the message may or may not have been accepted."""
