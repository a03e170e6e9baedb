"""Undo means what was done last, in whatever order the answers come. Chromium against the running site."""

import re

from playwright.sync_api import APIResponse, Browser, Route, expect

from mailsync.models import Placement
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import subjects


def test_the_answer_to_an_act_before_the_last_does_not_take_its_place(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_flag(route: Route) -> None:
        if "do=flag" in (route.request.post_data or ""):
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.route("**/act/", hold_the_flag)
    page.locator(".row").first.focus()
    page.keyboard.press("s")
    expect(page.locator(".row").first).to_have_class(re.compile("flagged"))
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("archived")
    route, answer = held[0]
    with page.expect_response(lambda one: one.request.headers.get("hx-target") == "rows"):
        route.fulfill(response=answer)
    expect(page.locator(".toast")).to_contain_text("archived")
    page.keyboard.press("z")
    expect(page.locator(".row a.subj").first).to_have_text(before[0])
    expect(page.locator("#live")).to_have_text("Undone.")
    inbox = mailbox.folders["INBOX"]
    assert Placement.objects.filter(folder=inbox, shown=True, flagged=True, message__subject=before[0]).exists()
