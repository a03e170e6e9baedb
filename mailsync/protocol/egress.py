"""The only door to other machines: a host and a port flow in, a connected socket flows out.

Network room. Users name the servers, so a name may point anywhere: it is resolved once, every
address it gives is judged, and the socket goes to an address that was judged, never to the name
again (a second lookup could answer otherwise). Each call says what it is for, and is refused before
anything is looked up where the administrator has shut that kind of call.
"""

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

import idna

from mailsync.errors import NeedsUser, TryLater

# ``ipaddress.is_global`` alone is not enough: on Python 3.11 it passes 224.0.0.1, ff02::1, and IPv6
# addresses that carry a private IPv4 address inside (64:ff9b::7f00:1, 2002:7f00:1::, ::127.0.0.1).
_REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # RFC 1122 §3.2.1.3: this host on this network
        "100.64.0.0/10",  # RFC 6598: carrier-grade NAT
        "192.88.99.0/24",  # RFC 7526: 6to4 relays, withdrawn
        "::/96",  # RFC 4291 §2.5.5.1: IPv4-compatible, and ::1
        "64:ff9b::/96",  # RFC 6052: NAT64 reaches any IPv4 address, private ones too
        "64:ff9b:1::/48",  # RFC 8215: local-use NAT64
        "2001::/32",  # RFC 4380: Teredo
        "2002::/16",  # RFC 3056: 6to4
        "fec0::/10",  # RFC 3879: site-local, withdrawn
        "fd00:ec2::254/128",  # the metadata service of a large cloud, over IPv6
    )
)
_HOST_LENGTH = 255


class Kind(StrEnum):
    """What a connection is for: every kind of call that Heron makes to the outside."""

    MAIL = "mail"
    SENDING = "sending"
    DISCOVERY = "discovery"
    OAUTH = "oauth"
    PICTURES = "pictures"
    UNSUBSCRIBE = "unsubscribe"
    LETTERS = "letters"
    PUSH = "push"
    WEBHOOK = "webhook"


def _refuse_all(kind: Kind, host: str = "") -> None:
    raise TryLater("Heron may not connect to anything: nobody has said what it may do.", detail=kind)


class Guard(Protocol):
    """Raises where a kind of call is shut, or a host blocked."""

    def __call__(self, kind: Kind, host: str = "", /) -> None: ...


#: Whoever starts Heron puts the real one here; until then nothing goes out.
guard: Guard = _refuse_all


def is_forbidden(address: str) -> bool:
    """Whether a connection to this address would reach this machine or its private surroundings.

    What is not an address in the plain notation is judged as the C library would read it, and is
    forbidden if it cannot be read at all.

    >>> is_forbidden("93.184.215.14"), is_forbidden("0x7f.1"), is_forbidden("::ffff:10.0.0.1")
    (False, True, True)
    """
    text = address.partition("%")[0].strip("[]")
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        try:
            # inet_aton reads decimal, hexadecimal and octal spellings, and "127.1".
            parsed = ipaddress.ip_address(socket.inet_aton(text))
        except (OSError, ValueError):
            return True
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return (
        not parsed.is_global
        or parsed.is_multicast
        or parsed.is_reserved
        or any(parsed in network for network in _REFUSED_NETWORKS if network.version == parsed.version)
    )


def ascii_host(host: str) -> str:
    """The name as it stands in DNS and in certificates (RFC 5891). Raises ``NeedsUser``."""
    text = host.strip().rstrip(".")
    if not text or len(text) > _HOST_LENGTH or any(ord(c) <= 32 or c in "/@\\?#" for c in text):
        raise NeedsUser(
            f"“{host.strip()[:80]}” is not the name of a server. It looks like imap.example.org.", code="unknown_host"
        )
    if text.isascii():
        return text.strip("[]")
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise NeedsUser(
            f"“{text}” is not the name of a server: {error}. Check the spelling.", code="unknown_host"
        ) from error


