"""Snooze, mute, pin and copy under a person's hands. Chromium against the running site; the test is the scheduler."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Browser, expect

from mailsync.engine import waking
from mailsync.models import Snooze, Thread
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import row, subjects

_HEAR = """() => {
  window.heard = 0;
  document.addEventListener("heron:event", () => { window.heard += 1; });
}"""


def test_what_is_put_off_comes_back_on_top(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    first, second, third = subjects(page)[:3]
    page.locator(".row").nth(1).focus()
    page.keyboard.press("b")
    page.get_by_role("menuitem", name=re.compile("Tomorrow")).click()  # the one that every day of the week has
    expect(page.locator(".toast")).to_contain_text("snoozed until")
    assert subjects(page)[:2] == [first, third]
    page.evaluate(_HEAR)
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    assert subjects(page)[:2] == [first, second]
    # What the server says of it comes by, and is taken up: no new mail is announced.
    page.wait_for_function("window.heard > 0")
    page.wait_for_timeout(1000)
    expect(page.locator("#live")).to_have_text("")

    page.locator(".row").nth(1).focus()
    page.keyboard.press("b")
    soon = timezone.localtime() + timedelta(days=3)
    page.locator("#snoozeat").fill(soon.strftime("%Y-%m-%dT07:30"))
    page.locator(".menu .at").get_by_role("button", name="Snooze").click()
    expect(page.locator(".toast")).to_contain_text("07:30")
    with page.expect_response("**/events?*"):
        page.goto(page.url)
    page.locator("#tree a", has_text="Snoozed").click()
    waiting = row(page, second)
    expect(waiting.locator(".chip").first).to_have_text(re.compile(r"Until .*07:30"))
    page.locator("#tree a[data-role=inbox]").click()
    expect(page.locator("#list h1")).to_have_text("Inbox")
    page.mouse.move(1200, 500)
    Snooze.objects.update(until=timezone.now() - timedelta(seconds=1))
    waking.wake(mailbox.folders["INBOX"].account_id)
    expect(page.locator(".row a.subj").first).to_have_text(second)
    expect(page.locator(".row").first).to_have_class(re.compile("unread"))
    expect(page.locator(".row .chip").first).to_have_text("Back from snooze")


def test_pin_mute_and_copy_from_the_row_s_menu(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    page.locator(".row").nth(3).click(button="right")
    page.get_by_role("menuitem", name="Pin to the top").click()
    expect(page.locator("[data-group=pinned] .row a.subj")).to_have_text(before[3])
    assert subjects(page)[:2] == [before[3], before[0]]
    page.reload()
    expect(page.locator("[data-group=pinned] .row a.subj")).to_have_text(before[3])
    page.locator(".row").first.click(button="right")
    page.get_by_role("menuitem", name="Unpin").click()
    expect(page.locator("[data-group=pinned]")).to_have_count(0)
    expect(page.locator(".row").nth(3).locator("a.subj")).to_have_text(before[3])

    page.locator(".row").nth(2).click(button="right")
    page.get_by_role("menuitem", name="Copy to…").click()
    page.keyboard.type("recei")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("copied to Receipts")
    assert subjects(page)[:5] == before[:5]

    page.locator(".row").nth(2).focus()
    page.keyboard.press("m")
    expect(page.locator(".toast").last).to_contain_text("Conversation muted")
    assert before[2] not in subjects(page)
    assert Thread.objects.filter(muted=True).count() == 1
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(page.locator(".row").nth(2).locator("a.subj")).to_have_text(before[2])
    assert not Thread.objects.filter(muted=True).exists()
