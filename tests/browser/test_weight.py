"""What a first visit costs: the requests of a cold inbox and their bytes as production sends them.

Two budgets: what the reader waits for, and what the service worker then fetches for the day without a connection. The
browser of the first has no worker; the second counts what the worker asks for and the page did not.
"""

import brotli
from playwright.sync_api import Browser, Request

from tests.browser.conftest import Mailbox
from tests.browser.weight import weight

MOST_REQUESTS = 20
MOST_BYTES = 100_000
#: The page without a connection, its script, and the worker; styles and drawings are the inbox's.
MOST_WORKER_BYTES = 6_000


def test_a_cold_inbox_is_few_requests_and_few_bytes(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.locator(".scripted").first.wait_for()
    page.wait_for_timeout(1000)
    # One for each request: the page and the outline of its list have the same address.
    weights = [(weight(request), request.url.removeprefix(mailbox.url)) for request in asked]
    empty = [path.partition("?")[0] for size, path in weights if not size]
    # The copy of the drawings that goes into the page comes from the browser's cache; of frames out of sight Chromium
    # does not always tell what has travelled, which is 76 bytes each.
    assert sorted(path for path in empty if not path.startswith("/frame/")) == ["/events", "/static/icons.svg"]
    total = sum(size for size, _path in weights)
    told = "\n".join(f"{size:8,} {path}" for size, path in sorted(weights, reverse=True))
    print(f"\ncold inbox: {len(asked)} requests, {total:,} bytes\n{told}")
    assert len(asked) <= MOST_REQUESTS, told
    assert total <= MOST_BYTES, told


def test_what_the_worker_fetches_besides_is_little(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900}, service_workers="allow")
    of_page: set[str] = set()
    of_worker: list[Request] = []
    page.context.on("request", lambda one: of_worker.append(one) if one.service_worker else of_page.add(one.url))
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.evaluate("navigator.serviceWorker.ready")
    paths = {one.url.removeprefix(mailbox.url) for one in of_worker if one.url not in of_page} | {"/worker.js"}
    # Asked for once more: of a worker's requests the browser keeps no bodies.
    bodies = {path: page.request.get(mailbox.url + path).body() for path in paths}
    besides = {path: len(brotli.compress(body)) for path, body in bodies.items()}
    print(f"\nworker: {besides}")
    assert "/offline/" in besides
    assert all(bodies.values()), besides
    assert sum(besides.values()) <= MOST_WORKER_BYTES, besides
