"""The composer's menu of emoji under a person's hands."""

from playwright.sync_api import Browser, expect

from mailsync import actions
from tests.browser.conftest import Mailbox
from tests.browser.test_templates import begin


def test_found_by_name_put_at_the_caret_and_offered_first_the_next_time(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    window = begin(page)
    words = window.locator(".ProseMirror")
    words.click()
    page.keyboard.type("Well done!")
    page.keyboard.press("Home")
    window.get_by_role("button", name="Insert an emoji").click()
    menu = window.get_by_role("dialog", name="Emoji")
    box = menu.get_by_role("searchbox")
    expect(box).to_be_focused()
    expect(menu.get_by_role("button", name="grinning face", exact=True)).to_be_visible()
    box.fill("trophy")
    expect(menu.locator("[data-emoji]")).to_have_count(1)
    box.press("Enter")
    expect(menu).to_be_hidden()
    expect(words).to_have_text("🏆Well done!")
    expect(words).to_be_focused()
    page.keyboard.type(" ")
    expect(words).to_have_text("🏆 Well done!")

    window.get_by_role("button", name="Insert an emoji").click()
    last = menu.get_by_role("group", name="Used last").get_by_role("button")
    expect(last).to_have_count(1)
    expect(last).to_have_text("🏆")
    expect(box).to_have_value("")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(window).to_be_visible()


def test_it_comes_where_the_caret_went_just_before_the_button_was_pressed(chromium: Browser, mailbox: Mailbox) -> None:
    """On a busy device a key and a press are both told before the browser tells that the caret has moved."""
    page = mailbox.inbox(chromium)
    window = begin(page)
    words = window.locator(".ProseMirror")
    words.click()
    page.keyboard.type("Well done!")
    button = window.get_by_role("button", name="Insert an emoji")
    button.evaluate(
        """(button) => {
          getSelection().modify("move", "backward", "lineboundary");
          button.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
          button.focus();
          button.click();
        }"""
    )
    window.get_by_role("dialog", name="Emoji").get_by_role("button", name="grinning face", exact=True).click()
    expect(words).to_have_text("😀Well done!")


def test_by_arrows_and_several_with_shift(chromium: Browser, mailbox: Mailbox) -> None:
    draft = actions.start_draft(mailbox.user.pk)
    actions.save_draft(mailbox.user.pk, draft.pk, draft.version, is_html=False, body="Party: \n")
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/d/{draft.pk}/")
    page.locator("section.compose.scripted").wait_for()
    area = page.locator("[data-plain]")
    area.evaluate("area => { area.focus(); area.setSelectionRange(7, 7); }")
    page.get_by_role("button", name="Insert an emoji").click()
    menu = page.get_by_role("dialog", name="Emoji")
    faces = menu.get_by_role("group", name="Faces").get_by_role("button")
    expect(faces.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(faces.first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(faces.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(faces.nth(1)).to_be_focused()
    page.keyboard.press("Shift+Enter")
    expect(faces.nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(menu).to_be_hidden()
    expect(area).to_have_value("Party: 😃😀\n")
    expect(area).to_be_focused()
