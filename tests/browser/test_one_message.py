"""One message of an open conversation goes by its own menu: the rest stays open, and Undo puts it back in its place."""

import re

from playwright.sync_api import Browser, Page, expect

from accounts import preferences
from mailsync.models import Placement
from tests.browser.conftest import Mailbox
from tests.browser.open_conversation import LONG, add, card, conversation, opened, panes_asked, top_of
from tests.browser.waiting import eventually


def choose(page: Page, placement: Placement, choice: str) -> None:
    card(page, placement).get_by_role("button", name="More for this message").click()
    card(page, placement).get_by_role("menuitem", name=choice).click()


def lies_in(placement: Placement) -> set[str]:
    rows = Placement.objects.filter(message_id=placement.message_id, shown=True)
    return set(rows.values_list("folder__role", flat=True))


def test_the_rest_stays_and_undo_brings_it_back_to_its_place(chromium: Browser, mailbox: Mailbox) -> None:
    first, second, third = conversation(mailbox, "<p>Old</p>", LONG, LONG)
    page = opened(mailbox, chromium, first)
    card(page, second).locator(".line").click()
    expect(page.frame_locator(f"#frame-{second.message_id}").locator("body")).to_contain_text("Line 3 of a long")
    page.locator("#readscroll").evaluate("(box) => { box.scrollTop = 20; }")
    before = top_of(page, first)
    choose(page, second, "Delete this message")
    expect(card(page, second)).to_have_count(0)
    expect(page.locator("#readmeta")).to_have_text("2 messages in Inbox")
    assert abs(top_of(page, first) - before) < 1
    expect(card(page, third).locator(".head > button")).to_be_focused()
    row = page.locator(f"#t{first.folder_id}-{first.thread_id}")
    expect(row).to_have_class(re.compile("current"))
    eventually("it is in the bin", lambda: lies_in(second) == {"trash"})
    page.keyboard.press("z")
    expect(page.locator("#main .msg").nth(1)).to_have_id(f"m{second.message_id}")
    expect(page.frame_locator(f"#frame-{second.message_id}").locator("body")).to_contain_text("Line 3 of a long")
    expect(page.locator("#readmeta")).to_have_text("3 messages in Inbox")
    eventually("it is back", lambda: lies_in(second) == {"inbox"})
    choose(page, second, "Delete this message")
    expect(card(page, second)).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(card(page, second)).not_to_have_class(re.compile("closed"))
    eventually("it is back", lambda: lies_in(second) == {"inbox"})


