"""Undo means what was done last, and what is done arrives in that order. Chromium against the running site."""

import re

from playwright.sync_api import Browser, Page, Route, expect

from mailsync.models import Change, Placement
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import subjects
from tests.browser.waiting import until


def hold_first(page: Page) -> tuple[list[Route], list[str]]:
    """Keep the first post of the page from the server; what else is posted passes and is noted."""
    held: list[Route] = []
    passed: list[str] = []

    def pass_on(route: Route) -> None:
        if held:
            passed.append(route.request.post_data or "")
            route.continue_()
        else:
            held.append(route)

    page.route(re.compile(r"/(act|undo)/$"), pass_on)
    return held, passed


def archive_first(page: Page) -> list[str]:
    """Archives the first row, and returns the subjects that were there before."""
    before = subjects(page)
    page.locator(".row").first.focus()
    # The list as it is after the archiving, lest it comes in between.
    with page.expect_response(lambda one: one.request.headers.get("hx-target") == "rows"):
        page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("archived")
    return before


def test_what_is_done_second_waits_for_the_first_and_is_what_undo_means(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    held, passed = hold_first(page)
    page.locator(".row").first.focus()
    page.keyboard.press("s")
    expect(page.locator(".row").first).to_have_class(re.compile("flagged"))
    page.keyboard.press("e")
    expect(page.locator(".row a.subj").first).to_have_text(before[1])
    until(page, lambda: held)
    page.wait_for_timeout(200)
    assert passed == [], "what was done second waits for the first"
    held[0].continue_()
    expect(page.locator(".toast")).to_contain_text("archived")
    assert len(passed) == 1
    page.keyboard.press("z")
    expect(page.locator(".row a.subj").first).to_have_text(before[0])
    expect(page.locator("#live")).to_have_text("Undone.")
    inbox = mailbox.folders["INBOX"]
    assert Placement.objects.filter(folder=inbox, shown=True, flagged=True, message__subject=before[0]).exists()


def test_what_follows_an_undo_does_not_overtake_it(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = archive_first(page)
    expect(page.locator(".row a.subj").first).to_have_text(before[1])
    held, passed = hold_first(page)
    page.keyboard.press("z")
    expect(page.locator(".row a.subj").first).to_have_text(before[0])
    until(page, lambda: held)
    page.locator(".row").first.focus()
    page.keyboard.press("Delete")
    expect(page.locator(".row a.subj").first).to_have_text(before[1])
    page.wait_for_timeout(200)
    assert passed == []
    held[0].continue_()
    lying = Placement.objects.filter(folder__role="trash", shown=True, message__subject=before[0])
    until(page, lying.exists)
    inbox = mailbox.folders["INBOX"]
    assert not Placement.objects.filter(folder=inbox, shown=True, message__subject=before[0]).exists()
    expect(page.locator(".row a.subj").first).to_have_text(before[1])


def test_what_waits_its_turn_is_sent_when_the_page_is_left(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    held, passed = hold_first(page)
    page.locator(".row").first.focus()
    page.keyboard.press("s")
    until(page, lambda: held)
    page.keyboard.press("e")
    page.wait_for_timeout(100)
    assert passed == []
    page.goto("about:blank")
    until(page, lambda: Change.objects.filter(kind="move").exists())


def test_a_list_read_during_an_undo_does_not_take_the_row_away_again(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = archive_first(page)
    held, _passed = hold_first(page)
    page.keyboard.press("z")
    expect(page.locator(".row a.subj").first).to_have_text(before[0])
    until(page, lambda: held)
    # As when other news comes in.
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1000)
    assert subjects(page)[:2] == before[:2]
    held[0].continue_()
    expect(page.locator("#live")).to_have_text("Undone.")
    assert subjects(page)[:2] == before[:2]


def test_an_act_that_is_never_answered_comes_back_and_lets_later_ones_pass(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    # Half a minute, in a second: Playwright's own clock puts a script into the frames of messages, which run none.
    page.evaluate("""() => {
        const real = setTimeout;
        window.setTimeout = (run, wait, ...rest) => real(run, wait === 30000 ? 1000 : wait, ...rest);
    }""")
    held, passed = hold_first(page)
    page.locator(".row").first.focus()
    page.keyboard.press("e")
    expect(page.locator(".row a.subj").first).to_have_text(before[1])
    page.keyboard.press("s")
    until(page, lambda: held)
    assert passed == []
    expect(page.locator(".toast.bad")).to_contain_text("did not answer in time")
    expect(page.locator(".row a.subj").first).to_have_text(before[0])
    until(page, lambda: passed)
    flagged = Placement.objects.filter(folder=mailbox.folders["INBOX"], flagged=True, message__subject=before[1])
    until(page, flagged.exists)
