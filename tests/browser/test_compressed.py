"""A browser reads what it is sent compressed, padding and all."""

from playwright.sync_api import Browser

from tests.browser.conftest import Mailbox


def test_a_page_comes_by_zstd_and_is_whole(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium)
    with page.expect_response(lambda answer: "/f/" in answer.url) as answered:
        page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    assert answered.value.header_value("content-encoding") == "zstd"
    assert page.content().rstrip().endswith("</html>")
    read = page.evaluate("async (url) => (await (await fetch(url)).text())", page.url)
    assert read.rstrip().endswith("</html>")