def test_with_the_newest_the_one_before_has_the_focus_and_is_answered(chromium: Browser, mailbox: Mailbox) -> None:
    first, second, third = conversation(mailbox, "<p>Old</p>", "<p>Middle</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    choose(page, third, "Delete this message")
    expect(card(page, third)).to_have_count(0)
    expect(card(page, second).locator(".line")).to_be_focused()
    expect(page.locator("#main .reply .field")).to_have_attribute("href", re.compile(f"original={second.message_id}$"))
    expect(page.get_by_role("note")).to_have_count(0)


def test_a_letter_that_fills_the_pane_makes_room_for_the_next(chromium: Browser, mailbox: Mailbox) -> None:
    first, second, third = conversation(mailbox, "<p>Old</p>", LONG, LONG)
    page = opened(mailbox, chromium, first)
    card(page, second).locator(".line").click()
    expect(page.locator(f"#frame-{second.message_id}.fitted")).to_be_visible()
    page.wait_for_timeout(300)
    card(page, second).get_by_role("button", name="More for this message").click()
    page.locator("#readscroll").evaluate("(box) => { box.scrollTop = 700; }")
    card(page, second).get_by_role("menuitem", name="Delete this message").click()
    expect(card(page, second)).to_have_count(0)
    view = page.locator("#readscroll").bounding_box()
    assert view
    assert abs(top_of(page, third) - view["y"]) < 16


def test_the_last_one_that_is_left_takes_the_conversation_along(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    choose(page, second, "Delete this message")
    expect(page.locator("#main .msg")).to_have_count(1)
    card(page, first).locator(".line").click()
    choose(page, first, "Delete this message")
    expect(page.locator(f"#t{first.folder_id}-{first.thread_id}")).to_have_count(0)
    expect(page.locator("#reading")).not_to_have_attribute("data-thread", str(first.thread_id))
    eventually("both are in the bin", lambda: lies_in(first) == lies_in(second) == {"trash"})


def test_what_one_has_written_oneself_is_left_open(chromium: Browser, mailbox: Mailbox) -> None:
    (first,) = conversation(mailbox, "<p>Question</p>")
    sent = add(mailbox, first, "<p>My answer</p>", "Sent", seen=True, from_address="anna.berg@nordlicht.example")
    page = opened(mailbox, chromium, first)
    card(page, first).locator(".line").click()
    choose(page, first, "Delete this message")
    expect(card(page, first)).to_have_count(0)
    expect(page.locator("#readmeta")).to_have_text("1 message in Sent")
    expect(card(page, sent)).to_be_visible()
    expect(page.locator(f"#t{first.folder_id}-{first.thread_id}")).to_have_count(0)


def test_moved_elsewhere_it_stays_in_its_conversation_but_not_in_the_bin(chromium: Browser, mailbox: Mailbox) -> None:
    first, second, third = conversation(mailbox, "<p>Old</p>", "<p>Middle</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    choose(page, third, "Move to…")
    page.locator("#move").get_by_role("menuitem", name="Archive").click()
    eventually("it is in the archive", lambda: lies_in(third) == {"archive"})
    assert lies_in(second) == {"inbox"}
    expect(page.locator("#main .msg")).to_have_count(3)
    page.wait_for_timeout(800)
    choose(page, third, "Move to…")
    page.locator("#move").get_by_role("menuitem", name="Bin").click()
    expect(card(page, third)).to_have_count(0)
    expect(page.get_by_role("note")).to_have_count(0)
    eventually("it is in the bin", lambda: lies_in(third) == {"trash"})
    page.keyboard.press("z")
    expect(card(page, third)).to_be_visible()


def test_what_the_server_refuses_comes_back(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    page.route("**/act/", lambda route: route.fulfill(status=409, content_type="text/plain", body="Not today."))
    choose(page, second, "Delete this message")
    expect(page.locator("#toasts")).to_contain_text("Not today.")
    expect(page.frame_locator(f"#frame-{second.message_id}").locator("body")).to_have_text("New")


def test_it_asks_once_how_the_rest_stands(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    asked = panes_asked(page)
    choose(page, second, "Delete this message")
    expect(page.locator("#readmeta")).to_have_text("1 message in Inbox")
    page.wait_for_timeout(1000)
    assert len(asked) == 1


def test_message_by_message_the_list_moves_on_as_ever(chromium: Browser, mailbox: Mailbox) -> None:
    preferences.save(mailbox.user, conversations=False)
    mailbox.user.save()
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = mailbox.inbox(chromium)
    page.locator(f"#p{second.pk}").click()
    choose(page, second, "Delete this message")
    expect(page.locator(f"#p{second.pk}")).to_have_count(0)
    expect(page.locator("#reading")).to_have_attribute("data-row", f"p{first.pk}")


def test_without_scripts_one_comes_back_to_the_rest(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = mailbox.page(chromium, java_script_enabled=False)
    address = f"{mailbox.url}/f/{first.folder_id}/t/{first.thread_id}/"
    page.goto(f"{address}?open={first.message_id}")
    choose(page, second, "Delete this message")
    expect(page).to_have_url(f"{address}?open={first.message_id}")
    expect(page.locator("#main .msg")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#main .msg")).to_have_count(2)
    choose(page, second, "Delete this message")
    choose(page, first, "Delete this message")
    expect(page).to_have_url(f"{mailbox.url}/f/{first.folder_id}/")
