"""An automatic reply under a person's hands: written in rich words, seen in the mailbox, turned off there."""

from playwright.sync_api import Browser, expect

from mailsync import actions
from mailsync.actions import AutoReplyText
from mailsync.models import AutoReply
from tests.browser.conftest import Mailbox


def test_written_in_rich_words_seen_in_the_mailbox_and_turned_off_there(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    account = mailbox.folders["INBOX"].account_id
    page.goto(f"{mailbox.url}/settings/automatic-replies/{account}/")
    page.get_by_label("Answer new mail automatically").check()
    page.get_by_label("Last day").fill("2099-08-14")
    words = page.locator(".ProseMirror")
    words.click()
    page.keyboard.type("Back in ")
    page.keyboard.press("Control+b")
    page.keyboard.type("August")
    # No pictures: nobody would keep their bytes for as long as answers leave.
    expect(page.locator("[data-run=picture]")).to_have_count(0)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    reply = AutoReply.objects.get(account=account)
    assert (reply.html, reply.text) == ("<p>Back in <strong>August</strong></p>", "Back in August")
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    strip = page.get_by_role("status").filter(has_text="Automatic replies of")
    expect(strip).to_contain_text("The last day is Fri 14 Aug 2099.")
    strip.get_by_role("button", name="Turn off").click()
    expect(strip).to_have_count(0)
    expect(page.locator("#list")).to_be_visible()
    reply.refresh_from_db()
    assert not reply.enabled


def test_above_an_empty_list_on_a_telephone_the_strip_keeps_its_height(chromium: Browser, mailbox: Mailbox) -> None:
    """Its button lay over what stood below it, as the column of an empty list had the notes give way."""
    account = mailbox.folders["INBOX"].account
    actions.write_auto_reply(account.user_id, [account.pk], AutoReplyText(enabled=True, html="<p>Back in August</p>"))
    page = mailbox.page(chromium, viewport={"width": 390, "height": 560}, has_touch=True)
    page.goto(f"{mailbox.url}/search/?q=narwhal")
    strip = page.get_by_role("status").filter(has_text="Automatic replies of")
    whole, button = strip.bounding_box(), strip.get_by_role("button").bounding_box()
    assert whole is not None
    assert button is not None
    assert button["y"] + button["height"] <= whole["y"] + whole["height"]
