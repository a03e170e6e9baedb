"""What a first visit costs: the requests of a cold inbox and their bytes as production sends them."""

from playwright.sync_api import Browser, Request

from tests.browser.conftest import Mailbox
from tests.browser.weight import weight

MOST_REQUESTS = 20
MOST_BYTES = 100_000


def test_a_cold_inbox_is_few_requests_and_few_bytes(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.locator(".scripted").first.wait_for()
    page.wait_for_timeout(1000)
    # One for each request: the page and the outline of its list have the same address.
    weights = [(weight(request), request.url.removeprefix(mailbox.url)) for request in asked]
    total = sum(size for size, _path in weights)
    told = "\n".join(f"{size:8,} {path}" for size, path in sorted(weights, reverse=True))
    print(f"\ncold inbox: {len(asked)} requests, {total:,} bytes\n{told}")
    assert len(asked) <= MOST_REQUESTS, told
    assert total <= MOST_BYTES, told
