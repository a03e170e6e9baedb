"""Who writes into a conversation is told of what comes into it meanwhile."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from mailsync.models import Draft
from tests.browser.conftest import Mailbox
from tests.browser.open_conversation import LONG, PHONE, answer, card, conversation, is_seen, opened
from tests.browser.waiting import eventually


def reply(page: Page) -> Any:
    window = page.locator("section.compose")
    page.locator("#main [data-compose][href*='mode=reply&']:visible").last.click()
    window.locator(".ProseMirror").click()
    page.keyboard.type("As I was saying")
    return window


def test_who_writes_is_told_that_somebody_has_answered_meanwhile(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    window = reply(page)
    before = window.locator(".ProseMirror p").first.bounding_box()
    third = answer(mailbox, first)
    note = window.locator(".meanwhile")
    expect(note).to_contain_text("New in this conversation: Bert Haller")
    assert window.locator(".ProseMirror p").first.bounding_box() == before
    page.keyboard.type(", yes")
    expect(window.locator(".ProseMirror")).to_contain_text("As I was saying, yes")
    answer(mailbox, first, from_name="Cleo")
    expect(note).to_contain_text("Bert Haller, Cleo")
    note.get_by_role("button", name="Show").click()
    expect(card(page, third)).to_be_focused()
    eventually("it is read", lambda: is_seen(third))
    expect(note).to_have_count(0)
    expect(window.locator(".ProseMirror")).to_contain_text("As I was saying, yes")


def test_who_begins_to_write_before_the_answer_is_read_is_told_too(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    answer(mailbox, first)
    expect(page.locator("#newcards")).to_be_visible()
    window = reply(page)
    expect(window.locator(".meanwhile")).to_contain_text("New in this conversation: Bert Haller")
    page.locator(".row a.subj", has_text="Draft of the members").click()
    expect(page.locator("#subject")).to_contain_text("Draft of the members")
    expect(window.locator(".meanwhile")).to_have_count(0)


def test_on_a_phone_a_window_that_covers_the_answer_says_so_and_makes_room(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>Short</p>")
    page = opened(mailbox, chromium, first, **PHONE)
    window = reply(page)
    third = answer(mailbox, first)
    note = window.locator(".meanwhile")
    expect(note).to_contain_text("Bert Haller")
    page.wait_for_timeout(1300)
    assert not is_seen(third), "it lies under what is being written"
    note.get_by_role("button", name="Show").tap()
    expect(window).to_have_count(0)
    eventually("it is read", lambda: is_seen(third))
    assert Draft.objects.filter(user=mailbox.user, original=second.message).exists()
