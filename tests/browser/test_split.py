"""Conversations split and merged under a person's hands: desktop, phone, and without scripts."""

import re

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from mailsync.models import Placement
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import PHONE, row, subjects
from tests.browser.waiting import until
from tests.factories import make_message


@pytest.fixture
def trip(mailbox: Mailbox) -> list[Placement]:
    """A conversation of three, of which the last is about something else."""
    inbox = mailbox.folders["INBOX"]
    first = make_message(inbox, subject="Choir trip", seen=True)
    answers = [
        make_message(inbox, subject=subject, seen=True, thread=first.thread, references=[first.message.message_id])
        for subject in ("Re: Choir trip", "Cake for Sunday")
    ]
    return [first, *answers]


def split_off(page: Page, message: Placement, choice: str) -> None:
    card = page.locator(f"#m{message.message_id}")
    card.get_by_role("button", name="More for this message").click()
    card.get_by_role("menuitem", name=choice).click()


def test_split_merge_and_back(chromium: Browser, mailbox: Mailbox, trip: list[Placement]) -> None:
    folder = trip[0].folder_id
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/f/{folder}/t/{trip[0].thread_id}/")
    page.locator(".scripted").first.wait_for()
    expect(page.locator("#main .msg")).to_have_count(3)
    split_off(page, trip[2], "Split off this message")
    expect(page.locator(".toast")).to_contain_text("1 message split off")
    expect(page.locator("#main .msg")).to_have_count(2)
    expect(page.locator("#subject")).to_be_focused()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#main .msg")).to_have_count(3)
    expect(page.locator("#subject")).to_be_focused()

    split_off(page, trip[2], "Split off this message")
    expect(page.locator("#main .msg")).to_have_count(2)
    cake = Placement.objects.get(pk=trip[2].pk)
    assert cake.thread_id != trip[0].thread_id
    page.goto(f"{mailbox.url}/activity/")
    line = page.locator(".acts-done li").first
    expect(line).to_contain_text("1 message split off")
    line.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.locator(".acts-done li").first).to_contain_text("Taken back")
    assert Placement.objects.get(pk=trip[2].pk).thread_id == trip[0].thread_id


def test_two_rows_become_one(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    page.locator(".row").nth(0).click()
    expect(page.locator("#subject")).to_have_text(before[0])
    page.locator(".row").nth(0).focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#summary h2")).to_have_text("2 conversations selected")
    page.locator(".row").nth(1).click(button="right")
    page.get_by_role("menuitem", name="Merge conversations").click()
    expect(page.locator(".toast")).to_contain_text("2 conversations merged")
    expect(page.locator(".row a.subj").nth(1)).to_have_text(before[2])
    merged = page.locator(".row").first
    expect(merged.locator(".thr")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".row a.subj").nth(1)).to_have_text(before[1])
    assert subjects(page)[:3] == before[:3]
    page.locator(".row").nth(2).click(button="right")
    expect(page.get_by_role("menuitem", name="Pin to the top")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Merge conversations")).to_be_hidden()


def test_what_is_selected_while_a_conversation_is_on_its_way_stays_summed_up(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    second = page.locator(".row").nth(1)
    path = str(second.locator("a.subj").get_attribute("href"))
    held: list[Route] = []
    page.route(f"**{path}*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    page.locator(".row").nth(0).click()
    expect(page.locator("#subject")).to_have_text(before[0])
    page.locator(".row").nth(0).focus()
    for key in "xjx":
        page.keyboard.press(key)
    expect(page.locator("#summary h2")).to_have_text("2 conversations selected")
    until(page, lambda: held)
    # Longer than it takes until a placeholder would stand there.
    page.wait_for_timeout(300)
    expect(page.locator("#summary h2")).to_have_text("2 conversations selected")
    for route in held:
        route.continue_()
    expect(page.locator(f"#reading[data-row='{second.get_attribute('id')}']")).to_be_attached()
    expect(page.locator("#summary h2")).to_have_text("2 conversations selected")
    expect(page.locator("#subject")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#subject")).to_have_text(before[1])
    expect(page.locator("#subject")).to_be_visible()


def test_an_answer_that_comes_late_does_not_bring_back_what_was_undone(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    held: list[tuple[Route, APIResponse]] = []

    def hold_first(route: Route) -> None:
        if route.request.headers.get("hx-target") != "rows":
            route.fallback()
        elif held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    # Without the event stream, whose next word would hide it.
    page.route("**/events?*", lambda route: route.abort())
    page.reload()
    page.locator(".scripted").first.wait_for()
    page.route("**/f/*/", hold_first)
    for at in (0, 1):
        page.locator(".row").nth(at).hover()
        page.locator(".row").nth(at).locator(".pick").click()
    page.locator(".row").nth(1).click(button="right")
    page.get_by_role("menuitem", name="Merge conversations").click()
    expect(page.locator(".toast")).to_contain_text("2 conversations merged")
    with page.expect_response(lambda one: one.request.headers.get("hx-target") == "rows"):
        page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".row a.subj").nth(1)).to_have_text(before[1])
    route, answer = held[0]
    with page.expect_response(lambda one: one.request == route.request):
        route.fulfill(response=answer)
    page.wait_for_load_state("networkidle")
    assert subjects(page)[:3] == before[:3]


def test_on_a_phone(chromium: Browser, mailbox: Mailbox, trip: list[Placement]) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    page.goto(f"{mailbox.url}/f/{trip[0].folder_id}/t/{trip[0].thread_id}/?open={trip[1].message_id}")
    page.locator(".scripted").first.wait_for()
    card = page.locator(f"#m{trip[1].message_id}")
    card.get_by_role("button", name="More for this message").tap()
    card.get_by_role("menuitem", name="Split off from here on").tap()
    expect(page.locator(".toast")).to_contain_text("2 messages split off")
    expect(page.locator("#main .msg")).to_have_count(1)
    threads = {Placement.objects.get(pk=one.pk).thread_id for one in trip}
    assert len(threads) == 2


def test_without_scripts(chromium: Browser, mailbox: Mailbox, trip: list[Placement]) -> None:
    page = mailbox.page(chromium, java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page.goto(f"{mailbox.url}/f/{trip[0].folder_id}/t/{trip[0].thread_id}/")
    split_off(page, trip[2], "Split off this message")
    expect(page.locator(".toast")).to_contain_text("1 message split off")
    cake = Placement.objects.get(pk=trip[2].pk)
    assert cake.thread_id != trip[0].thread_id
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast, [role=status]").first).to_contain_text("Undone.")
    page.goto(f"{mailbox.url}/f/{trip[0].folder_id}/")
    names = subjects(page)
    for name in names[:2]:
        row(page, name).hover()
        row(page, name).locator(".pick").click()
    page.locator("#selbar").get_by_role("button", name="More").click()
    page.locator("#context").get_by_role("menuitem", name="Merge conversations").click()
    expect(page.locator(".toast")).to_contain_text("2 conversations merged")
    expect(page.locator(".row a.subj").nth(1)).to_have_text(names[2])
