"""A rule made from a message, tried while it is typed, and a sender blocked. Chromium against the running site."""

from playwright.sync_api import Browser, expect

from mailsync.models import BlockedSender
from mailsync.store.rules import load_rules
from tests.browser.conftest import Mailbox


def test_a_rule_is_made_from_a_message_and_tried_while_it_is_typed(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.locator(".row a.subj").first.click()
    page.get_by_role("button", name="More for this message").last.click()
    page.get_by_role("menuitem", name="Make a rule…").click()
    expect(page.get_by_role("heading", name="New rule")).to_be_visible()
    tried = page.locator("#tried .sum")
    expect(tried).to_contain_text("of your newest")
    page.get_by_label("From", exact=True).fill("")
    page.get_by_label("Mailing list").fill("")
    expect(page.locator("#tried")).to_contain_text("Fill in a field")
    page.get_by_label("Has the words").fill("boathouse")
    expect(page.locator("#tried .tests a").first).to_be_visible()
    found = page.locator("#tried .tests a").count()
    expect(tried).to_contain_text("of your newest")
    page.get_by_label("Put it").select_option("archive")
    page.get_by_label("Mark as read").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".ruled .srow")).to_have_count(1)
    (rule,) = load_rules(mailbox.user.pk)
    assert rule.query == '"boathouse"'
    assert [deed.verb for deed in rule.deeds] == ["read", "archive"]
    assert found > 0


def test_a_sender_is_blocked_from_a_row_s_menu_and_that_is_taken_back(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    row = page.locator(".row").nth(3)
    subject = row.locator("a.subj").inner_text()
    row.click(button="right")
    page.get_by_role("menuitem", name="Block sender").click()
    expect(page.locator(".toast")).to_contain_text("blocked")
    expect(page.locator(".row a.subj", has_text=subject)).to_have_count(0)
    assert BlockedSender.objects.filter(user=mailbox.user).exists()
    with page.expect_response("**/undo/"):
        page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".row a.subj", has_text=subject).first).to_be_visible()
    assert not BlockedSender.objects.filter(user=mailbox.user).exists()
