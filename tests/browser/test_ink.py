"""Colours of words in the editor: legible in the dark theme while one writes, and sent as they were chosen."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from mailsync.models import Draft
from tests.browser.conftest import Mailbox
from tests.browser.test_pasting import PASTE
from tests.browser.waiting import eventually

pytestmark = pytest.mark.browser

#: What is copied elsewhere brings its colours: of words, of grounds, and of words for their ground.
COPIED = """<p id=a><span style="color:#1f3864">Navy words from a document</span></p>
<p id=b><span style="color:rgb(34, 34, 34)">Nearly black <a href="https://a.example">linked</a></span></p>
<p id=c><span style="color:#0000ee"><b>Blue as links once were</b></span></p>
<p id=d>and <span style="background:yellow">marked</span></p>
<table><tr><td style="background:#ffc000">Words on amber</td><td style="background-color:white">on white</td>
<td style="background:#4472c4"><span style="color:#fff">white on blue</span></td>
<td style="background:#111"><span style="color:#ddd">dark already</span></td></tr></table>"""


def contrast(shown: Locator) -> float:
    """By WCAG 2.2, between the lightest and the darkest point that is seen."""
    drawn = Image.open(BytesIO(shown.screenshot())).convert("RGB")
    # Not what is beside it.
    drawn = drawn.crop((2, 2, drawn.width - 2, drawn.height - 2))
    lights = []
    for _count, color in drawn.getcolors(1 << 20) or ():
        red, green, blue = ((one / 255 + 0.055) ** 2.4 / 1.055**2.4 if one > 10 else one / 3295 for one in color)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(lights) / min(lights)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_pasted_colours_are_legible_as_soon_as_they_are_there(theme: str, chromium: Browser, mailbox: Mailbox) -> None:
    page = written(chromium, mailbox, theme)
    page.evaluate(PASTE, [COPIED, ""])
    for words in ("Navy", "Nearly black", "linked", "Blue as", "on amber", "on white", "on blue", "already", "marked"):
        shown = page.locator(".ProseMirror").get_by_text(words)
        assert contrast(shown) > 4.5, words
    page.keyboard.press("Control+s")
    eventually("saved", lambda: "Navy" in Draft.objects.get().body)
    body = Draft.objects.get().body
    assert "background-color: yellow" in body
    for kept in ("color: rgb(31, 56, 100)", "color: rgb(0, 0, 238)", "rgb(255, 192, 0)", "rgb(68, 114, 196)"):
        assert kept in body
    assert "--ink" not in body
    assert "gradient" not in body


def test_the_caret_is_seen_among_dark_words(chromium: Browser, mailbox: Mailbox) -> None:
    page = written(chromium, mailbox, "dark")
    page.evaluate(PASTE, [COPIED, ""])
    expect(page.get_by_text("Navy words")).to_have_css("caret-color", "oklab(0.877367 -0.01121 -0.0699009)")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_chosen_colours_and_highlights_are_legible(theme: str, chromium: Browser, mailbox: Mailbox) -> None:
    page = written(chromium, mailbox, theme)
    for name in ("Red", "Orange", "Green", "Blue", "Violet", "Grey"):
        page.get_by_role("button", name="Text colour").click()
        page.get_by_role("button", name=name, exact=True).click()
        # The editor has the focus in the next frame; what is typed before presses the button.
        expect(page.locator(".ProseMirror")).to_be_focused()
        page.keyboard.type(f"{name} words")
        assert contrast(page.locator(".ProseMirror p").last) > 4.5, name
        page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Highlight").click()
    page.keyboard.press("ArrowRight")
    for marked in page.locator(".ProseMirror mark").all():
        assert contrast(marked) > 4.5, marked.inner_text()


def written(browser: Browser, mailbox: Mailbox, theme: str) -> Page:
    page = mailbox.page(browser, color_scheme=theme)
    page.goto(f"{mailbox.url}/compose/")
    page.locator(".ProseMirror").click()
    return page
