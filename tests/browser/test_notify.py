"""New mail told on the desktop, by consent and once. Chromium against the running site."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import _arrive

_STAND_IN = """
    window.told = [];
    window.Notification = class extends EventTarget {
        static permission = "default";
        static async requestPermission() { return (Notification.permission = "granted"); }
        constructor(title, { body }) { super(); window.told.push(`${title}: ${body}`); }
        close() {}
    };
"""


def test_new_mail_is_told_where_it_is_asked_for(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    page.add_init_script(_STAND_IN)
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.locator(".scripted").first.wait_for()
    page.wait_for_timeout(500)  # the stream opens
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.isAway })")
    page.evaluate("window.isAway = true")
    _arrive(mailbox, "Before consent")
    expect(page.locator(".row a.subj").first).to_have_text("Before consent")
    page.locator(".ib-av").click()
    choice = page.get_by_role("menuitemcheckbox", name="Tell me of new mail")
    expect(choice).to_have_attribute("aria-checked", "false")
    choice.click()
    expect(choice).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    page.mouse.move(1200, 500)
    _arrive(mailbox, "After it")
    expect(page.locator(".row a.subj").first).to_have_text("After it")
    page.evaluate("window.isAway = false")
    _arrive(mailbox, "In sight")
    expect(page.locator(".row a.subj").first).to_have_text("In sight")
    page.wait_for_timeout(300)
    assert page.evaluate("window.told") == ["Ada: After it"]
