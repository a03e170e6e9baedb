"""A message attached to a message, opened in place and closed again."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Mailbox
from tests.web.mail import store
from tests.web.test_nested import RAW


def test_it_opens_below_the_files_and_closes(chromium: Browser, mailbox: Mailbox) -> None:
    message = store(mailbox.user, RAW, mailbox.folders["INBOX"])
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    tile = page.locator("[data-nested]")
    tile.click()
    inside = page.frame_locator(".nested iframe.fitted")
    expect(inside.get_by_text("Eve <eve@evil.test>")).to_be_visible()
    expect(inside.get_by_text("html", exact=True)).to_be_visible()
    expect(tile).to_have_attribute("aria-expanded", "true")
    tile.click()
    expect(page.locator(".nested")).to_have_count(0)
    expect(tile).to_have_attribute("aria-expanded", "false")
