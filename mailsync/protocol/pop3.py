"""POP3 (RFC 1939): settings flow in, the maildrop's list and whole messages flow out.

Network room. A clean QUIT is what deletes, and at some providers it also marks all that was
retrieved as collected, so it is a verb of its own: ``drop`` leaves without it, and every DELE of the
session is undone.
"""

from collections.abc import Sequence

from mailsync.errors import Rejected
from mailsync.protocol import tls
from mailsync.protocol.pop3_session import Connection, failures, open_connection, open_secured, shut
from mailsync.types import Certificate, ServerSettings

MAX_MESSAGE_BYTES = 160 * 1024 * 1024
MAX_LISTING_BYTES = 160 * 1024 * 1024
_QUIT_SECONDS = 30.0


class Pop3Source:
    """A logged-in POP3 session. After ``TryNow``, ``TryLater`` or ``NeedsUser`` it is spent.

    Message numbers hold for this session only; what names a message from one session to the next
    is its UIDL.
    """

    def __init__(self, settings: ServerSettings, connection: Connection, capabilities: frozenset[str]) -> None:
        self._settings = settings
        self._connection = connection
        #: CAPA after login, in upper case with arguments: ``UIDL``, ``TOP``, ``EXPIRE NEVER`` … empty without CAPA.
        self.capabilities = capabilities
        self.transcript: Sequence[str] = connection.transcript

    def stat(self) -> tuple[int, int]:
        """The number of messages, and their bytes all together (advisory)."""
        with failures(self._settings, self._connection):
            numbers = self._connection.command(b"STAT").split()[1:3]
            return int(numbers[0]), int(numbers[1])

    def uidl(self) -> dict[int, str] | None:
        """Number → unique id, as the server says it, blank and double ones included. None where it has no UIDL."""
        try:
            with failures(self._settings, self._connection):
                lines = _listing(self._connection, b"UIDL")
        except Rejected:
            return None
        found: dict[int, str] = {}
        for line in lines:
            number, _, uid = line.partition(b" ")
            if number.isdigit():
                found[int(number)] = uid.strip().decode("ascii", "backslashreplace")
        return found

    def list(self) -> dict[int, int]:
        """Number → size in bytes; advisory, servers count line ends as they like."""
        with failures(self._settings, self._connection):
            pairs = (line.split()[:2] for line in _listing(self._connection, b"LIST"))
            return {int(pair[0]): int(pair[1]) for pair in pairs if len(pair) == 2 and all(p.isdigit() for p in pair)}

    def top(self, number: int, lines: int = 0) -> bytes:
        """The header and ``lines`` of the body. Raises ``Rejected`` where there is no TOP."""
        with failures(self._settings, self._connection):
            return self._connection.multiline(b"TOP %d %d" % (number, lines), MAX_MESSAGE_BYTES)

    def retr(self, number: int) -> bytes:
        """The whole message, exactly. ``TryNow`` if the stream ended before its end: nothing is returned then."""
        with failures(self._settings, self._connection):
            return self._connection.multiline(b"RETR %d" % number, MAX_MESSAGE_BYTES)

    def dele(self, number: int) -> None:
        """Mark for deletion; it happens at ``quit``, and only there (RFC 1939 §6)."""
        with failures(self._settings, self._connection):
            self._connection.command(b"DELE %d" % number)

    def noop(self) -> None:
        with failures(self._settings, self._connection):
            self._connection.command(b"NOOP")

    def quit(self) -> None:
        """QUIT: the deletions happen. Raises when the server did not confirm them: then nobody knows."""
        connection = self._connection
        try:
            with failures(self._settings, connection):
                connection.sock.settimeout(_QUIT_SECONDS)
                connection.command(b"QUIT")
        finally:
            self.drop()

    def drop(self) -> None:
        """Close the socket without QUIT: no deletion happens; never raises."""
        shut(self._connection)

    def __enter__(self) -> "Pop3Source":
        return self

    def __exit__(self, *_: object) -> None:
        """Leaving a ``with`` drops: only an explicit ``quit`` deletes."""
        self.drop()


def connect(settings: ServerSettings) -> Pop3Source:
    """A logged-in session. Raises ``NeedsUser`` with the cause in plain words, ``TryLater`` or ``TryNow``."""
    connection, capabilities = open_connection(settings)
    return Pop3Source(settings, connection, capabilities)


def fetch_certificate(settings: ServerSettings) -> Certificate | None:
    """What protects a login, seen without one; None where nothing does. Raises as ``connect``, for a bad one too."""
    connection, _ = open_secured(settings)
    shown = tls.shown_certificate(connection.sock)
    shut(connection)
    return shown


def _listing(connection: Connection, command: bytes) -> list[bytes]:
    return connection.multiline(command, MAX_LISTING_BYTES).splitlines()
