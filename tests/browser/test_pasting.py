"""What is pasted into a message: cells and words before the picture of them, pictures as files of the message."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from mailsync import actions
from mailsync.models import Draft, DraftAttachment
from tests.browser.conftest import Mailbox
from tests.browser.waiting import eventually

pytestmark = pytest.mark.browser

#: A picture of one pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PASTE = """([html, picture, text]) => {
  const data = new DataTransfer();
  if (html) data.setData("text/html", html);
  if (text) data.setData("text/plain", text);
  if (picture) {
    const bytes = Uint8Array.from(atob(picture), (char) => char.charCodeAt(0));
    data.items.add(new File([bytes], "image.png", { type: "image/png" }));
  }
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector("section.compose .ProseMirror").dispatchEvent(event);
}"""


@pytest.fixture
def page(chromium: Browser, mailbox: Mailbox) -> Page:
    """With an empty message."""
    page = mailbox.page(chromium)
    page.goto(mailbox.url)
    page.keyboard.press("c")
    page.locator("section.compose .ProseMirror").click()
    return page


def test_cells_of_a_spreadsheet_are_pasted_and_not_the_picture_of_them(page: Page) -> None:
    page.evaluate(PASTE, ["<table><tr><td>Oars</td><td>4</td></tr></table>", PIXEL])
    text = page.locator("section.compose .ProseMirror")
    expect(text.locator("td")).to_have_text(["Oars", "4"])
    expect(text.locator("img")).to_have_count(0)


def test_a_picture_copied_from_a_page_is_a_picture(page: Page) -> None:
    page.evaluate(PASTE, ['<img src="https://example.org/cat.png" alt="Cat">', PIXEL])
    expect(page.locator("section.compose .ProseMirror img[data-cid]")).to_have_count(1)
    assert DraftAttachment.objects.get().content_type == "image/png"


def test_pictures_within_pasted_words_go_along_as_files(page: Page, mailbox: Mailbox) -> None:
    picture = f'<img src="data:image/png;base64,{PIXEL}">'
    page.evaluate(PASTE, [f"<p>Before {picture} after, and again {picture}</p>", ""])
    with page.expect_response("**/save"):
        expect(page.locator("section.compose .ProseMirror img[data-cid]")).to_have_count(2)
    draft = Draft.objects.get()
    assert draft.attachments.count() == 1
    actions.save_draft(mailbox.user.pk, draft.pk, draft.version, to="bo@x.test")
    raw = bytes(actions.send(mailbox.user.pk, draft.pk).raw)
    assert b"data:image" not in raw
    assert b"Content-ID: <" in raw


def test_a_picture_of_another_message_goes_along_as_a_file(page: Page, mailbox: Mailbox) -> None:
    """Its address is one of this site, which shows nothing to those who get the message."""
    page.evaluate(PASTE, ['<img src="https://example.org/cat.png" alt="Cat">', PIXEL])
    shown = page.locator("section.compose .ProseMirror img[data-cid]")
    address, cid = shown.evaluate("picture => [picture.src, picture.dataset.cid]")
    page.goto(f"{mailbox.url}/compose/")
    page.locator("section.compose .ProseMirror").click()
    page.evaluate(PASTE, [f'<p>Look: <img src="{address}" alt="Cat" data-cid="{cid}"></p>', ""])
    expect(shown).not_to_have_attribute("src", re.compile(re.escape(address.removeprefix(mailbox.url))))
    draft = Draft.objects.latest("pk")
    expect(shown).to_have_attribute("src", re.compile(f"^/d/{draft.pk}/cid/"))
    page.keyboard.press("Control+s")
    eventually("saved", lambda: "Look" in Draft.objects.get(pk=draft.pk).body)
    draft.refresh_from_db()
    name = draft.attachments.get().content_id
    actions.save_draft(mailbox.user.pk, draft.pk, draft.version, to="bo@x.test")
    raw = bytes(actions.send(mailbox.user.pk, draft.pk).raw)
    assert raw.count(b"Content-ID: <") == 1
    assert f"Content-ID: <{name}>".encode() in raw


#: As Google Docs puts it on the clipboard: nothing but styles says what is bold.
_STYLED = """<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1"><p dir="ltr"
style="line-height:1.38;text-align: center;"><span style="font-weight:700;">Oars</span><span style="font-weight:400;">
and </span><span style="font-style:italic;color:#b3261e;">sails</span><span
style="text-decoration:underline;">!</span></p><p style="text-align: center;">In the middle</p></b>"""


def test_what_only_styles_say_is_kept_when_pasted_and_when_opened_again(page: Page, mailbox: Mailbox) -> None:
    """The site's policy allows no styles of a page, the parser's documents included: heron/compose/markup."""
    page.evaluate(PASTE, [_STYLED, ""])
    text = page.locator("section.compose .ProseMirror")
    for _time in ("pasted", "opened again"):
        expect(text.locator("strong")).to_have_text("Oars")
        expect(text.locator("em")).to_have_text("sails")
        expect(text.locator("u")).to_have_text("!")
        expect(text.locator("em span, span em")).to_have_css("color", "rgb(179, 38, 30)")
        expect(text.get_by_text("In the middle")).to_have_css("text-align", "center")
        page.keyboard.press("Control+s")
        eventually("saved", lambda: "Oars" in Draft.objects.get().body)
        page.goto(f"{mailbox.url}/d/{Draft.objects.get().pk}/")


def test_taking_back_does_not_take_back_what_stood_there(page: Page, mailbox: Mailbox) -> None:
    draft = actions.start_draft(mailbox.user.pk)
    actions.save_draft(mailbox.user.pk, draft.pk, draft.version, body='<p style="text-align: right">First words</p>')
    page.goto(f"{mailbox.url}/d/{draft.pk}/")
    text = page.locator("section.compose .ProseMirror")
    text.click()
    page.keyboard.press("Control+z")
    expect(text.locator("p").first).to_have_text("First words")
