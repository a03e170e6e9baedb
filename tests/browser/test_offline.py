"""Without a connection: what is done waits, is counted, and reaches the server later. Chromium against the site."""

from playwright.sync_api import Browser, expect

from mailsync.models import Act, Placement
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import subjects


def test_what_is_done_offline_is_sent_once_the_line_is_back(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    inbox = mailbox.folders["INBOX"]
    first, second, third = subjects(page)[:3]
    page.context.set_offline(True)
    state = page.locator("#syncstate")
    expect(state).to_have_text("You are offline.")
    for _ in range(2):
        page.locator(".row").first.focus()
        page.keyboard.press("e")
    expect(state).to_have_text("Offline, 2 changes wait")
    assert subjects(page)[0] == third
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(state).to_have_text("Offline, 1 change waits")
    assert subjects(page)[0] == second
    assert not Act.objects.exists()
    page.context.set_offline(False)
    expect(state).not_to_contain_text("Offline")
    expect(page.locator(".row a.subj").first).to_have_text(second)
    archived = Placement.objects.filter(folder__role="archive", shown=True, message__subject=first)
    expect(page.locator("#list")).to_be_visible()
    page.reload()
    assert subjects(page)[0] == second
    assert archived.exists()
    assert Act.objects.count() == 1
    assert Placement.objects.filter(folder=inbox, shown=True, message__subject=second).exists()
    # The errors of the browser's own console are those of the line.
    mailbox.complaints[:] = [text for text in mailbox.complaints if "ERR_INTERNET_DISCONNECTED" not in text]
