"""Recipients as chips: where they stand while the server is still asked about them. Chromium against the site."""

import re

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import Mailbox

pytestmark = pytest.mark.browser


def test_recipients_keep_the_order_in_which_they_were_typed(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium)
    page.goto(mailbox.url)

    held: list[Route] = []
    is_first = re.compile("first")

    def hold(route: Route) -> None:
        held.append(route) if is_first.search(route.request.post_data or "") else route.continue_()

    page.route("**/compose/recipients", hold)
    page.get_by_role("link", name="New message").click()
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    to = window.get_by_role("combobox", name="To")
    for typed in ("first@friends.test", "wrong@", "third@friends.test"):
        to.fill(typed)
        to.press("Enter")
    waiting = window.locator(".rc .av").filter(has_text="…")
    expect(waiting).to_have_count(1)
    held[0].continue_()
    expect(waiting).to_have_count(0)
    expect(window.locator(".rc .who")).to_have_text(["first@friends.test", "wrong@", "third@friends.test"])
