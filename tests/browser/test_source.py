"""The source of a message: readable on a phone, copied and saved from its page."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Mailbox
from tests.browser.open_conversation import PHONE, conversation


def test_it_wraps_on_a_phone_is_copied_and_saved(chromium: Browser, mailbox: Mailbox) -> None:
    (first,) = conversation(mailbox, f"<p>{'harbour' * 60}</p>")
    page = mailbox.page(chromium, **PHONE, accept_downloads=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{mailbox.url}/m/{first.message_id}/source")
    text = page.locator("#source")
    size = text.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 12
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert text.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    page.get_by_role("button", name="Copy").tap()
    expect(page.locator("#toasts")).to_contain_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Subject: Moorings")
    assert "harbour" * 60 in copied
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save").tap()
    assert saved.value.suggested_filename == "Moorings.eml"
    page.get_by_role("link", name="Back to the message").tap()
    expect(page.locator("#subject")).to_have_text("Moorings")
