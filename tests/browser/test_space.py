"""What takes the space, of so much mail that it is counted after its page has come."""

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, expect

from mailsync.store import space
from mailsync.store.mail_sums import note_mail
from tests.browser.conftest import Mailbox


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
def test_the_figures_follow_the_page(chromium: Browser, mailbox: Mailbox, scripts: bool) -> None:
    cache.clear()
    note_mail(mailbox.folders["INBOX"].account_id, messages=space.COUNTED_AT_ONCE)
    page = mailbox.page(chromium, java_script_enabled=scripts)
    page.goto(f"{mailbox.url}/settings/storage/space/")
    if not scripts:
        expect(page.get_by_role("heading", name="By sender")).to_have_count(0)
        page.get_by_role("link", name="Count it").click()
    expect(page.get_by_role("heading", name="By sender")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.locator("#main, main").first).to_contain_text("Counted:")
    expect(page.get_by_text("All your mail is looked through")).to_have_count(0)
