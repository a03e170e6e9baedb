"""One logged-in IMAP connection: settings flow in; commands and their typed answers flow through.

Network room. IMAPClient speaks and parses; this subclass brings our socket (``egress``), our reader
(``imap_wire``), pipelining, and the order that servers want: TLS, login, CAPABILITY again, ID,
ENABLE. Whatever goes wrong leaves as one of ``mailsync.errors``.
"""

import contextlib
import imaplib
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import ProtocolError

from mailsync.errors import MailError, NeedsUser, Poison, Rejected, TryLater, TryNow
from mailsync.protocol import auth, egress, tls
from mailsync.protocol.imap_errors import StatusText, broken, parse_status, passing, refused
from mailsync.protocol.imap_names import Literal, quote
from mailsync.protocol.imap_wire import USUAL, Limits, OversizeLiteral, Untagged, Wire
from mailsync.protocol.transcript import Transcript
from mailsync.types import Security, ServerSettings

_LOGOUT_SECONDS = 5.0


class Reply(NamedTuple):
    """A command's answer: its status text, and the untagged responses that came before it, in order."""

    status: StatusText
    responses: list[Untagged]

    def of_kind(self, kind: str) -> list[Untagged]:
        return [response for response in self.responses if response.kind == kind]

    def codes(self) -> Iterator[StatusText]:
        """The response codes of the untagged OKs and of the tagged status, in order."""
        for response in self.responses:
            if response.kind in ("OK", "NO"):
                yield parse_status(response.text)
        yield self.status


