"""The keys of each preset, and none while something is typed or where they are switched off. Chromium and the site."""

import re

from playwright.sync_api import Browser, Page, expect

from accounts import preferences
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import subjects


def first_row(page: Page) -> str:
    page.locator(".row").first.focus()
    return str(page.locator(".row").first.get_attribute("id"))


def test_the_keys_of_gmail(chromium: Browser, mailbox: Mailbox) -> None:
    preferences.save(mailbox.user, keys="gmail")
    page = mailbox.inbox(chromium)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("These are the keys of Gmail.")
    expect(page.locator("#help dl div", has_text="Mark as unread")).to_have_text(re.compile(r"Shift\s*U"))
    page.keyboard.press("Escape")
    name = first_row(page)
    page.keyboard.press("Enter")
    expect(page.locator(f"#{name}")).not_to_have_class(re.compile("unread"))
    page.keyboard.press("Shift+U")
    expect(page.locator(f"#{name}")).to_have_class(re.compile("unread"))
    page.keyboard.press("Shift+I")
    expect(page.locator(f"#{name}")).not_to_have_class(re.compile("unread"))
    page.keyboard.press("*")
    page.keyboard.press("a")
    expect(page.locator("#selcount")).to_have_text(re.compile(r"^\d{2,} selected"))
    page.keyboard.press("*")
    page.keyboard.press("n")
    expect(page.locator("#list")).not_to_have_class(re.compile("picking"))
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Mark as unread")).to_contain_text("Shift+U")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("heading", name="Sent", exact=True)).to_be_visible()


def test_the_keys_of_outlook(chromium: Browser, mailbox: Mailbox) -> None:
    preferences.save(mailbox.user, keys="outlook")
    page = mailbox.inbox(chromium)
    first, second = subjects(page)[:2]
    first_row(page)
    page.keyboard.press("Insert")
    expect(page.locator(".row").first).to_have_class(re.compile("flagged"))
    page.keyboard.press("j")
    expect(page.locator(".row a.subj").first).to_have_text(second)
    page.keyboard.press("Control+z")
    expect(page.locator(".row a.subj").first).to_have_text(first)
    first_row(page)
    page.keyboard.press("Delete")
    expect(page.locator(".row a.subj").first).to_have_text(second)
    page.keyboard.press("n")
    expect(page.locator("section.compose")).to_be_visible()


def test_nothing_is_done_while_something_is_typed_or_where_keys_are_off(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    first_row(page)
    page.keyboard.press("/")
    page.keyboard.type("e#!umzg s")
    expect(page.locator("#q")).to_have_value("e#!umzg s")
    assert subjects(page) == before
    preferences.save(mailbox.user, shortcuts=False, keys="gmail")
    page = mailbox.inbox(chromium)
    first_row(page)
    for key in ("e", "#", "Delete", "!", "Shift+U", "c", "g", "s", "?", "*", "a"):
        page.keyboard.press(key)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".row").nth(1)).to_be_focused()
    assert subjects(page) == before
    expect(page.locator("section.compose, #help[open]")).to_have_count(0)
    expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
    # The sheet can be opened all the same, and says what is left.
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.locator("#help")).to_contain_text("Single keys are switched off")
