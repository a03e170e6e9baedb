"""Undo means what was done last, and what is done arrives in that order. Chromium against the running site."""

import re

from playwright.sync_api import Browser, Page, Route, expect

from mailsync.engine import long_acts
from mailsync.models import Act, Change, Placement
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
    expect(page.locator(".toast")).to_contain_text("Undone")
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
    expect(page.locator(".toast")).to_contain_text("Undone")
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


def test_undo_says_what_it_took_back_and_labels_are_counted_anew(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_have_text("There is nothing to undo.")
    count = page.locator("#tree a[data-keyword=Travel] .cnt")
    before = int(count.inner_text())
    page.locator(".row", has_text="members’ letter").click()
    labels = page.locator("#readmeta .chip", has_text="Travel")
    expect(page.locator("#readmeta")).to_be_visible()
    page.keyboard.press("l")
    page.keyboard.type("trav")
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="Labelled Travel")).to_be_visible()
    expect(count).to_have_text(str(before + 1))
    expect(labels).to_have_count(1)
    page.keyboard.press("z")
    expect(page.get_by_role("status").locator(".toast")).to_have_text("Undone: Labelled Travel")
    expect(count).to_have_text(str(before))
    expect(labels).to_have_count(0)


def test_z_unflags_what_is_open(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.locator(".row").nth(1).click()
    expect(page.locator("#subject")).to_be_visible()
    button = page.locator("#readform").get_by_role("button", name="Flag", exact=True)
    expect(button).to_be_visible()
    page.keyboard.press("s")
    expect(button).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(button).to_be_visible()


def test_z_means_what_the_page_before_has_done(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/f/{mailbox.folders['Receipts'].pk}/edit/")
    page.get_by_label("New name").fill("Bills")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("#list h1")).to_have_text("Bills")
    page.keyboard.press("z")
    expect(page.locator("#list h1")).to_have_text("Receipts")


def test_z_takes_back_what_the_workers_do_to_a_whole_folder(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.wait_for_timeout(500)  # the stream opens
    page.locator("#tree a[data-role=inbox]").click(button="right")
    page.get_by_role("menuitem", name="Mark all as read").click()
    expect(page.locator(".work")).to_contain_text("marked as read")
    act = Act.objects.get()
    assert not long_acts.work(act.pk)
    expect(page.locator(".toast")).to_contain_text("marked as read")
    expect(page.locator(".row.unread")).to_have_count(0)
    with page.expect_response("**/undo/"):
        page.keyboard.press("z")
    expect(page.locator(".work")).to_contain_text("Taking it back")
    assert not long_acts.work(act.pk)
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(page.locator(".row.unread")).not_to_have_count(0)


def test_what_could_not_be_taken_back_can_be_tried_again(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.locator("#tree a[data-role=inbox]").click(button="right")
    page.get_by_role("menuitem", name="Mark all as read").click()
    expect(page.locator(".work")).to_contain_text("marked as read")
    page.route("**/undo/", lambda route: route.abort())
    page.keyboard.press("z")
    expect(page.locator(".toast.bad")).to_be_visible()
    expect(page.locator(".work")).to_have_count(0)
    page.unroute("**/undo/")
    with page.expect_response("**/undo/"):
        page.keyboard.press("z")
    expect(page.locator(".work")).to_contain_text("Taking it back")


def test_z_brings_back_the_draft_that_was_thrown_away_last(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.locator(".row").first.focus()
    page.keyboard.press("s")
    expect(page.locator(".toast")).to_contain_text("flagged")
    page.get_by_role("link", name="New message").click()
    with page.expect_response("**/save"):
        page.get_by_label("Subject").fill("Boats")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("section.compose")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(1)
    page.locator(".row").first.focus()
    page.keyboard.press("z")
    expect(page.get_by_label("Subject")).to_have_value("Boats")
    expect(page.locator(".row").first).to_have_class(re.compile("flagged"))