class ImapSession(IMAPClient):  # type: ignore[misc]  # IMAPClient carries no types
    """Sends commands as bytes and reads their answers; knows nothing of folders or messages."""

    def __init__(self, settings: ServerSettings, sock: socket.socket, limits: Limits) -> None:
        self.settings = settings
        self.transcript = Transcript()
        self.offered: frozenset[str] = frozenset()
        self._make_wire: Callable[[], Wire] = lambda: Wire(sock, settings.host, self.transcript, limits)
        read = settings.timeout_seconds
        super().__init__(settings.host, settings.port, ssl=False, timeout=SocketTimeout(read, read))
        # IMAPClient makes imaplib tell everything to a logger, passwords included.
        self._imap.debug = 0

    def _create_IMAP4(self) -> Wire:
        return self._make_wire()

    @property
    def wire(self) -> Wire:
        wire: Wire = self._imap
        return wire

    # Failures. ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Turn what imaplib, IMAPClient, ssl and the socket raise into errors the caller can act on."""
        try:
            yield
        except MailError:
            raise
        except OversizeLiteral as error:
            self.abandon(str(error))
            raise Poison("The message is larger than Heron takes.") from error
        except ProtocolError as error:
            self.abandon("the answer could not be read")
            raise TryNow("The mail server's answer could not be read.", detail=str(error)[:200]) from error
        except TimeoutError as error:
            self.abandon("no answer in time")
            raise TryLater(
                f"{self.settings.host} did not answer within {self.settings.timeout_seconds:.0f} seconds.",
                detail=str(error),
            ) from error
        except (imaplib.IMAP4.error, OSError, ssl.SSLError, UnicodeError) as error:
            self.abandon(str(error))
            raise broken(str(error)) from error

    def abandon(self, why: str) -> None:
        """Close the socket at once: the stream is spoilt, or the peer is gone."""
        self.transcript.note(why[:200])
        self.wire.shutdown()

    # Commands. ----------------------------------------------------------------------------------

    def start(self, *parts: bytes) -> bytes:
        """Send a command and return its tag; answers are read by ``finish``. ``Literal`` parts may wait for ``+``."""
        tag = self.wire.new_tag()
        with self.failures():
            line = bytearray(tag)
            for part in parts:
                if not isinstance(part, Literal):
                    line += b" " + part
                    continue
                # RFC 7888: LITERAL+ needs no waiting, LITERAL- none up to 4096 bytes.
                at_once = "LITERAL+" in self.offered or ("LITERAL-" in self.offered and len(part) <= 4096)
                line += b" {%d%s}" % (len(part), b"+" if at_once else b"")
                self._send(bytes(line), b"\r\n")
                line.clear()
                if not at_once:
                    self.await_continuation(tag)
                self.wire.send(part)
            self._send(bytes(line), b"\r\n")
        return tag

    def _send(self, line: bytes, end: bytes) -> None:
        if line:
            self.transcript.sent(line)
        self.wire.send(line + end)

    def await_continuation(self, tag: bytes) -> None:
        """Read up to the ``+`` that a command waits for. Raises what a refusal means."""
        while self.wire.read_response():
            answer = self.wire.take_answer(tag)
            if answer is not None:
                self.wire.take_responses()
                raise refused(*answer)

    def finish(self, tag: bytes) -> Reply:
        """Read up to the tagged answer. Raises what the refusal means when it is not OK."""
        with self.failures():
            while self.wire.is_waiting(tag):
                self.wire.read_response()
        kind, text = self.wire.take_answer(tag) or ("BAD", b"answered before")
        responses = self.wire.take_responses()
        if kind != "OK":
            raise refused(kind, text)
        return Reply(parse_status(text), responses)

    def run(self, *parts: bytes) -> Reply:
        """One command and its answer."""
        return self.finish(self.start(*parts))

    # Connecting. --------------------------------------------------------------------------------

    def begin_tls(self, host: str) -> None:
        """STARTTLS (RFC 9051 §6.2.1). Raises ``NeedsUser`` (``security``) if it is missing or tampered with."""
        self.refresh_capabilities()
        # A PREAUTH greeting is how a man in the middle makes clients skip STARTTLS.
        if "STARTTLS" not in self.offered or self.wire.state != "NONAUTH":
            self.abandon("no STARTTLS")
            raise tls.starttls_missing(self.settings)
        self.run(b"STARTTLS")
        if self.wire.has_unread:
            self.abandon("plain text after STARTTLS")
            raise tls.plaintext_injected(self.settings)
        self.wire.replace_socket(tls.wrap(self.wire.sock, self.settings, host))
        self._starttls_done = True
        self.refresh_capabilities()

    @property
    def is_far(self) -> bool:
        """Whether the server is beyond this machine and its network."""
        try:
            return ipaddress.ip_address(self.wire.sock.getpeername()[0]).is_global
        except (OSError, ValueError):
            return False

    def begin_compression(self) -> None:
        """COMPRESS=DEFLATE (RFC 4978), where it is offered; a server that refuses it goes on as before."""
        if "COMPRESS=DEFLATE" not in self.offered:
            return
        try:
            self.run(b"COMPRESS", b"DEFLATE")
        except Rejected:
            self.transcript.note("COMPRESS refused")
            return
        self.wire.compress()

    def refresh_capabilities(self, reply: Reply | None = None) -> None:
        """Read capabilities from a reply that holds them, or ask."""
        found = self._capabilities_in(reply) if reply else None
        if found is None:
            found = self._capabilities_in(self.run(b"CAPABILITY"))
        self.offered = found or frozenset()

    @staticmethod
    def _capabilities_in(reply: Reply) -> frozenset[str] | None:
        lines = [response.text for response in reply.of_kind("CAPABILITY")]
        lines += [status.arguments for status in reply.codes() if status.code == "CAPABILITY"]
        if not lines:
            return None
        return frozenset(word.decode("ascii", "replace").upper() for word in lines[-1].split())

    def log_in(self) -> None:
        """LOGIN or AUTHENTICATE, then CAPABILITY again. Raises ``NeedsUser`` with the cause, or ``TryLater``."""
        if self.wire.state == "AUTH":
            self.refresh_capabilities()
            return
        settings = self.settings
        mechanisms = frozenset(word[5:] for word in self.offered if word.startswith("AUTH="))
        mechanism = auth.choose_mechanism(mechanisms, settings.secret)
        try:
            if mechanism in ("XOAUTH2", "OAUTHBEARER"):
                reply = self._authenticate(mechanism)
            elif mechanism == "PLAIN":
                reply = self._plain_or_login()
            elif settings.secret.kind == "oauth2":
                raise NeedsUser(
                    f"{settings.host} does not offer sign-in by OAuth. Use a password or an app password.",
                    code="protocol",
                )
            elif "LOGINDISABLED" not in self.offered:
                reply = self._login()
            elif mechanism:
                reply = self._authenticate(mechanism)
            else:
                raise auth.no_way_in(settings, mechanisms)
        except TryNow as error:
            # Seen in practice: servers that hang up instead of saying NO.
            raise passing(error.detail) or TryLater(
                f"{settings.host} broke off the connection during the login.", detail=error.detail
            ) from error
        except NeedsUser as error:
            if error.code != "password":
                raise
            raise auth.refused_login(settings, error.detail) from error
        except MailError as error:
            if isinstance(error, TryLater):
                raise
            raise auth.refused_login(settings, error.detail) from error
        self.wire.state = "AUTH"
        self.refresh_capabilities(reply)

    def _plain_or_login(self) -> Reply:
        """Seen in practice: servers that offer AUTH=PLAIN and answer it with BAD."""
        try:
            return self._authenticate("PLAIN")
        except Rejected as error:
            if error.code != "BAD" or "LOGINDISABLED" in self.offered:
                raise
        return self._login()

    def _login(self) -> Reply:
        return self.run(b"LOGIN", quote(self.settings.username.encode()), quote(self.settings.secret.value.encode()))

    def _authenticate(self, mechanism: str) -> Reply:
        """RFC 9051 §6.2.2, with the first response inline where SASL-IR allows (RFC 4959)."""
        exchange = auth.Exchange(mechanism, self.settings)
        first = [exchange.initial()] if exchange.is_client_first and "SASL-IR" in self.offered else []
        tag = self.start(b"AUTHENTICATE", mechanism.encode(), *first)
        with self.failures():
            while self.wire.is_waiting(tag):
                if not self.wire.read_response():
                    self._send_secret(exchange.answer(self.wire.continuation))
        try:
            return self.finish(tag)
        except MailError as error:
            error.detail = f"{error.detail} {exchange.cause}".strip()
            raise

    def _send_secret(self, line: bytes) -> None:
        self.transcript.sent_secret()
        self.wire.send(line + b"\r\n")

    def log_out(self) -> None:
        """LOGOUT if the peer still answers, and close; never raises."""
        with contextlib.suppress(Exception):
            self.wire.sock.settimeout(_LOGOUT_SECONDS)
            self.wire.state = "LOGOUT"
            tag = self.start(b"LOGOUT")
            while self.wire.is_waiting(tag) and self.wire.read_response():
                pass
        with contextlib.suppress(Exception):
            self.wire.shutdown()


