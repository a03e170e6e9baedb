"""Waiting for what no event of the browser tells of."""

import time
from collections.abc import Callable

from playwright.sync_api import Page


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
