"""What the list makes of its room: long subjects, the bar of what is chosen, and the menu of a line."""

from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Mailbox

LONG = "The keys of the boathouse, who paints its door, and all else that was left open last summer"


def edges(what: Locator) -> tuple[float, float]:
    """Where it begins and ends from left to right."""
    box = what.bounding_box()
    assert box
    return box["x"], box["x"] + box["width"]


def top(what: Locator) -> float:
    box = what.bounding_box()
    assert box
    return box["y"]


def test_a_subject_without_marks_has_the_room_below_the_time(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    row = page.locator(".row:has(.ind:empty)").first
    subject = row.locator("a.subj")
    subject.evaluate("(one, words) => { one.textContent = words; }", LONG)
    assert edges(subject)[1] == edges(row.locator("time"))[1]
    # The buttons that come with the pointer are not written over.
    row.hover()
    row.locator(".acts").wait_for()
    assert edges(subject)[1] <= edges(row.locator(".acts"))[0]
    # Marks have their place beside it.
    marked = page.locator(".row:has(.ind > *)").first
    marked.locator("a.subj").evaluate("(one, words) => { one.textContent = words; }", LONG)
    assert edges(marked.locator("a.subj"))[1] < edges(marked.locator(".ind"))[0]


def test_what_is_chosen_stays_under_the_pointer(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    row = page.locator(".row").nth(2)
    before = top(row)
    row.hover()
    row.locator(".pick").click()
    choice = page.locator("#everything")
    expect(choice).to_be_visible()
    assert top(row) == before
    expect(page.locator(".tabs")).to_be_hidden()
    choice.click()
    expect(page.locator("#selcount")).not_to_have_text("1 selected")
    page.keyboard.press("Escape")
    expect(choice).to_be_hidden()
    expect(page.get_by_role("link", name="Flagged").last).to_be_visible()
    assert top(row) == before


def test_the_menu_of_a_line_holds_what_changes_it(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    read = page.locator(".row:not(.unread, .flagged)").first
    read.click(button="right")
    menu = page.locator("#context")
    for value, there in (("flag", True), ("unflag", False), ("read", False), ("unread", True), ("merge", False)):
        expect(menu.locator(f"[value={value}]")).to_be_visible(visible=there)
    menu.locator("[value=unread]").click()
    expect(page.locator(".toast")).to_be_visible()
    # Of several, whatever would change one of them.
    for chosen in (page.locator(".row.unread").first, page.locator(".row:not(.unread)").first):
        chosen.hover()
        chosen.locator(".pick").click()
    page.locator("#selbar [popovertarget=context]").click()
    for value in ("read", "unread", "merge"):
        expect(menu.locator(f"[value={value}]")).to_be_visible()
    # Of a list that is not all here, everything.
    page.keyboard.press("Escape")
    page.locator("#everything").click()
    page.locator("#selbar [popovertarget=context]").click()
    for value in ("flag", "unflag", "pin", "unpin"):
        expect(menu.locator(f"[value={value}]")).to_be_visible()


def test_the_field_of_a_reply_is_one_line_however_long_the_name(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, viewport={"width": 820, "height": 1180})
    page.locator(".row a.subj").first.click()
    field = page.locator(".reply .field")
    field.evaluate("(one, words) => { one.lastChild.textContent = words; }", LONG)
    assert field.evaluate("one => one.scrollHeight <= one.clientHeight && one.scrollWidth > one.clientWidth")
    # Nothing beside it is pushed out.
    forward = page.locator(".reply .btn")
    assert edges(field)[1] < edges(forward)[0]
    assert edges(forward)[1] < 820
