"""The one request that leaves a mailing list, against a real server on loopback: what is sent, what is not followed."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from django.utils import timezone

from mailsync.engine.unsubscribe import unsubscribe
from mailsync.store.unsubscriptions import request_by_post
from tests.factories import make_user

pytestmark = pytest.mark.django_db


class _Handler(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, content))
        self.send_response(int(self.path.strip("/").partition("?")[0]))
        self.send_header("Location", "/200")
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        self.wfile.write(b"thanks")

    do_GET = do_POST

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def base() -> Iterator[str]:
    _Handler.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def leave(url: str) -> str:
    row = request_by_post(make_user().pk, "list", url, timezone.now())
    unsubscribe(row.pk)
    row.refresh_from_db()
    return row.state


def test_the_request_is_that_of_the_standard(base: str) -> None:
    assert leave(f"{base}/200?u=1") == "done"
    ((method, path, headers, content),) = _Handler.seen
    assert (method, path, content) == ("POST", "/200?u=1", b"List-Unsubscribe=One-Click")
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert not {"cookie", "referer", "from"} & headers.keys()


@pytest.mark.parametrize(("status", "state"), [(302, "failed"), (307, "failed"), (410, "failed"), (503, "asked")])
def test_no_redirect_is_followed(base: str, status: int, state: str) -> None:
    assert leave(f"{base}/{status}") == state
    assert len(_Handler.seen) == 1


def test_only_https_and_only_public_hosts(base: str, settings: object) -> None:
    settings.HERON_ALLOW_PRIVATE_HOSTS = []  # type: ignore[attr-defined]
    assert leave(f"{base}/200") == "failed"
    assert leave(f"{base}/200".replace("http:", "https:")) == "failed"
    assert _Handler.seen == []
