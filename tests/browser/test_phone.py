"""The mailbox on a phone, under a finger. Chromium against the running site."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import PHONE, row, subjects
from tests.browser.waiting import eventually


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_one_pane_and_back_returns_to_the_same_place(
    width: int, chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium, **{**PHONE, "viewport": {"width": width, "height": 800}})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    line = row(page, "Re: Keys for the boathouse")
    line.scroll_into_view_if_needed()
    top = page.locator("#rows").evaluate("(box) => box.scrollTop")
    line.tap()
    expect(page.locator("#subject")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.go_back()
    expect(page.locator("#list")).to_be_visible()
    assert abs(page.locator("#rows").evaluate("(box) => box.scrollTop") - top) < 90
    row(page, "Hafenblatt: the lock closes for a week").tap()
    frame = page.locator("iframe[data-frame].fitted")
    expect(frame).to_be_visible()
    inside = frame.evaluate("(frame) => frame.contentDocument.documentElement.scrollWidth - frame.clientWidth")
    assert inside <= 1 or width < 390, "a letter of 600 pixels is shown whole"
    box = frame.bounding_box()
    assert box
    assert box["x"] + box["width"] <= width
    page.go_back()
    page.locator(".only-phone[data-drawer-open]").tap()
    page.locator("#tree a", has_text="Archive").tap()
    expect(page.locator("#list h1")).to_have_text("Archive")
    expect(page.locator("#app")).not_to_have_attribute("data-drawer", "open")


def test_a_finger_sweeps_a_row_into_the_archive(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    first, second = subjects(page)[:2]
    page.locator(".row").first.evaluate("""async (row) => {
        await import("heron/mail/swipe"); // loaded after the page
        const send = (type, x) => row.dispatchEvent(new PointerEvent(type, {
            bubbles: true, pointerId: 5, pointerType: "touch", clientX: x, clientY: 200,
        }));
        row.setPointerCapture = () => {};
        send("pointerdown", 60);
        for (let x = 70; x <= 320; x += 25) send("pointermove", x);
        send("pointerup", 320);
    }""")
    expect(page.locator(".toast")).to_contain_text("archived")
    expect(page.locator(".row a.subj").first).to_have_text(second)
    assert first not in subjects(page)


def test_a_phone_on_its_side_names_senders_and_its_buttons_do_not_overlap(chromium: Browser, mailbox: Mailbox) -> None:
    """The same room has a desktop's window at 200 %."""
    page = mailbox.inbox(chromium, viewport={"width": 720, "height": 450})
    row = page.locator(".row").nth(1)
    assert row.locator(".from").evaluate("each => each.clientWidth") >= 100
    assert row.locator(".av").evaluate("each => each.offsetHeight") < row.evaluate("each => each.offsetHeight")
    row.click()
    buttons = page.locator("#readform button").locator("visible=true")
    expect(buttons.first).to_be_visible()
    for button in buttons.all():
        assert button.evaluate("each => each.scrollWidth - each.clientWidth") == 0


def test_what_is_said_of_a_message_is_not_squeezed_by_its_buttons(chromium: Browser, mailbox: Mailbox) -> None:
    """A tablet's reading pane is as narrow as a phone."""
    page = mailbox.inbox(chromium, viewport={"width": 900, "height": 700})
    page.locator(".row", has_text="Hafenblatt").first.click()
    said = page.locator(".msg .note .grow").first
    expect(said).to_be_visible()
    assert said.evaluate("each => each.clientWidth") >= 300


#: iOS lays its keyboard over the page and tells of it by the visual viewport alone.
KEYBOARD = """async () => {
  await import("heron/keyboard");
  Object.defineProperty(visualViewport, "height", { get: () => 440 });
  visualViewport.dispatchEvent(new Event("resize"));
}"""


def test_folders_are_chosen_without_a_keyboard_and_found_above_it(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    page.locator("[data-do=select-all]").tap()
    page.locator("#selbar [popovertarget=move]").tap()
    menu = page.locator("#move")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.locator("#movefind").tap()
    page.evaluate(KEYBOARD)
    page.locator("#movefind").fill("boat")
    for part in (menu, page.locator("#movefind"), menu.get_by_role("menuitem", name="Boathouse")):
        box = part.bounding_box()
        assert box
        assert 0 <= box["y"] <= box["y"] + box["height"] <= 440
    menu.get_by_role("menuitem", name="Boathouse").tap()
    expect(page.locator(".toast")).to_contain_text("moved")


def test_what_is_written_with_and_the_list_stand_above_the_keyboard(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    page.locator("#q").tap()
    page.locator("#suggest [role=option]").first.wait_for()
    page.evaluate(KEYBOARD)
    offered, rows = page.locator("#suggest").bounding_box(), page.locator("#rows").bounding_box()
    assert offered
    assert rows
    assert offered["y"] + offered["height"] <= 440
    assert rows["y"] + rows["height"] <= 440
    page.locator("#q").blur()
    page.locator(".fab").tap()
    page.locator(".compose .ProseMirror").wait_for()
    tools = page.locator(".compose .fmt").bounding_box()
    assert tools
    assert tools["y"] + tools["height"] <= 440


def test_no_sheet_outlives_the_conversation_it_is_about(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    row(page, "Hafenblatt").first.tap()
    page.locator(".dock [popovertarget=move]").tap()
    expect(page.locator("#move")).to_be_visible()
    page.go_back()
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator("#move")).to_be_hidden()


def test_a_file_that_is_added_is_seen_to_be(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    page.locator(".fab").tap()
    page.locator(".compose .ProseMirror").tap()
    for _ in range(30):
        page.keyboard.press("Enter")
    page.locator(".compose .ProseMirror p").first.scroll_into_view_if_needed()
    page.locator("[data-picker]").set_input_files({"name": "boat.txt", "mimeType": "text/plain", "buffer": b"Hilde"})
    expect(page.locator(".cfiles .file", has_text="boat.txt")).to_be_in_viewport()


def test_the_icon_of_an_installed_heron_counts_what_is_unread(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, **PHONE)
    page.add_init_script(
        "navigator.setAppBadge = (count) => { sessionStorage.setItem('badge', count); return Promise.resolve(); };"
    )
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    unread = page.locator("#unreadbadge").text_content()
    assert int(unread or 0) > 0
    eventually("the badge", lambda: page.evaluate("sessionStorage.getItem('badge')") == unread)
