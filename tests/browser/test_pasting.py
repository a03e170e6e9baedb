"""What is pasted into a message: cells and words before the picture of them, pictures as files of the message."""

import pytest
from playwright.sync_api import Browser, Page, expect

from mailsync import actions
from mailsync.models import Draft, DraftAttachment
from tests.browser.conftest import Mailbox

pytestmark = pytest.mark.browser

#: A picture of one pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_PASTE = """([html, picture]) => {
  const data = new DataTransfer();
  if (html) data.setData("text/html", html);
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
    page.evaluate(_PASTE, ["<table><tr><td>Oars</td><td>4</td></tr></table>", PIXEL])
    text = page.locator("section.compose .ProseMirror")
    expect(text.locator("td")).to_have_text(["Oars", "4"])
    expect(text.locator("img")).to_have_count(0)


def test_a_picture_copied_from_a_page_is_a_picture(page: Page) -> None:
    page.evaluate(_PASTE, ['<img src="https://example.org/cat.png" alt="Cat">', PIXEL])
    expect(page.locator("section.compose .ProseMirror img[data-cid]")).to_have_count(1)
    assert DraftAttachment.objects.get().content_type == "image/png"


def test_pictures_within_pasted_words_go_along_as_files(page: Page, mailbox: Mailbox) -> None:
    picture = f'<img src="data:image/png;base64,{PIXEL}">'
    page.evaluate(_PASTE, [f"<p>Before {picture} after, and again {picture}</p>", ""])
    with page.expect_response("**/save"):
        expect(page.locator("section.compose .ProseMirror img[data-cid]")).to_have_count(2)
    draft = Draft.objects.get()
    assert draft.attachments.count() == 1
    actions.save_draft(mailbox.user.pk, draft.pk, draft.version, to="bo@x.test")
    raw = bytes(actions.send(mailbox.user.pk, draft.pk).raw)
    assert b"data:image" not in raw
    assert b"Content-ID: <" in raw
