"""Who writes into a conversation is told of what comes into it meanwhile."""

import re
from typing import Any

from playwright.sync_api import Browser, Page, expect

from mailsync.actions import start_draft
from mailsync.models import Draft, Placement
from tests.browser.conftest import Mailbox
from tests.browser.open_conversation import LONG, PHONE, add, answer, card, conversation, is_seen, opened, tell
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
    page.wait_for_timeout(600)
    note = window.locator(".meanwhile")
    expect(note).to_contain_text("New in this conversation: Bert Haller")  # nobody has looked
    note.get_by_role("button", name="Show").click()
    expect(page.locator("#main .msg")).to_have_count(3)
    expect(note).to_have_count(0)


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


def test_who_writes_beside_a_list_or_another_conversation_is_told(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    window = reply(page)
    page.locator(".row a.subj", has_text="Draft of the members").click()
    expect(page.locator("#subject")).to_contain_text("Draft of the members")
    third = answer(mailbox, first)
    note = window.locator(".meanwhile")
    expect(note).to_contain_text("New in this conversation: Bert Haller")
    page.locator("#subject").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#main .empty")).to_be_visible()
    answer(mailbox, first, from_name="Cleo", from_address="cleo@example.test")
    expect(note).to_contain_text("Bert Haller, Cleo")
    note.get_by_role("button", name="Show").click()
    expect(page.frame_locator(f"#frame-{third.message_id}").locator("body")).to_have_text("Here I am.")
    expect(note).to_have_count(0)
    assert window.get_attribute("data-state") == "min"
    expect(page).to_have_url(re.compile(f"/f/{first.folder_id}/t/{first.thread_id}/"))


def test_an_answer_that_is_read_elsewhere_is_none_any_more(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    draft = start_draft(mailbox.user.pk, "reply", second.message_id)
    page = mailbox.inbox(chromium)
    page.evaluate(
        "(url) => document.dispatchEvent(new CustomEvent('heron:open-draft', { detail: { url } }))", f"/d/{draft.pk}/"
    )
    note = page.locator("section.compose .meanwhile")
    expect(page.locator(".ProseMirror")).to_be_visible()
    page.wait_for_timeout(500)
    expect(note).to_have_count(0)
    third = answer(mailbox, first)
    expect(note).to_contain_text("Bert Haller")
    Placement.objects.filter(pk=third.pk).update(seen=True)
    tell(third)
    expect(note).to_have_count(0)


def test_a_page_of_its_own_says_so_too_and_stays(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    draft = start_draft(mailbox.user.pk, "reply_all", second.message_id)
    add(mailbox, first, from_name="Dora", from_address="dora@example.test")
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    with page.expect_response(lambda told: "/events" in told.url):
        page.goto(f"{mailbox.url}/d/{draft.pk}/")
    note = page.locator("section.compose .meanwhile")
    expect(note).to_contain_text("New in this conversation: Dora")
    page.wait_for_timeout(300)  # the stream listens
    answer(mailbox, first)
    expect(note).to_contain_text("Dora, Bert Haller")
    page.locator(".ProseMirror").click()
    page.keyboard.type("Words")
    with page.context.expect_page() as came:
        note.get_by_role("link", name="Show").click()
    expect(came.value.locator("#main .msg")).to_have_count(4)
    expect(page.locator(".ProseMirror")).to_contain_text("Words")
    expect(note).to_have_count(0)


def test_where_no_answer_is_written_nothing_is_asked(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    other = add(mailbox, None, "<p>Else</p>", subject="Something else")
    page = mailbox.inbox(chromium)
    paths: list[str] = []
    page.on("request", lambda one: paths.append(one.url))
    page.locator("[data-compose]:visible").first.click()
    expect(page.locator(".ProseMirror")).to_be_visible()
    answer(mailbox, first)
    expect(page.locator(f"#t{first.folder_id}-{first.thread_id}")).to_have_class(re.compile("unread"))
    page.wait_for_timeout(600)
    assert not [path for path in paths if "answer" in path]
    page.locator("section.compose [data-write=minimise]").click()
    page.locator(f"#t{first.folder_id}-{first.thread_id}").click()
    page.locator("#main [data-compose][href*='mode=reply&']:visible").last.click()
    expect(page.locator("section.compose")).to_have_count(2)
    page.wait_for_timeout(500)
    tell(other)
    page.wait_for_timeout(900)
    assert not [path for path in paths if path.endswith("/answers")]
    writing = mailbox.page(chromium)
    heard: list[str] = []
    writing.on("request", lambda one: heard.append(one.url))
    writing.goto(f"{mailbox.url}/compose/")
    expect(writing.locator(".ProseMirror")).to_be_visible()
    writing.wait_for_timeout(500)
    assert not [path for path in heard if path.endswith("/answers") or "/events" in path]
    assert second.seen
