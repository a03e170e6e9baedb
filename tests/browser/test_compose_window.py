"""The window in which one writes: what it says of itself, and how its files stand. Chromium against the site."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Mailbox

pytestmark = pytest.mark.browser


def _begin(page: Page, mailbox: Mailbox) -> Locator:
    page.goto(mailbox.url)
    page.get_by_role("link", name="New message").click()
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    return window


def test_a_long_subject_leaves_the_word_that_all_is_saved_whole(chromium: Browser, mailbox: Mailbox) -> None:
    window = _begin(mailbox.page(chromium), mailbox)
    window.get_by_label("Subject").fill("Minutes of the meeting about the new boathouse " * 8)
    saved = window.locator("[data-saved]")
    expect(saved).to_contain_text("Saved ", timeout=8000)
    # Beside what it would be alone: a fraction of a pixel less is an ellipsis.
    widths = saved.evaluate("""(one) => {
      const alone = one.cloneNode(true);
      alone.style.flex = "none";
      one.after(alone);
      const both = [one, alone].map((each) => each.getBoundingClientRect().width);
      alone.remove();
      return both;
    }""")
    assert widths[0] == pytest.approx(widths[1], abs=0.01)


def test_a_complaint_about_recipients_goes_when_they_are_changed(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium)
    window = _begin(page, mailbox)
    window.get_by_label("Subject").fill("Boats")
    alert = window.get_by_role("alert")
    send = window.get_by_role("button", name="Send", exact=True).locator("visible=true")
    send.click()
    expect(alert).to_have_text("Add at least one recipient.")
    window.get_by_role("combobox", name="To").press_sequentially("bo,")
    expect(alert).to_have_count(0)
    send.click()
    expect(alert).to_contain_text("“bo” is not an email address.")
    window.locator(".ProseMirror").click()
    page.keyboard.type("It stays while the words change.")
    expect(alert).to_have_count(1)
    window.get_by_role("button", name="Remove bo").click()
    expect(alert).to_have_count(0)
    mailbox.complaints.clear()  # of the two answers that refuse


def test_files_that_are_picked_together_stay_in_their_order(
    chromium: Browser, mailbox: Mailbox, tmp_path: Path
) -> None:
    page = mailbox.page(chromium)
    window = _begin(page, mailbox)
    draft = window.get_attribute("data-draft")
    names = ["1-start.jpg", "2-buoy.jpg", "3-finish.jpg"]
    for name in names:
        (tmp_path / name).write_bytes(bytes(2_000_000 if name == names[0] else 20))  # arrives last
    window.locator("[data-picker]").set_input_files([tmp_path / name for name in names])
    tiles = window.locator("[data-file] b")
    expect(tiles).to_have_text(names)
    window.get_by_label("Subject").fill("The regatta")
    expect(window.locator("[data-saved]")).to_contain_text("Saved ", timeout=8000)
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    page.goto(f"{mailbox.url}/d/{draft}/")
    expect(page.locator("[data-file] b")).to_have_text(names)
