"""Waiting for what no event of the browser tells of."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect


def eventually(what: str, check: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something on a server that no browser event tells of."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"Not within {seconds:.0f} s: {what}"
        time.sleep(0.3)


def until(page: Page, check: Callable[[], object], seconds: float = 30) -> None:
    """Wait while the page's own events, and routes of the test, go on."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"Not within {seconds:.0f} s"
        page.wait_for_timeout(20)


def at_the_door(page: Page) -> None:
    """Wait for the page to sign in on. Signing out may set out for it twice, and Chromium calls the first way cut."""
    expect(page.locator("input[name=password]")).to_be_visible()
    assert "/accounts/login/" in page.url
