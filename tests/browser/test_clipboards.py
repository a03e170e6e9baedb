"""What other programs put on the clipboard, pasted into a message, and what leaves of it; and tables and spaces."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from mailsync import actions
from mailsync.models import Draft
from tests.browser.conftest import Mailbox
from tests.browser.test_pasting import PASTE, PIXEL
from tests.browser.waiting import eventually
from tests.clipboards import DARK_PAGE, EXCEL, LIBREOFFICE, WORD, word_point

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, mailbox: Mailbox) -> Page:
    """With an empty message, and the caret in it."""
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/compose/")
    page.locator(".ProseMirror").click()
    return page


@pytest.fixture
def text(page: Page) -> Locator:
    return page.locator("section.compose .ProseMirror")


def save(page: Page, words: str) -> Draft:
    page.keyboard.press("Control+s")
    eventually("saved", lambda: words in Draft.objects.get().body)
    return Draft.objects.get()


def send(page: Page, mailbox: Mailbox, words: str) -> tuple[str, str]:
    """HTML and text of the message as it leaves."""
    draft = save(page, words)
    actions.save_draft(mailbox.user.pk, draft.pk, draft.version, to="bo@x.test")
    raw = bytes(actions.send(mailbox.user.pk, draft.pk).raw)
    message: EmailMessage = message_from_bytes(raw, policy=policy.default)  # type: ignore[assignment]
    parts = [message.get_body((kind,)) for kind in ("html", "plain")]
    html, plain = (str(part.get_content()).replace("\r\n", "\n") for part in parts if part is not None)
    return html, plain


def test_lists_of_a_word_processor_are_lists(page: Page, text: Locator) -> None:
    points = [(0, 1, "·", "Oars"), (0, 2, "o", "of ash"), (0, 2, "o", "of pine"), (0, 1, "·", "Sails")]
    numbered = [(1, 1, "3.", "Third"), (1, 1, "4.", "Fourth")]
    lists = [*(word_point(*one) for one in points), "<p>Then</p>", *(word_point(*one) for one in numbered)]
    page.evaluate(PASTE, [WORD % "".join(lists), ""])
    expect(text.locator("> ul > li > p")).to_have_text(["Oars", "Sails"])
    expect(text.locator("> ul > li:first-child > ul > li > p")).to_have_text(["of ash", "of pine"])
    expect(text.locator("> ol > li > p")).to_have_text(["Third", "Fourth"])
    expect(text.locator("> ol")).to_have_attribute("start", "3")
    expect(text).not_to_contain_text("·")


def test_black_is_not_a_colour_and_styles_within_each_other_add_up(page: Page, text: Locator) -> None:
    page.evaluate(PASTE, [WORD % "", ""])
    expect(text.get_by_text("Black as all words")).to_have_js_property("tagName", "P")
    red = text.get_by_text("red", exact=True)
    expect(red).to_have_css("color", "rgb(192, 0, 0)")
    expect(red).to_have_css("font-family", '"Times New Roman"')
    expect(text.locator("mark")).to_have_text("marked")


def test_words_of_libreoffice_keep_what_font_elements_say(page: Page, text: Locator) -> None:
    page.evaluate(PASTE, [LIBREOFFICE, ""])
    expect(text.get_by_text("red", exact=True)).to_have_css("color", "rgb(201, 33, 30)")
    larger = text.get_by_text("larger", exact=True)
    expect(larger).to_have_css("font-size", "18.6667px")
    expect(larger).to_have_css("font-family", '"Liberation Serif", serif')
    expect(text.locator("mark")).to_have_text("marked")


def test_words_of_a_dark_page_do_not_vanish_on_paper(page: Page, text: Locator) -> None:
    page.evaluate(PASTE, [DARK_PAGE, ""])
    expect(text.get_by_text("salmon")).to_have_css("color", "rgb(255, 123, 114)")
    assert text.locator("p").first.evaluate("p => p.querySelectorAll('[style]').length") == 1
    expect(text.get_by_text("white in")).to_have_css("color", "rgb(255, 255, 255)")
    expect(text.locator("td")).to_have_css("background-color", "rgb(13, 17, 23)")


def test_cells_look_as_their_sheet_says(page: Page, text: Locator, mailbox: Mailbox) -> None:
    page.evaluate(PASTE, [EXCEL, PIXEL])
    cells = text.locator("td")
    expect(cells).to_have_text(["Item", "Price", "Oars", "12,50"])
    expect(cells.nth(0)).to_have_css("background-color", "rgb(255, 192, 0)")
    expect(cells.nth(0).locator("strong")).to_have_count(1)
    expect(cells.nth(3)).to_have_css("color", "rgb(255, 0, 0)")
    expect(cells.nth(3)).to_have_css("text-align", "center")
    html, plain = send(page, mailbox, "Oars")
    assert "rgb(255, 192, 0)" in html
    assert plain.startswith("Item Price\nOars 12,50")


def test_a_table_has_lines_for_others_too(page: Page, mailbox: Mailbox) -> None:
    page.get_by_role("button", name="Table", exact=True).click()
    page.keyboard.type("Oars")
    page.keyboard.press("Tab")
    page.keyboard.type("4")
    html, plain = send(page, mailbox, ">4<")
    assert html.count("border: 1px solid") == 9
    assert "border-collapse: collapse" in html
    assert plain.startswith("Oars 4")


def test_plain_lines_keep_their_spaces_until_they_are_read(page: Page, text: Locator, mailbox: Mailbox) -> None:
    page.evaluate(PASTE, ["", "", "if wind:\r\n    reef  2\r\n\tsail\r\n\r\nelse:\r\n"])
    expect(text.locator("p").first).to_have_text(re.compile("sail"))
    page.keyboard.type("  wait")
    html, plain = send(page, mailbox, "wait")
    html = html.replace("&nbsp;", "\xa0")
    assert "<p>if wind:<br>\xa0\xa0\xa0 reef\xa0 2<br>\xa0\xa0\xa0 sail</p><p>else:\xa0 wait</p>" in html
    # RFC 3676 §4.4: a line that begins with a space has one more.
    assert plain.startswith("if wind:\n     reef  2\n     sail\n\nelse:  wait")


def test_empty_lines_of_a_mail_program_are_empty_lines(page: Page, text: Locator) -> None:
    page.evaluate(PASTE, ["<div>One<div><br></div><div>two</div><p><br></p><p>three</p></div>", ""])
    expect(text.locator("> p:not(.is-empty)").first).to_have_text("One")
    lines = text.evaluate("text => [...text.querySelectorAll('p')].map((line) => line.textContent)")
    assert lines[:5] == ["One", "", "two", "", "three"]
    assert text.evaluate("text => text.querySelectorAll('br:not(.ProseMirror-trailingBreak)').length") == 0


def test_a_list_begins_with_its_first_number_and_not_with_a_date(page: Page, text: Locator) -> None:
    page.keyboard.type("3. October")
    page.keyboard.press("Enter")
    page.keyboard.type("1. Oars")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("of ash")
    expect(text.locator("> p").first).to_have_text("3. October")
    expect(text.locator("> ol > li > p")).to_have_text(["Oars"])
    expect(text.locator("> ol > li > ol > li > p")).to_have_text(["of ash"])


def test_a_draft_that_is_opened_again_has_its_spaces(page: Page, text: Locator, mailbox: Mailbox) -> None:
    page.keyboard.type("One   two")
    draft = save(page, "two")
    page.goto(f"{mailbox.url}/d/{draft.pk}/")
    expect(text.locator("p").first).to_have_text(re.compile("One"))
    assert text.locator("p").first.inner_text().replace("\xa0", " ") == "One   two"


def test_room_for_an_answer_is_made_within_a_quote(page: Page, text: Locator) -> None:
    page.keyboard.type("> Tea at four. And cake?")
    for _letter in "And cake?":
        page.keyboard.press("ArrowLeft")
    # The browser moves the caret, and the editor hears of it later.
    page.wait_for_function("() => document.querySelector('.ProseMirror').editor.state.selection.from === 15")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Gladly.")
    expect(text.locator("> blockquote")).to_have_text(["Tea at four. ", "And cake?"])
    expect(text.locator("> blockquote + p").first).to_have_text("Gladly.")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(text.locator("> blockquote")).to_have_count(1)


def test_the_key_for_links_opens_one_form_which_takes_a_link_away_too(page: Page, text: Locator) -> None:
    page.keyboard.type("See ")
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Address of the link")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.type("nordlicht.example")
    page.keyboard.press("Enter")
    expect(text.locator("a")).to_have_attribute("href", "https://nordlicht.example")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Address of the link")).to_have_value("https://nordlicht.example")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    expect(text.locator("a")).to_have_count(0)
    expect(text.locator("p").first).to_have_text("See nordlicht.example")
