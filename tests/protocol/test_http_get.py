"""The careful GET against a real server on loopback: what it sends, what it refuses, and when it gives up."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from mailsync.errors import MailError, NeedsUser, Rejected, TryLater
from mailsync.protocol import egress, http_get
from mailsync.protocol.egress import Kind


class _Handler(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        name = self.path.strip("/").partition("?")[0]
        if name.startswith("to:"):
            self.send_response(302)
            self.send_header("Location", name.removeprefix("to:"))
            self.end_headers()
        elif name.startswith("hop"):
            left = int(name.removeprefix("hop"))
            self.send_response(302)
            self.send_header("Location", f"/hop{left - 1}" if left else "/ok")
            self.end_headers()
        elif name == "big":
            self.send_response(200)
            self.end_headers()
            for _ in range(50):
                self.wfile.write(b"x" * 10_000)
        elif name == "drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        elif name == "ok":
            self.send_response(200)
            self.send_header("Set-Cookie", "a=b")
            self.end_headers()
            self.wfile.write(b"picture")
        else:
            self.send_error(404)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    _Handler.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(port: int, path: str, **options: object) -> bytes:
    settings = {"limit_bytes": 100_000, "timeout_seconds": 2.0, "ports": (port,), "allow_private": True, **options}
    return http_get.get(f"http://localhost:{port}/{path}", kind=Kind.PICTURES, **settings)  # type: ignore[arg-type]


def test_fetches_and_tells_nothing(port: int) -> None:
    assert fetch(port, "ok?a=ü b") == b"picture"
    path, headers = _Handler.seen[0]
    assert path == "/ok?a=%C3%BC%20b"
    assert headers["host"] == f"localhost:{port}"
    assert headers["user-agent"] == http_get.USER_AGENT
    assert headers.keys().isdisjoint({"cookie", "referer", "authorization", "x-forwarded-for", "origin"})


def test_follows_three_redirects_and_no_more(port: int) -> None:
    assert fetch(port, "hop2") == b"picture"
    with pytest.raises(Rejected) as caught:
        fetch(port, "hop3")
    assert caught.value.code == "redirects"
    # No cookie of one answer goes into the next request.
    assert all("cookie" not in headers for _, headers in _Handler.seen)


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://localhost/", "gopher://localhost/", "http://localhost:22/", "//[::1]:99/"]
)
def test_a_redirect_passes_the_same_checks(port: int, place: str) -> None:
    with pytest.raises(Rejected):
        fetch(port, f"to:{place}")


def test_what_is_too_large_is_cut_off(port: int) -> None:
    with pytest.raises(Rejected) as caught:
        fetch(port, "big")
    assert caught.value.code == "size"


def test_a_drip_does_not_outlast_the_deadline(port: int) -> None:
    started = time.monotonic()
    with pytest.raises(TryLater):
        fetch(port, "drip", timeout_seconds=0.6)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"HTTP/1.1 200 ", b"O"),
        (b"HTTP/1.1 200 OK\r\nServer: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status", "header", "chunk", "trailer", "continue"],
)
def test_a_drip_of_what_is_no_content_does_not_outlast_it_either(first: bytes, again: bytes) -> None:
    """Each byte begins the socket's timeout anew. One letter with some dozens of such pictures would hold every thread
    that answers requests for as long as its sender likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                connection.sendall(first)
                for _ in range(30):
                    connection.sendall(again)
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        with pytest.raises(TryLater):
            fetch(listening.getsockname()[1], "drip", timeout_seconds=0.6)
        took = time.monotonic() - started
        thread.join()
    assert took < 2


def test_an_error_status_is_no_picture_and_whatever_was_asked_for_is_not_called_one(port: int) -> None:
    with pytest.raises(Rejected) as caught:
        fetch(port, "gone")
    assert caught.value.code == "404"
    assert str(caught.value) == "localhost answered 404."


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.test/",
        "file:///etc/passwd",
        "http://user:pw@a.test/",
        "http://a.test:22/",
        "http://a.test:8080/",
        "http://a.test:99999/",
        "http://[bad/",
        "http:///x",
        "http://a.test/" + "x" * 5_000,
    ],
)
def test_what_is_never_asked(url: str) -> None:
    with pytest.raises(Rejected):
        http_get.get(url, kind=Kind.PICTURES, limit_bytes=1, timeout_seconds=1)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "100.64.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fec0::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "localhost",
    ],
)
def test_private_places_are_refused_before_any_connection(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_connection(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(egress.socket, "create_connection", no_connection)
    with pytest.raises(MailError) as caught:
        http_get.get(f"http://{host}/", kind=Kind.PICTURES, limit_bytes=1, timeout_seconds=1)
    assert isinstance(caught.value, NeedsUser | Rejected)


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "_resolve", lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(NeedsUser) as caught:
        http_get.get("http://two-faced.test/", kind=Kind.PICTURES, limit_bytes=1, timeout_seconds=1)
    assert caught.value.code == "forbidden_host"
