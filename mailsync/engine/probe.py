"""Try a login before anything is saved: settings flow in, words for people flow out. The meeting room, no database.

``probe_incoming`` and ``probe_outgoing`` say whether it works; ``examine`` goes step by step, so that a person sees
where it ends: the name, the connection, TLS with its certificate, the login, what the server can do.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

from mailsync.errors import CertificateRefused, MailError, NeedsUser
from mailsync.protocol import egress, imap, pop3, smtp, tls
from mailsync.protocol.certificate import parse_certificate
from mailsync.protocol.imap_wire import ONLY_LOOKING
from mailsync.types import Certificate, Examined, Secret, Security, ServerSettings, StepName, StepResult

T = TypeVar("T")

#: A login as a whole, whatever its server says meanwhile: a person waits, and with them a thread of the site.
LOGIN_SECONDS = 45.0
#: Matches no certificate, so that every one is shown and none is taken.
_NO_PIN = "none"
_PROTOCOLS = {"imap": imap, "pop3": pop3, "smtp": smtp}
_STEPS: tuple[StepName, ...] = ("resolve", "connect", "tls", "login", "capabilities")


def probe_incoming(server: ServerSettings) -> StepResult:
    """Log in to an IMAP or POP3 server and out again."""
    return _probe(server)


def probe_outgoing(server: ServerSettings) -> StepResult:
    """Log in to a submission server and out again; nothing is sent."""
    return _probe(server)


def _probe(server: ServerSettings) -> StepResult:
    try:
        _log_in(server)
    except MailError as error:
        return _result(error, server)
    return StepResult(True)


def _in_time(server: ServerSettings, ask: Callable[[], T]) -> T:
    """Raises ``NeedsUser`` where the time is over before its answer is there."""
    with egress.within(LOGIN_SECONDS) as hold:
        try:
            return ask()
        except MailError as error:
            if not hold.is_over:
                raise
            raise NeedsUser(
                f"{server.host}:{server.port} did not finish within {LOGIN_SECONDS:.0f} seconds. "
                "Check the port, or try again later.",
                code="timeout",
                detail=str(error),
            ) from error


def _log_in(server: ServerSettings) -> frozenset[str]:
    """What the server can do after login. Raises ``MailError``."""
    return _in_time(server, lambda: _ask_to_log_in(server))


def _ask_to_log_in(server: ServerSettings) -> frozenset[str]:
    if server.protocol == "pop3":
        source = pop3.connect(server)
        # Dropped without QUIT: a clean QUIT changes things at some providers.
        source.drop()
        return source.capabilities
    is_smtp = server.protocol == "smtp"
    connected = smtp.connect(server) if is_smtp else imap.connect(server, limits=ONLY_LOOKING)
    with closing(connected):
        return connected.capabilities


def _result(error: MailError, server: ServerSettings) -> StepResult:
    code = error.code if isinstance(error, NeedsUser) else "try_later"
    shown = _fetch_unchecked(server) if code == "certificate" else None
    return StepResult(False, code, str(error), shown)


def _fetch_unchecked(server: ServerSettings) -> Certificate | None:
    """What the server shows where this protocol begins TLS, unchecked: to be judged by a person, never to be relied on.
    None where it does not come to that."""
    if _is_plain(server):
        return None
    try:
        _log_in(replace(server, pinned_sha256=_NO_PIN, secret=Secret("password", "never sent")))
    except CertificateRefused as refused:
        return parse_certificate(refused.der)
    except MailError:
        return None
    return None


def examine(server: ServerSettings, lacks: str = "") -> list[Examined]:
    """Each step of a connection with what came of it. ``lacks`` says why there is no secret to log in with."""
    done: list[Examined] = []
    for step in _examine(server, lacks):
        done.append(step)
        if not step.result.ok:
            break
    missed = StepResult(False, "skipped")
    return done + [Examined(name, missed, reached=False) for name in _STEPS[len(done) :]]


def _examine(server: ServerSettings, lacks: str) -> Iterator[Examined]:
    kind = egress.Kind.SENDING if server.protocol == "smtp" else egress.Kind.MAIL
    try:
        addresses = egress.look_up(server.host, server.port, server.allow_private, kind=kind)
        yield Examined("resolve", StepResult(True), tuple(addresses))
    except MailError as error:
        yield Examined("resolve", _result(error, server))
        return
    try:
        with egress.open_socket(
            server.host, server.port, server.timeout_seconds, server.allow_private, kind=kind
        ) as sock:
            yield Examined("connect", StepResult(True), (f"{sock.getpeername()[0]}:{server.port}",))
    except MailError as error:
        yield Examined("connect", _result(error, server))
        return
    try:
        shown = _in_time(server, lambda: _PROTOCOLS[server.protocol].fetch_certificate(server))
    except MailError as error:
        refused = _result(error, server)
        yield Examined("tls", refused, certificate=refused.certificate)
        return
    yield Examined("tls", StepResult(True), (tls.effective_security(server).value.upper(),), shown)
    if lacks:
        yield Examined("login", StepResult(False, "token", lacks))
        return
    try:
        capabilities = _log_in(server)
    except MailError as error:
        yield Examined("login", _result(error, server))
        return
    yield Examined("login", StepResult(True), (server.username,))
    yield Examined("capabilities", StepResult(True), tuple(sorted(capabilities)))


def _is_plain(server: ServerSettings) -> bool:
    return server.allow_plaintext and server.security is Security.NONE and server.port not in tls.IMPLICIT_TLS_PORTS
