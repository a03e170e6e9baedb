"""Careful HTTP for strangers' URLs: a URL in, at most ``limit_bytes`` of its content out. Network room.

A URL in a message may point anywhere, into this machine's own network too. So the host is resolved
once, every address is checked, the connection goes to a checked address (``egress.py``), and each
redirect is a new URL that passes the same checks. Nothing that identifies the reader is sent.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from mailsync.errors import MailError, Rejected, TryLater
from mailsync.protocol.egress import Kind, ascii_host, open_socket

USER_AGENT = "Mozilla/5.0 (compatible; image fetcher)"
MAX_REDIRECTS = 3
MAX_URL = 4_096
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE_BYTES = 64 * 1024


def get(
    url: str,
    *,
    kind: Kind,
    limit_bytes: int,
    timeout_seconds: float,
    accept: str = "*/*",
    ports: Collection[int] = (80, 443),
    allow_private: bool = False,
) -> bytes:
    """The content behind ``url``, after at most three redirects, all within ``timeout_seconds``.

    Raises ``Rejected`` for what will never work (another scheme or port, an error status, too large),
    ``NeedsUser`` as ``egress.open_socket`` does, and ``TryLater`` for a broken connection.
    """
    deadline = time.monotonic() + timeout_seconds
    for _ in range(MAX_REDIRECTS + 1):
        connection, target = _connection(url, kind, deadline, ports, allow_private)
        headers = {"Accept": accept, "User-Agent": USER_AGENT}
        status, location, body = _ask(connection, "GET", target, headers, None, limit_bytes)
        if status == 200:
            return body
        if status not in _REDIRECTS or not location:
            raise Rejected(f"{connection.host} answered {status}.", code=str(status))
        url = urljoin(url, location)
    raise Rejected(f"This address leads on more than {MAX_REDIRECTS} times.", code="redirects")


def send(
    method: str,
    url: str,
    body: bytes | None = None,
    *,
    kind: Kind,
    limit_bytes: int,
    timeout_seconds: float,
    headers: Mapping[str, str],
    allow_private: bool = False,
) -> tuple[int, bytes]:
    """Status and content of one request as it stands, at any port; no redirect is followed. Raises as ``get`` does."""
    deadline = time.monotonic() + timeout_seconds
    connection, target = _connection(url, kind, deadline, None, allow_private)
    status, _, content = _ask(connection, method, target, headers, body, limit_bytes)
    return status, content


def post(
    url: str,
    body: bytes,
    *,
    kind: Kind,
    limit_bytes: int,
    timeout_seconds: float,
    headers: Mapping[str, str],
    allow_private: bool = False,
) -> int:
    """The status of the answer to what others must not read: over HTTPS, or HTTP where private hosts are allowed.

    Raises as ``get`` does, ``Rejected`` for another scheme too.
    """
    if not url.lower().startswith("https://") and not allow_private:
        raise Rejected("Only https URLs are called.", code="url")
    status, _answer = send(
        "POST",
        url,
        body,
        kind=kind,
        limit_bytes=limit_bytes,
        timeout_seconds=timeout_seconds,
        headers=headers,
        allow_private=allow_private,
    )
    return status


def post_form(
    url: str,
    form: Mapping[str, str],
    *,
    kind: Kind,
    limit_bytes: int,
    timeout_seconds: float,
    allow_private: bool = False,
) -> tuple[int, bytes]:
    """Status and content of the answer to a form. Raises as ``get`` does."""
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "Heron",
    }
    return send(
        "POST",
        url,
        urlencode(form).encode(),
        kind=kind,
        limit_bytes=limit_bytes,
        timeout_seconds=timeout_seconds,
        headers=headers,
        allow_private=allow_private,
    )


def _connection(
    url: str, kind: Kind, deadline: float, ports: Collection[int] | None, allow_private: bool
) -> tuple["_Connection", str]:
    secure, host, port, target = _read_url(url, ports)
    return _Connection(host, port, secure, deadline, allow_private, kind), target


def _ask(
    connection: "_Connection",
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | None,
    limit_bytes: int,
) -> tuple[int, str, bytes]:
    """Status, Location and content of one request; a redirect's content is not read."""
    try:
        connection.request(method, target, body=body, headers={**headers, "Connection": "close"})
        with connection.getresponse() as response:
            location = response.getheader("Location", "")
            if response.status in _REDIRECTS:
                return response.status, location, b""
            return response.status, location, _read_body(response, limit_bytes)
    except MailError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TryLater(f"{connection.host} does not answer as it should.", detail=str(error)) from error
    finally:
        connection.close()


def _read_url(url: str, ports: Collection[int] | None) -> tuple[bool, str, int, str]:
    """Whether TLS, host, port and request target. Raises ``Rejected``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Rejected("This is no URL.", code="url") from error
    if len(url) > MAX_URL or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Rejected("Only http and https URLs are fetched.", code="url")
    if parts.username is not None or parts.password is not None:
        raise Rejected("A URL with a user name in it is not fetched.", code="url")
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    if ports is not None and port not in ports:
        raise Rejected(f"Port {port} is not one that is fetched from.", code="port")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # http.client refuses control characters and spaces; what is not ASCII is written as browsers write it.
    return secure, ascii_host(parts.hostname), port, _percent_encoded(target)


def _percent_encoded(target: str) -> str:
    return "".join(c if "!" <= c <= "~" else "".join(f"%{byte:02X}" for byte in c.encode()) for c in target)


def _read_body(response: http.client.HTTPResponse, limit_bytes: int) -> bytes:
    if response.length is not None and response.length > limit_bytes:
        raise Rejected("What is there is too large.", code="size")
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = response.read1(_PIECE_BYTES)
        if not piece:
            return b"".join(pieces)
        size += len(piece)
        if size > limit_bytes:
            raise Rejected("What is there is too large.", code="size")
        pieces.append(piece)


class _Patient(io.RawIOBase):
    """What a socket receives, until a moment. The socket's own timeout begins anew with each byte: a server that sends
    one now and then, be it of its header, would be listened to for hours."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._socket, self._until = sock, until
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(_left(self._until))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, until: float, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Patient(sock, until))


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket from ``egress.open_socket``: Host and SNI name the host, the address was checked."""

    def __init__(self, host: str, port: int, secure: bool, deadline: float, allow_private: bool, kind: Kind) -> None:
        super().__init__(host, port)
        self.kind = kind
        self.response_class = partial(_Response, deadline)  # type: ignore[assignment]
        self._secure = secure
        self._deadline = deadline
        self._allow_private = allow_private

    def connect(self) -> None:
        sock = open_socket(self.host, self.port, _left(self._deadline), self._allow_private, kind=self.kind)
        if self._secure:
            try:
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self.host)
            except OSError:
                sock.close()
                raise
        self.sock = sock


def _left(deadline: float) -> float:
    """Seconds until then. Raises ``TimeoutError`` where there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time was left")
    return left