def open_session(settings: ServerSettings, limits: Limits = USUAL) -> ImapSession:
    """Connect, secure and log in. Raises ``NeedsUser``, ``TryLater`` or ``TryNow``."""
    auth.check_login(settings)
    session = open_secured(settings, limits)
    try:
        session.log_in()
    except BaseException:
        session.wire.shutdown()
        raise
    return session


def open_secured(settings: ServerSettings, limits: Limits = USUAL) -> ImapSession:
    """A session just before its login: under TLS that was checked, where TLS is wanted. Raises as ``open_session``."""
    security = tls.effective_security(settings)
    host = egress.ascii_host(settings.host)
    sock = egress.open_socket(
        host, settings.port, settings.timeout_seconds, settings.allow_private, kind=egress.Kind.MAIL
    )
    if security is Security.TLS:
        sock = tls.wrap(sock, settings, host)
    session = _greet(settings, sock, limits)
    try:
        if security is Security.STARTTLS:
            session.begin_tls(host)
        else:
            session.refresh_capabilities()
    except BaseException:
        session.wire.shutdown()
        raise
    return session


def _greet(settings: ServerSettings, sock: socket.socket, limits: Limits) -> ImapSession:
    """Read the greeting; whatever is wrong here is most often a wrong port."""
    where = f"{settings.host}:{settings.port}"
    try:
        return ImapSession(settings, sock, limits)
    except TimeoutError as error:
        sock.close()
        raise NeedsUser(
            f"{where} took the connection but said nothing within {settings.timeout_seconds:.0f} seconds. "
            "Check the port and whether it wants TLS or STARTTLS.",
            code="timeout",
            detail=str(error),
        ) from error
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
        sock.close()
        detail: Any = error.args[0] if error.args else ""
        text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        if "no IMAP response" in text or "not IMAP4 compliant" in text:
            raise NeedsUser(
                f"{where} does not speak IMAP. Check the port: secure IMAP is usually at 993.",
                code="protocol",
                detail=text,
            ) from error
        raise passing(text) or TryLater(f"{where} closed the connection at once.", detail=text) from error
