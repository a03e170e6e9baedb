"""Signing out while something was just written: it is saved first, or the browser says that it is not and stays."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from mailsync import actions
from mailsync.models import Draft
from tests.browser.conftest import Mailbox
from tests.browser.test_away import sign_out
from tests.browser.waiting import at_the_door


def write(page: Page, words: str) -> None:
    page.keyboard.press("c")
    text = page.locator("section.compose .ProseMirror")
    text.click()
    page.keyboard.type(words)


def kept_here(page: Page, draft: Draft, words: str) -> None:
    """As a window leaves it that was closed without a connection."""
    fields = {"version": str(draft.version), "subject": "At sea", "body": f"<p>{words}</p>"}
    copy = "([id, fields]) => localStorage.setItem(`heron-draft-${id}`, JSON.stringify({ at: Date.now(), fields }))"
    page.evaluate(copy, [draft.pk, fields])


def test_what_was_typed_a_moment_ago_is_saved_first(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)

    def slowly(route: Route) -> None:
        page.wait_for_timeout(500)
        route.continue_()

    page.route("**/save", slowly)
    write(page, "The last words")
    sign_out(page)
    at_the_door(page)
    assert "The last words" in Draft.objects.get().body


def test_what_cannot_be_saved_keeps_its_writer_signed_in(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.route("**/save", lambda route: route.abort())
    write(page, "The last words")
    sign_out(page)
    alert = page.get_by_role("alert").filter(has_text="You are still signed in")
    expect(alert).to_have_text("You are still signed in: 1 draft is not saved yet. Sign out once it is.")
    expect(page.locator("section.compose .ProseMirror")).to_have_text("The last words")
    page.keyboard.press("Escape")
    page.unroute("**/save")
    sign_out(page)
    at_the_door(page)
    assert "The last words" in Draft.objects.get().body


def test_signing_out_everywhere_loses_and_leaves_as_little(chromium: Browser, mailbox: Mailbox) -> None:
    draft = actions.start_draft(mailbox.user.pk)
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/settings/security/")
    kept_here(page, draft, "No signal here")
    page.get_by_role("button", name="Sign out everywhere").click()
    at_the_door(page)
    expect(page.get_by_text("You are signed out everywhere.")).to_be_visible()
    assert Draft.objects.get().body == "<p>No signal here</p>"
    assert page.evaluate("Object.keys(localStorage)") == []


@pytest.mark.parametrize("changed", [False, True], ids=["as it was", "changed elsewhere since"])
def test_what_this_device_kept_of_closed_windows_goes_first(chromium: Browser, mailbox: Mailbox, changed: bool) -> None:
    draft = actions.start_draft(mailbox.user.pk)
    gone = actions.start_draft(mailbox.user.pk)
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/settings/")
    kept_here(page, draft, "No signal here")
    kept_here(page, gone, "Written after the other device had discarded it")
    actions.discard_draft(mailbox.user.pk, gone.pk)
    if changed:
        actions.save_draft(mailbox.user.pk, draft.pk, draft.version, body="<p>From the desk</p>")
    sign_out(page)
    at_the_door(page)
    bodies = sorted(Draft.objects.values_list("body", flat=True))
    kept = ["<p>No signal here</p>", "<p>Written after the other device had discarded it</p>"]
    assert bodies == (["<p>From the desk</p>"] if changed else []) + kept
    assert page.evaluate("Object.keys(localStorage)") == []
