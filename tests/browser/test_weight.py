"""What a first visit costs: the requests of a cold inbox and their bytes as production sends them."""

import brotli
from playwright.sync_api import Browser, Request

from tests.browser.conftest import Mailbox

MOST_REQUESTS = 20
MOST_BYTES = 100_000


def test_a_cold_inbox_is_few_requests_and_few_bytes(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.locator(".scripted").first.wait_for()
    page.wait_for_timeout(1000)
    weights = {request.url.removeprefix(mailbox.url): _weight(request) for request in asked}
    total = sum(weights.values())
    told = "\n".join(f"{size:8,} {path}" for path, size in sorted(weights.items(), key=lambda one: -one[1]))
    print(f"\ncold inbox: {len(asked)} requests, {total:,} bytes\n{told}")
    assert len(asked) <= MOST_REQUESTS, told
    assert total <= MOST_BYTES, told


def _weight(request: Request) -> int:
    """Bytes of the body on the wire. Static files are compressed when they are collected, which a test does not do."""
    if request.url.endswith("/events"):
        return 0
    if "/static/" in request.url:
        response = request.response()
        return len(brotli.compress(response.body())) if response else 0
    return request.sizes()["responseBodySize"]
