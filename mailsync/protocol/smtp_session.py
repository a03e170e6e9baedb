"""A submission connection up to the login: settings flow in, a greeted, secured, logged-in connection flows out.

Network room. smtplib on a socket that ``egress`` opened, with bounded replies; EHLO, STARTTLS and
AUTH in the order of RFC 6409 and RFC 4954.
"""

import smtplib
import socket
import ssl
from typing import Any

from mailsync.errors import NeedsUser, TryLater
from mailsync.protocol import auth, egress, tls
from mailsync.protocol.transcript import Transcript
from mailsync.types import Security, ServerSettings

_MAX_REPLY_LINES = 200
_MAX_LINE_BYTES = 8192
#: More than any mechanism of ours has.
_MOST_CHALLENGES = 5
#: A login that is missing, refused, or needs another way (RFC 4954 §6).
LOGIN_CODES = frozenset({530, 534, 535, 538})
#: The server is closing or cannot log anyone in for now.
LATER_CODES = frozenset({421, 454})


class Connection(smtplib.SMTP):
    """smtplib on a socket that is already open, with bounded replies and a redacted transcript."""

    def __init__(self, sock: socket.socket, host: str, transcript: Transcript) -> None:
        self._given = sock
        self.transcript = transcript
        super().__init__(local_hostname="[127.0.0.1]", timeout=sock.gettimeout() or 60.0)
        self._host = host

    def adopt(self) -> tuple[int, bytes]:
        """Read the greeting."""
        self.sock = self._given
        self.file = None
        return self.getreply()

    def send(self, s: Any) -> None:
        """Raises ``SMTPServerDisconnected``; what is sent as bytes is mail or a secret and is not kept."""
        if isinstance(s, str):
            self.transcript.sent(s.encode("utf-8", "replace"))
            s = s.encode("utf-8" if self.command_encoding == "utf-8" else "ascii")
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        try:
            self.sock.sendall(s)
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(f"the connection broke: {error}") from error

    def getreply(self) -> tuple[int, bytes]:
        """One reply, all its lines. Raises ``SMTPServerDisconnected``, also for what is no SMTP."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if self.file is None:
            self.file = self.sock.makefile("rb")
        lines: list[bytes] = []
        while True:
            try:
                line = self.file.readline(_MAX_LINE_BYTES + 1)
            except OSError as error:
                self.close()
                raise smtplib.SMTPServerDisconnected(f"no reply: {error}") from error
            self.transcript.received(line)
            code = line[:3]
            if not line.endswith(b"\n") or not code.isdigit() or len(lines) >= _MAX_REPLY_LINES:
                self.close()
                raise smtplib.SMTPServerDisconnected("the connection ended" if not line else "this is no SMTP reply")
            lines.append(line[4:].strip(b" \t\r\n"))
            if line[3:4] != b"-":
                return int(code), b"\n".join(lines)

    @property
    def has_unread(self) -> bool:
        """Whether bytes wait that belong to no reply yet."""
        if self.file is not None and getattr(self.file, "raw", None) is not None:
            assert self.sock is not None
            timeout = self.sock.gettimeout()
            self.sock.settimeout(0.0)
            try:
                return bool(self.file.peek(1))
            except (BlockingIOError, ssl.SSLWantReadError):
                return False
            finally:
                self.sock.settimeout(timeout)
        return False

    def replace_socket(self, sock: socket.socket) -> None:
        """Go on under TLS and forget what was said in the clear (RFC 3207 §4.2)."""
        if self.file is not None:
            self.file.close()
        self.sock = sock
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


def open_connection(settings: ServerSettings) -> Connection:
    """Connect, EHLO, STARTTLS where asked, AUTH. Raises ``NeedsUser`` with the cause, or ``TryLater``."""
    auth.check_login(settings)
    connection = open_secured(settings)
    try:
        if settings.username:
            _log_in(settings, connection)
    except smtplib.SMTPServerDisconnected as error:
        raise _broken_off(settings, connection, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_secured(settings: ServerSettings) -> Connection:
    """Just before the login: under TLS that was checked, where TLS is wanted. Raises as ``open_connection``."""
    security = tls.effective_security(settings)
    host = egress.ascii_host(settings.host)
    sock = egress.open_socket(
        host, settings.port, settings.timeout_seconds, settings.allow_private, kind=egress.Kind.SENDING
    )
    if security is Security.TLS:
        sock = tls.wrap(sock, settings, host)
    connection = Connection(sock, host, Transcript())
    try:
        _greet(settings, connection)
        if security is Security.STARTTLS:
            _begin_tls(settings, connection, host)
    except smtplib.SMTPServerDisconnected as error:
        raise _broken_off(settings, connection, error) from error
    except BaseException:
        connection.close()
        sock.close()
        raise
    return connection


def _broken_off(settings: ServerSettings, connection: Connection, error: Exception) -> TryLater:
    connection.close()
    return TryLater(f"{settings.host}:{settings.port} broke off the connection.", detail=str(error))


def _greet(settings: ServerSettings, connection: Connection) -> None:
    where = f"{settings.host}:{settings.port}"
    try:
        code, text = connection.adopt()
    except smtplib.SMTPServerDisconnected as error:
        if isinstance(error.__cause__, TimeoutError):
            raise NeedsUser(
                f"{where} took the connection but said nothing within {settings.timeout_seconds:.0f} seconds. "
                "Check the port and whether it wants TLS or STARTTLS.",
                code="timeout",
                detail=str(error),
            ) from error
        if "no SMTP" in str(error):
            raise NeedsUser(
                f"{where} does not speak SMTP. Check the port: it is usually 465 or 587.",
                code="protocol",
                detail=str(error),
            ) from error
        raise
    if code != 220:
        line = f"{code} {text.decode('utf-8', 'replace')}"
        if 400 <= code < 500:
            raise TryLater(f"{settings.host} does not take mail just now.", detail=line)
        raise NeedsUser(
            f"{where} does not want to talk to us: {line}. Check that this is the provider's submission server.",
            code="protocol",
            detail=line,
        )
    _say_hello(settings, connection)


def _say_hello(settings: ServerSettings, connection: Connection) -> None:
    code, text = connection.ehlo()
    if code != 250:
        raise NeedsUser(
            f"{settings.host}:{settings.port} does not know EHLO, so it cannot take mail with a login.",
            code="protocol",
            detail=f"{code} {text.decode('utf-8', 'replace')}",
        )


def _begin_tls(settings: ServerSettings, connection: Connection, host: str) -> None:
    """STARTTLS (RFC 3207), never optional: an offer that is missing may have been stripped."""
    if not connection.has_extn("starttls"):
        raise tls.starttls_missing(settings)
    connection.send("STARTTLS\r\n")
    code, text = connection.getreply()
    if code != 220:
        raise TryLater(f"{settings.host} cannot do TLS just now.", detail=f"{code} {text.decode('utf-8', 'replace')}")
    if connection.has_unread:
        raise tls.plaintext_injected(settings)
    assert connection.sock is not None
    connection.replace_socket(tls.wrap(connection.sock, settings, host))
    _say_hello(settings, connection)


def _log_in(settings: ServerSettings, connection: Connection) -> None:
    """AUTH (RFC 4954). Raises ``NeedsUser`` for a refused login."""
    offered = frozenset(connection.esmtp_features.get("auth", "").upper().replace("=", " ").split())
    mechanism = auth.choose_mechanism(offered, settings.secret)
    if not mechanism and offered and settings.secret.kind != "oauth2":
        raise auth.no_way_in(settings, offered)
    if not mechanism:
        raise NeedsUser(
            f"{settings.host}:{settings.port} offers no way to log in that fits. Check the port (465 or 587).",
            code="security" if not offered else "protocol",
        )
    connection.transcript.note(f"AUTH {mechanism}")
    exchange = auth.Exchange(mechanism, settings)
    first = b" " + exchange.initial() if exchange.is_client_first else b""
    code, text = _dialogue(connection, b"AUTH " + mechanism.encode() + first)
    for _ in range(_MOST_CHALLENGES):
        if code != 334:
            break
        code, text = _dialogue(connection, exchange.answer(text))
    if code == 235:
        return
    line = f"{code} {text.decode('utf-8', 'replace')} {exchange.cause}".strip()
    if code in LATER_CODES or 400 <= code < 500:
        raise TryLater(f"{settings.host} does not take logins just now.", detail=line)
    raise auth.refused_login(settings, line)


def _dialogue(connection: Connection, line: bytes) -> tuple[int, bytes]:
    """A line that may hold a secret: sent as bytes, so that the transcript does not keep it."""
    connection.send(line + b"\r\n")
    return connection.getreply()
