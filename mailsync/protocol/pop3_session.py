"""A POP3 connection up to the login: settings flow in, a logged-in connection and its capabilities flow out.

Network room. poplib on a socket that ``egress`` opened, with whole and bounded lines; STLS, SASL or
USER and PASS, and what each refusal means for the caller.
"""

import contextlib
import poplib
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from mailsync.errors import InUse, MailError, NeedsUser, Rejected, TryLater, TryNow
from mailsync.protocol import auth, egress, tls
from mailsync.protocol.transcript import Transcript
from mailsync.types import Security, ServerSettings

MAX_LINE_BYTES = 1024 * 1024
# RFC 2449 §8, RFC 3206: extended response codes.
_CODE = re.compile(r"^-ERR \[([A-Z/-]+)\]", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+) *(second|minute)", re.IGNORECASE)
#: More than any mechanism of ours has.
_MOST_CHALLENGES = 5
_IN_USE_WORDS = ("in use", "is locked", "lock busy", "already locked", "another pop3 session", "unable to lock")


class _TooLong(poplib.error_proto):
    """A line, a message or a list beyond the bounds."""


class Connection(poplib.POP3):
    """poplib on a socket that is already open: whole lines, bounded, with a redacted transcript."""

    def __init__(self, sock: socket.socket, host: str, transcript: Transcript) -> None:
        self._given = sock
        self.transcript = transcript
        try:
            super().__init__(host, timeout=sock.gettimeout() or 60.0)
        except BaseException:
            shut(self)
            raise

    def _create_socket(self, timeout: float) -> socket.socket:
        return self._given

    def _putline(self, line: bytes) -> None:
        self.transcript.sent(line)
        self.sock.sendall(line + b"\r\n")

    def _getline(self) -> tuple[bytes, int]:
        """One line without its end. Raises ``EOFError`` when it does not end."""
        line = self.file.readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            raise _TooLong("the server sent a line without end")
        if not line.endswith(b"\n"):
            raise EOFError("the server closed the connection")
        return (line[:-2] if line.endswith(b"\r\n") else line[:-1]), len(line)

    def _getresp(self) -> bytes:
        line, _ = self._getline()
        self.transcript.received(line)
        if not line.startswith(b"+"):
            raise poplib.error_proto(line)
        return line

    def send_secret(self, line: bytes) -> bytes:
        """A line of a login, and the answer to it."""
        self.transcript.sent_secret()
        self.sock.sendall(line + b"\r\n")
        return self._getresp()

    def command(self, line: bytes) -> bytes:
        """One line and its one-line answer."""
        self._putline(line)
        return self._getresp()

    def replace_socket(self, sock: ssl.SSLSocket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    @property
    def has_unread(self) -> bool:
        """Whether bytes wait that belong to no answer yet."""
        timeout = self.sock.gettimeout()
        self.sock.settimeout(0.0)
        try:
            return bool(self.file.peek(1))  # type: ignore[attr-defined]
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            self.sock.settimeout(timeout)

    def multiline(self, line: bytes, limit_bytes: int) -> bytes:
        """A multi-line answer, dots undone (RFC 1939 §3), line ends as they came, up to the lone dot.

        Raises ``EOFError`` when the stream ends before it: what has come is then worth nothing.
        """
        self.command(line)
        data = bytearray()
        while True:
            piece = self.file.readline(MAX_LINE_BYTES)
            if piece in (b".\r\n", b".\n") and (not data or data.endswith(b"\n")):
                return bytes(data)
            if not piece:
                raise EOFError("the server closed the connection in the middle of a message")
            starts_line = not data or data.endswith(b"\n")
            data += piece[1:] if starts_line and piece.startswith(b"..") else piece
            if len(data) > limit_bytes:
                raise _TooLong("the answer is larger than Heron takes")


def open_connection(settings: ServerSettings) -> tuple[Connection, frozenset[str]]:
    """Greeting, CAPA, STLS where asked, login, CAPA again. Raises ``NeedsUser``, ``TryLater`` or ``TryNow``."""
    auth.check_login(settings)
    connection, capabilities = open_secured(settings)
    try:
        _log_in(settings, connection, capabilities)
        return connection, fetch_capabilities(settings, connection) or capabilities
    except BaseException:
        shut(connection)
        raise


def open_secured(settings: ServerSettings) -> tuple[Connection, frozenset[str]]:
    """Just before the login: under TLS that was checked, where TLS is wanted. Raises as ``open_connection``."""
    security = tls.effective_security(settings)
    host = egress.ascii_host(settings.host)
    sock = egress.open_socket(
        host, settings.port, settings.timeout_seconds, settings.allow_private, kind=egress.Kind.MAIL
    )
    if security is Security.TLS:
        sock = tls.wrap(sock, settings, host)
    connection = _greet(settings, sock, host)
    try:
        capabilities = fetch_capabilities(settings, connection)
        if security is Security.STARTTLS:
            _begin_tls(settings, connection, host, capabilities)
            capabilities = fetch_capabilities(settings, connection)
        return connection, capabilities
    except BaseException:
        shut(connection)
        raise


def _greet(settings: ServerSettings, sock: socket.socket, host: str) -> Connection:
    where = f"{settings.host}:{settings.port}"
    try:
        return Connection(sock, host, Transcript())
    except TimeoutError as error:
        sock.close()
        raise NeedsUser(
            f"{where} took the connection but said nothing within {settings.timeout_seconds:.0f} seconds. "
            "Check the port and whether it wants TLS or STARTTLS.",
            code="timeout",
            detail=str(error),
        ) from error
    except poplib.error_proto as error:
        sock.close()
        line = _line(error)
        if line.startswith("-ERR"):
            raise _refused(settings, line) from error
        raise NeedsUser(
            f"{where} does not speak POP3. Check the port: secure POP3 is usually at 995.",
            code="protocol",
            detail=line,
        ) from error
    except (EOFError, OSError) as error:
        sock.close()
        raise TryLater(f"{where} closed the connection at once.", detail=str(error)) from error


def fetch_capabilities(settings: ServerSettings, connection: Connection) -> frozenset[str]:
    """CAPA (RFC 2449); empty where the server has none."""
    try:
        with failures(settings, connection):
            lines = connection.multiline(b"CAPA", 65536).splitlines()
    except Rejected:
        return frozenset()
    return frozenset(line.decode("ascii", "replace").upper().strip() for line in lines)


def _begin_tls(settings: ServerSettings, connection: Connection, host: str, capabilities: frozenset[str]) -> None:
    """STLS (RFC 2595 §4), never optional. A server without CAPA is simply asked."""
    if capabilities and "STLS" not in capabilities:
        raise tls.starttls_missing(settings)
    try:
        with failures(settings, connection):
            connection.command(b"STLS")
    except Rejected as error:
        raise tls.starttls_missing(settings) from error
    if connection.has_unread:
        raise tls.plaintext_injected(settings)
    connection.file.close()
    connection.replace_socket(tls.wrap(connection.sock, settings, host))


def _log_in(settings: ServerSettings, connection: Connection, capabilities: frozenset[str]) -> None:
    """SASL or USER and PASS. Raises ``NeedsUser`` with the cause, or ``TryLater``."""
    offered = frozenset(
        word for line in capabilities if line.startswith("SASL ") for word in line.removeprefix("SASL ").split()
    )
    mechanism = auth.choose_mechanism(offered, settings.secret)
    if settings.secret.kind == "oauth2" and not mechanism:
        raise NeedsUser(
            f"{settings.host} does not offer sign-in by OAuth for POP3. Use an app password, or IMAP.",
            code="protocol",
        )
    where = f"{settings.host}:{settings.port}"
    try:
        if settings.secret.kind == "oauth2" or (mechanism and "USER" not in capabilities):
            _authenticate(settings, connection, mechanism)
        elif offered and "USER" not in capabilities:
            raise auth.no_way_in(settings, offered)
        else:
            connection.command(b"USER " + settings.username.encode())
            connection.send_secret(b"PASS " + settings.secret.value.encode())
    except poplib.error_proto as error:
        if isinstance(error, _TooLong):
            raise TryLater(f"{where} does not keep to the protocol.", detail=str(error)) from error
        raise _refused_login(settings, _line(error)) from error
    except TimeoutError as error:
        raise TryLater(f"{where} did not answer the login in time.", detail=str(error)) from error
    except (EOFError, OSError) as error:
        raise TryLater(f"{where} broke off the connection during the login.", detail=str(error)) from error


def _authenticate(settings: ServerSettings, connection: Connection, mechanism: str) -> None:
    """AUTH in the two-step form (RFC 5034 §4), which Microsoft wants for XOAUTH2."""
    exchange = auth.Exchange(mechanism, settings)
    answer = connection.command(b"AUTH " + mechanism.encode())
    try:
        for _ in range(_MOST_CHALLENGES):
            if answer.startswith(b"+OK"):
                return
            answer = connection.send_secret(exchange.answer(answer[1:].strip()))
    except poplib.error_proto as error:
        if isinstance(error, _TooLong):
            raise
        raise poplib.error_proto(f"{_line(error)} {exchange.cause}".strip()) from error
    raise EOFError("the server goes on asking")


def _refused_login(settings: ServerSettings, line: str) -> MailError:
    error = _refused(settings, line)
    if isinstance(error, TryLater) or (isinstance(error, NeedsUser) and _code(line) == "SYS/PERM"):
        return error
    return auth.refused_login(settings, line)


def _refused(settings: ServerSettings, line: str) -> MailError:
    """What ``-ERR`` means (RFC 2449 §8.1.1, RFC 3206)."""
    code = _code(line)
    if code == "IN-USE" or (not code and any(word in line.lower() for word in _IN_USE_WORDS)):
        return InUse(
            f"Another program is collecting from this mailbox at {settings.host}.", after_seconds=60, detail=line
        )
    if code == "LOGIN-DELAY":
        found = _SECONDS.search(line)
        seconds = int(found[1]) * (60 if found[2].lower() == "minute" else 1) if found else None
        return TryLater(f"{settings.host} asks for more time between logins.", after_seconds=seconds, detail=line)
    if code == "SYS/TEMP":
        return TryLater(f"{settings.host} cannot serve the mailbox just now.", detail=line)
    if code == "SYS/PERM":
        return NeedsUser(
            f"{settings.host} has a lasting problem with this mailbox: {line}. Ask the provider.",
            code="protocol",
            detail=line,
        )
    if code == "AUTH":
        return auth.refused_login(settings, line)
    return Rejected(f"The mail server refused: {line}", code=code or "ERR", line=line)


def _code(line: str) -> str:
    found = _CODE.match(line)
    return found[1].upper() if found else ""


def _line(error: BaseException) -> str:
    said: Any = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


@contextlib.contextmanager
def failures(settings: ServerSettings, connection: Connection) -> Iterator[None]:
    """Turn what poplib and the socket raise into errors the caller can act on; a spoilt stream is closed."""
    try:
        yield
    except MailError:
        raise
    except _TooLong as error:
        shut(connection)
        raise Rejected(f"{settings.host} sent more than Heron takes.", code="TOOBIG", line=str(error)) from error
    except poplib.error_proto as error:
        line = _line(error)
        if line.startswith("-ERR"):
            raise _refused(settings, line) from error
        shut(connection)
        raise TryNow("The mail server's answer could not be read.", detail=line[:200]) from error
    except TimeoutError as error:
        shut(connection)
        raise TryLater(
            f"{settings.host} did not answer within {settings.timeout_seconds:.0f} seconds.", detail=str(error)
        ) from error
    except (ValueError, IndexError) as error:
        shut(connection)
        raise TryNow("The mail server's answer could not be read.", detail=str(error)) from error
    except (EOFError, OSError) as error:
        shut(connection)
        raise TryNow("The connection to the mail server broke.", detail=str(error)) from error


def shut(connection: Connection) -> None:
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
    for thing in (getattr(connection, "file", None), getattr(connection, "sock", None)):
        with contextlib.suppress(OSError):
            if thing is not None:
                thing.close()
