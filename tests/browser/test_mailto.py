"""Links to addresses on any web page: Heron offers to open them, and the browser hands them over."""

import pytest
from playwright.sync_api import Browser, expect

from mailsync.models import Draft
from tests.browser.conftest import Mailbox

pytestmark = pytest.mark.browser

_NOTED = "navigator.registerProtocolHandler = (scheme, url) => { window.noted = [scheme, url]; };"


def test_addresses_on_other_pages_are_opened_here_where_one_says_so(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium)
    page.add_init_script(_NOTED)
    page.goto(f"{mailbox.url}/settings/writing/")
    page.get_by_role("button", name="Open them in Heron").click()
    scheme, url = page.evaluate("window.noted")
    assert scheme == "mailto"
    page.goto(url.replace("%s", "mailto%3Abo%40x.test%3Fsubject%3DTea"))
    expect(page.get_by_label("Subject")).to_have_value("Tea")
    assert Draft.objects.get().to == "bo@x.test"
