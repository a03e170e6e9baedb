"""Searching with the box at the top: matches are marked, and a hint narrows the search, without leaving the page."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Mailbox


def test_a_search_is_marked_and_narrowed(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.locator("#q").fill("letter")
    page.locator("#q").press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=letter$"))
    expect(page.locator("#grid mark").first).to_be_visible()
    expect(page.locator(".hints .chip").first).to_be_visible()
    page.locator(".hints .chip", has_text="Unread").click()
    expect(page).to_have_url(re.compile(r"is%3Aunread"))
    expect(page.locator("#grid .row").first).to_be_visible()


def test_a_search_is_saved_and_opened_from_the_column(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/search/?q=letter")
    page.locator("summary", has_text="Save this search").click()
    page.locator("#searchbar input[name=name]").fill("Letters")
    page.locator("#searchbar").get_by_role("button", name="Save", exact=True).click()
    saved = page.locator("#tree a[data-key=saved]")
    expect(saved).to_have_attribute("aria-current", "page")
    page.locator(".hints .chip", has_text="Unread").click()
    expect(saved).not_to_have_attribute("aria-current", "page")
    saved.click()
    expect(page.locator("#searchbar")).to_contain_text("Saved as “Letters”")
    expect(saved).to_have_attribute("aria-current", "page")
    page.locator("#searchbar").get_by_role("button", name="Remove").click()
    expect(saved).to_have_count(0)