def _resolve(host: str, port: int) -> list[str]:
    """The addresses of ``host``, in the order the system prefers, each once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            raise NeedsUser(
                f"The name {host} could not be looked up just now. Try again in a moment.",
                code="unknown_host",
                detail=str(error),
            ) from error
        raise NeedsUser(
            f"There is no server called {host}. Check the spelling of the server name.",
            code="unknown_host",
            detail=str(error),
        ) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def look_up(host: str, port: int, allow_private: bool = False, *, kind: Kind) -> list[str]:
    """Every address of a host, judged as before a connection. Raises as ``open_socket`` does."""
    host = ascii_host(host)
    guard(kind, host)
    addresses = _resolve(host, port)
    if not allow_private:
        check_addresses(host, port, addresses)
    return addresses


def check_addresses(host: str, port: int, addresses: Iterable[str]) -> None:
    """Refuse a host if even one of its addresses is private. Raises ``NeedsUser`` (``forbidden_host``)."""
    for address in addresses:
        if is_forbidden(address) or address in own_addresses():
            raise NeedsUser(
                f"{host}:{port} leads to a private address ({address}), which Heron does not connect to. "
                "Use the server's public name, or ask the operator of this Heron to allow that host.",
                code="forbidden_host",
            )


@lru_cache(maxsize=1)
def own_addresses() -> frozenset[str]:
    """The addresses this machine calls others from, public ones too: what runs here is nobody's to reach."""
    found: set[str] = set()
    # Connecting a UDP socket sends nothing: it only asks which of our addresses would be used (RFC 5737, RFC 3849).
    for family, target in ((socket.AF_INET, "203.0.113.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((target, 9))
            found.add(str(sock.getsockname()[0]))
    return frozenset(found)


class Hold:
    """Connections that end together when their time is over, whatever is waited for on them."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._lock = threading.Lock()
        # Twins, as TLS takes the socket itself: what is shut is the connection of both.
        self._twins: list[socket.socket] = []
        self._clock = threading.Timer(seconds, self._end)
        self._clock.daemon = True
        self._clock.start()

    def add(self, sock: socket.socket) -> None:
        """Raises ``TimeoutError`` where the time is over."""
        with self._lock:
            if self.is_over:
                raise TimeoutError("no time was left")
            self._twins.append(sock.dup())

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            for twin in self._twins:
                with contextlib.suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        self._clock.cancel()
        with self._lock:
            for twin in self._twins:
                twin.close()
            self._twins.clear()


_hold: ContextVar[Hold | None] = ContextVar("what is opened within a time", default=None)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[Hold]:
    """Whatever is opened within ends after so many seconds in all. The timeout of a socket begins anew with each byte,
    so that a server which sends one now and then would hold whoever waits for it."""
    hold = Hold(seconds)
    token = _hold.set(hold)
    try:
        yield hold
    finally:
        _hold.reset(token)
        hold.release()


def _prepared(sock: socket.socket, timeout_seconds: float) -> socket.socket:
    try:
        if (hold := _hold.get()) is not None:
            hold.add(sock)
        sock.settimeout(timeout_seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except OSError:
        sock.close()
        raise
    return sock


def open_socket(
    host: str, port: int, timeout_seconds: float, allow_private: bool = False, *, kind: Kind
) -> socket.socket:
    """Connect to ``host:port``; the socket's timeout is then ``timeout_seconds`` for each read.

    Tries each address in turn within the same time in all. Raises ``NeedsUser`` with the code
    ``unknown_host``, ``forbidden_host``, ``refused`` or ``timeout``, and ``TryLater`` for one that was reset,
    or for a kind of call that is shut.
    """
    host = ascii_host(host)
    guard(kind, host)
    if not 1 <= port <= 65535:
        raise NeedsUser(f"{port} is not a port. Secure IMAP is at 993, SMTP at 465 or 587.", code="refused")
    addresses = _resolve(host, port)
    if not allow_private:
        check_addresses(host, port, addresses)
    deadline = time.monotonic() + timeout_seconds
    failure: OSError = TimeoutError("no time was left")
    for position, address in enumerate(addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        # A dead first address (often IPv6) must not use up the time of those behind it.
        share = left if position == len(addresses) - 1 else max(left / 2, min(left, 3.0))
        try:
            return _prepared(socket.create_connection((address, port), timeout=share), timeout_seconds)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise NeedsUser(
            f"{host} did not answer at port {port} within {timeout_seconds:.0f} seconds. "
            "Check the server name and the port; a firewall may be in the way.",
            code="timeout",
            detail=str(failure),
        ) from failure
    if isinstance(failure, ConnectionResetError):
        raise TryLater(f"{host} broke off the connection at port {port} at once.", detail=str(failure)) from failure
    raise NeedsUser(
        f"{host} refused the connection at port {port}. Check the port: secure IMAP is usually at 993, "
        "POP3 at 995, SMTP at 465 or 587.",
        code="refused",
        detail=str(failure),
    ) from failure
