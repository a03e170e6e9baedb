"""Every page and state under axe-core: no serious breach of WCAG 2.2 A and AA, in both themes, wide and narrow."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Mailbox
from tests.browser.pages import tour

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
#: "best-practice" brings the landmarks; the frame of a letter is a stranger's work.
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "iframes": False,
    "resultTypes": ["violations"],
}
#: Another theme changes colours and nothing else.
COLOURS = {**OPTIONS, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
#: The pages are many; each part has the time of a test.
PARTS = 4
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}


def breaches(page: Page, screen: str) -> Iterator[str]:
    """In the light theme, and what the dark one changes."""
    for theme, options in (("light", OPTIONS), ("dark", COLOURS)):
        page.emulate_media(color_scheme=theme)
        # Half a megabyte of script: a page that stands has it from the look before.
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(AXE)
        found: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", options)
        for one in found["violations"]:
            if one["impact"] in ("serious", "critical") or one["id"].startswith(("landmark", "region")):
                for node in one["nodes"]:
                    what = f"{screen}, {theme}: {one['id']} ({one['impact']})"
                    yield f"{what}: {node['html'][:160]}\n    {node['failureSummary'][:300]}"


@pytest.mark.parametrize("shape", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_screen_has_a_serious_breach(shape: dict[str, Any], chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **shape, color_scheme="light", reduced_motion="reduce")
    found = [*breaches(page, "inbox")]
    page.locator(".row", has_text="Draft of the members’ letter").first.click()
    page.locator("#subject").wait_for()
    page.locator("iframe[data-frame]").first.wait_for()
    found += breaches(page, "reading")
    page.keyboard.press("c")
    page.locator("section.compose [contenteditable=true]").wait_for()
    found += breaches(page, "compose")
    if shape is WIDE:  # a phone's own keyboard has them
        page.get_by_role("button", name="Insert an emoji").click()
        page.locator("[data-emoji]").first.wait_for()
        found += breaches(page, "emoji")
        page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.goto(f"{mailbox.url}/search/?q=nothing-at-all-like-this")
    found += breaches(page, "search without results")
    for name in ("", "appearance/", "accounts/", "accounts/add/", "security/"):
        page.goto(f"{mailbox.url}/settings/{name}")
        found += breaches(page, f"settings/{name}")
    page.context.clear_cookies()
    page.goto(f"{mailbox.url}/accounts/login/")
    found += breaches(page, "sign-in")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_has_a_serious_breach(part: int, chromium: Browser, mailbox: Mailbox) -> None:
    """Every page wide, then narrow without loading it again: the screen is what the sheets ask about."""
    page = mailbox.page(chromium, **WIDE, reduced_motion="reduce")
    found: list[str] = []
    for name in tour(page, mailbox, slice(part, None, PARTS)):
        for shape in (WIDE, PHONE):
            page.set_viewport_size(shape["viewport"])
            found.extend(breaches(page, f"{name}, {shape['viewport']['width']} px"))
        page.set_viewport_size(WIDE["viewport"])
    assert not found, "\n".join(found)
