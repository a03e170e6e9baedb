"""A Chromium that can reach nothing but us, and tells all it tries: what a page runs and what it asks for.

Its only way out is a proxy of ours on loopback. The proxy serves the pages under test for the host
``page.test``, writes down whatever else is asked of it (by pictures, sheets, frames, prefetches and
preconnects alike), and answers that with 404.
"""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ProxySettings
from playwright.sync_api import Page as BrowserPage

HOST = "page.test"

#: Chromium's own calls home, which no switch stops; no vector names these hosts.
_CALLS_HOME = frozenset(
    f"{host}:443"
    for host in (
        *("accounts.google.com", "clients2.google.com", "clientservices.googleapis.com", "update.googleapis.com"),
        *("content-autofill.googleapis.com", "optimizationguide-pa.googleapis.com", "android.clients.google.com"),
    )
)

#: In every page before anything of it runs: each way a vector says "I ran" is written down.
_LISTEN = """
window.ran = [];
for (const name of ['alert', 'confirm', 'prompt', 'print']) window[name] = () => { window.ran.push(name); };
"""
#: What is alive in the page that could run or load: asked of the tree the browser itself built.
_INSPECT = """
() => {
  const found = [...(window.ran || [])];
  for (const element of document.querySelectorAll('body *')) {
    if (element.namespaceURI !== 'http://www.w3.org/1999/xhtml') found.push('foreign ' + element.localName);
    if (/^(script|iframe|frame|object|embed|link|meta|base|style|form|input|button|video|audio|svg|math|template)$/
        .test(element.localName)) found.push('element ' + element.localName);
    for (const attribute of element.attributes) {
      if (attribute.name.startsWith('on')) found.push('handler ' + attribute.name);
      if (['srcset', 'ping', 'srcdoc', 'formaction', 'action', 'background', 'poster'].includes(attribute.name))
        found.push('attribute ' + attribute.name);
    }
    if (element.protocol === 'javascript:' || element.protocol === 'vbscript:') found.push('href ' + element.href);
    const position = getComputedStyle(element).position;
    if (position === 'fixed' || position === 'sticky' || position === 'absolute') found.push('position ' + position);
  }
  return found;
}
"""


class Watched:
    """A window behind its proxy. ``requests`` grows by every attempt to leave."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.pages: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.requests: list[str] = []
        self._number = 0

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self._context = self._browser.new_context(proxy=self.proxy())
        self._context.add_init_script(_LISTEN)
        self.page: BrowserPage = self._context.new_page()
        self.page.on("dialog", self._on_dialog)
        # The browser's own start-up traffic is none of the page's.
        self.page.goto(self.serve(b"<p>ready</p>"))
        self.page.wait_for_timeout(500)
        self.requests.clear()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._context.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def proxy(self, *bypass: str) -> ProxySettings:
        """What sends all of a window's traffic, to this machine too, past our eyes; but for the hosts in ``bypass``."""
        server = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {"server": server, "bypass": ",".join(("<-loopback>", *bypass))}

    def _on_dialog(self, dialog: Any) -> None:
        self.requests.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def serve(self, html: bytes, headers: dict[str, str] | None = None, *, folder: str = "p") -> str:
        """The URL at which the browser finds these bytes."""
        self._number += 1
        path = f"/{folder}/{self._number}"
        self.pages[path] = (html, headers or {})
        return f"http://{HOST}{path}"

    def forget(self) -> None:
        self.pages.clear()
        self.requests.clear()

    def open(self, url: str, *, settle_milliseconds: int = 0) -> None:
        self.page.goto(url, wait_until="load")
        if settle_milliseconds:
            self.page.wait_for_timeout(settle_milliseconds)

    def alive(self) -> list[str]:
        """What in the page could run or load, and what has run. Empty for a harmless page."""
        found: list[str] = self.page.evaluate(_INSPECT)
        return found


def _handler_of(watched: Watched) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            page = watched.pages.get(parts.path) if parts.hostname == HOST else None
            if page is None and parts.path != "/favicon.ico":
                watched.requests.append(f"GET {self.path}")
            body, headers = page or (b"", {})
            self.send_response(200 if page else 404)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(body)

        def do_CONNECT(self) -> None:
            if self.path not in _CALLS_HOME:
                watched.requests.append(f"CONNECT {self.path}")
            self.send_error(403)

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


@contextlib.contextmanager
def watched_browser(browser: Browser) -> Iterator[Watched]:
    with Watched(browser) as watched:
        yield watched
