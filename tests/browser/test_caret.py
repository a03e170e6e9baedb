"""Where words go that are typed after a touch of the paper. Chromium against the running site."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Mailbox

_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
_TEXT = "(one) => [...one.children].map((part) => part.matches('.orig') ? '[original]' : part.innerText.trim())"


def _answer(chromium: Browser, mailbox: Mailbox, **options: Any) -> Locator:
    page = mailbox.inbox(chromium, **options)
    page.locator(".row a.subj").first.click()
    page.locator("#readform").wait_for()
    page.keyboard.press("r")
    editor = page.locator("section.compose .ProseMirror")
    editor.locator(".orig").wait_for()
    return editor


def _touch_below(editor: Locator) -> None:
    """The paper below all that is written."""
    paper = editor.page.locator("section.compose .cpaper")
    box, last = paper.bounding_box(), editor.locator("> *").last.bounding_box()
    assert box
    assert last
    below = last["y"] + last["height"] + 12
    assert below < box["y"] + box["height"]
    paper.click(position={"x": 60, "y": below - box["y"]})


@pytest.mark.parametrize("options", [{}, _PHONE], ids=["window", "phone"])
def test_who_touches_the_paper_below_a_quoted_letter_answers_above_it(
    options: dict[str, Any], chromium: Browser, mailbox: Mailbox
) -> None:
    editor = _answer(chromium, mailbox, **options)
    keyboard = editor.page.keyboard
    editor.page.locator("section.compose [name=subject]").focus()
    _touch_below(editor)
    keyboard.type("Yes, it is.")
    told = editor.evaluate(_TEXT)
    assert told.index("Yes, it is.") < told.index("[original]")
    # They go on where they were.
    editor.page.locator("section.compose [name=subject]").focus()
    _touch_below(editor)
    keyboard.type(" Gladly.")
    expect(editor.locator("p").first).to_have_text("Yes, it is. Gladly.")


def test_who_writes_below_it_goes_on_there(chromium: Browser, mailbox: Mailbox) -> None:
    editor = _answer(chromium, mailbox)
    keyboard = editor.page.keyboard
    editor.locator("> p").last.click()
    keyboard.type("Below")
    editor.page.locator("section.compose [name=subject]").focus()
    _touch_below(editor)
    keyboard.type(" it.")
    told = editor.evaluate(_TEXT)
    assert told.index("Below it.") > told.index("[original]")
