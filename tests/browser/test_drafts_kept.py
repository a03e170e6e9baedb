"""No word is lost: not by closing a window without a connection, nor by throwing a draft away in haste."""

import pytest
from playwright.sync_api import Browser, Page, expect

from mailsync import actions
from mailsync.models import Draft
from tests.browser.conftest import Mailbox
from tests.browser.test_signing_out import write
from tests.browser.waiting import at_the_door

_AGED = """() => {
  for (const name of Object.keys(localStorage).filter((key) => key.startsWith("heron-draft-"))) {
    localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage.getItem(name)), at: Date.now() - 61_000 }));
  }
}"""
_NOTHING_KEPT = "() => !Object.keys(localStorage).some((name) => name.startsWith('heron-draft-'))"


def begun(page: Page) -> None:
    """A draft that the server knows, in a window of its own."""
    write(page, "Hello. ")
    with page.expect_response("**/save"):
        page.get_by_label("Subject").fill("Boats")


def test_words_typed_right_before_closing_offline_are_kept_and_sent_later(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    begun(page)
    page.context.set_offline(True)
    page.locator("section.compose .ProseMirror").click()
    page.keyboard.type("No signal here.")
    page.keyboard.press("Escape")
    expect(page.get_by_text("You are offline. The draft is kept on this device.")).to_be_visible()
    page.evaluate(_AGED)
    page.context.set_offline(False)
    page.wait_for_function(_NOTHING_KEPT)
    assert "No signal here." in Draft.objects.get().body


@pytest.mark.parametrize("is_page", [False, True], ids=["window", "page"])
def test_a_discarded_draft_comes_back_with_its_last_word(chromium: Browser, mailbox: Mailbox, is_page: bool) -> None:
    page = mailbox.inbox(chromium)
    begun(page)
    if is_page:
        page.goto(f"{mailbox.url}/d/{Draft.objects.get().pk}/")
    text = page.locator("section.compose .ProseMirror")
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("The last word.")
    page.get_by_role("button", name="Discard draft").first.click()
    expect(page.get_by_text("Draft “Boats” discarded")).to_be_visible()
    assert not Draft.objects.exists()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    if is_page:
        expect(page.get_by_text("Undone.")).to_be_visible()
    else:
        expect(text).to_contain_text("The last word.")
    assert "The last word." in Draft.objects.get().body


@pytest.mark.parametrize("end", ["discard", "send"])
def test_words_of_a_window_whose_draft_is_gone_become_a_draft_of_their_own(
    chromium: Browser, mailbox: Mailbox, end: str
) -> None:
    page = mailbox.inbox(chromium)
    begun(page)
    draft = Draft.objects.get()
    if end == "discard":
        actions.discard_draft(mailbox.user.pk, draft.pk)
    else:
        actions.save_draft(mailbox.user.pk, draft.pk, draft.version, to="bob@x.test")
        actions.send(mailbox.user.pk, draft.pk)
    page.locator("section.compose .ProseMirror").click()
    page.keyboard.type("One thing more. ")
    expect(page.get_by_text("sent or discarded in another window")).to_be_visible()
    page.get_by_role("button", name="Keep as a new draft").click()
    expect(page.get_by_text("Kept as a new draft.")).to_be_visible()
    text = page.locator("section.compose .ProseMirror")
    expect(text).to_contain_text("One thing more.")
    text.click()
    with page.expect_response("**/save") as saved:
        page.keyboard.type("And goes on. ")
    assert saved.value.ok
    kept = Draft.objects.get()
    assert kept.pk != draft.pk
    assert "One thing more." in kept.body
    assert "And goes on." in kept.body


def test_words_of_a_session_that_has_ended_are_there_after_the_next_sign_in(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    begun(page)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.locator("section.compose .ProseMirror").click()
    page.keyboard.type("Still writing. ")
    expect(page.get_by_text("What you wrote is kept on this device")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    at_the_door(page)
    page.context.add_cookies(cookies)
    with page.expect_response("**/save") as saved:
        page.goto(f"{mailbox.url}/d/{Draft.objects.get().pk}/")
    assert saved.value.ok
    assert "Still writing." in Draft.objects.get().body
