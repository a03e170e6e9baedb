"""All of a long folder at once, and the page of activity. Chromium against the running site; the test is the worker."""

import re

from playwright.sync_api import Browser, expect

from mailsync.engine import long_acts
from mailsync.models import Act
from tests.browser.conftest import Mailbox


def test_all_of_a_folder_is_archived_with_progress_and_taken_back(chromium: Browser, mailbox: Mailbox) -> None:
    inbox = mailbox.folders["INBOX"]
    total = inbox.thread_rows.count()
    page = mailbox.inbox(chromium)
    expect(page.locator("#grid")).to_have_attribute("aria-rowcount", str(total))
    page.wait_for_timeout(500)  # the stream opens
    page.locator(".row").first.focus()
    page.keyboard.press("*")
    everything = page.get_by_text(f"Select all {total} in Inbox")
    everything.click()
    expect(page.locator("#selcount")).to_have_text(f"{total} selected")
    page.keyboard.press("e")
    strip = page.locator(".work")
    expect(strip).to_contain_text("archived")
    act = Act.objects.get()
    long_acts.SLICE_ROWS, kept = 20, long_acts.SLICE_ROWS
    try:
        assert long_acts.work(act.pk, run_seconds=0)
        expect(strip.locator("progress")).to_have_js_property("value", 20)
        assert not long_acts.work(act.pk)
    finally:
        long_acts.SLICE_ROWS = kept
    expect(strip).to_have_count(0)
    expect(page.locator("#list .empty h2")).to_have_text("You are all caught up")
    with page.expect_response("**/undo/"):
        page.get_by_role("button", name="Undo").click()
    expect(page.locator(".work")).to_contain_text("Taking it back")
    assert not long_acts.work(act.pk)
    expect(page.locator(".work")).to_have_count(0)
    expect(page.locator(".row").first).to_be_visible()
    assert inbox.thread_rows.count() == total


def test_an_act_is_taken_back_from_the_page_of_activity(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    first = page.locator(".row a.subj").first.inner_text()
    page.locator(".row").first.focus()
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("archived")
    page.locator(".ib-av").click()
    page.get_by_role("menuitem", name="Activity").click()
    line = page.locator(".acts-done li").first
    expect(line).to_contain_text("1 message archived")
    expect(line).to_contain_text(first)
    line.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.locator(".acts-done li").first).to_contain_text("Taken back")
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    expect(page.locator(".row a.subj").first).to_have_text(first)
