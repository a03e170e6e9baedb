"""Asking to be reminded, and being reminded, under a person's hands. Chromium against the running site."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Browser, expect

from mailsync.engine import reminding
from mailsync.models import Draft, FollowUp, Outgoing
from tests.browser.conftest import Mailbox
from tests.browser.waiting import until


def test_a_wish_beside_send_is_kept_and_what_nobody_answers_is_told(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.keyboard.press("c")
    window = page.locator("section.compose")
    window.locator("[contenteditable=true]").wait_for()
    page.keyboard.type("bo@choir.example")
    window.locator("[name=subject]").fill("The hall on Friday")
    window.get_by_role("button", name="Other ways to send").click()
    window.get_by_label("Remind me if nobody answers").select_option("after 5 days")
    page.keyboard.press("Escape")
    # Kept like all that is written, before anything is sent.
    until(page, lambda: Draft.objects.filter(remind_days=5).exists())
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast").first).to_contain_text("Sending")
    until(page, FollowUp.objects.exists)
    row = FollowUp.objects.get()
    assert row.days == 5
    expect(page.locator("section.compose")).to_have_count(0)

    Outgoing.objects.update(state=Outgoing.State.DONE, finished_at=timezone.now(), due_at=None)
    FollowUp.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    reminding.remind(mailbox.user.pk)
    # The column tells it by itself, the list as it is opened next.
    expect(page.locator("#tree a", has_text="Waiting for answers")).to_contain_text("1")
    page.reload()
    strip = page.locator("#list .note", has_text="Nobody has answered “The hall on Friday”.")
    strip.get_by_role("link", name="Look").click()
    expect(page.locator("h1")).to_have_text("Waiting for answers")
    card = page.locator(".og", has_text="The hall on Friday")
    card.get_by_text("Remind me again").click()
    card.get_by_role("button", name="Remind me", exact=True).click()
    expect(page.locator(".toast").first).to_contain_text("reminded in 3 days")
    expect(page.locator(".og .st")).to_have_text("Waiting")
    page.locator(".og").get_by_role("button", name="Do not remind me").click()
    expect(page.locator("h2", has_text="You wait for no answer")).to_be_visible()
    assert not FollowUp.objects.exists()
    expect(page.locator("#tree a", has_text="Waiting for answers")).to_have_count(0)
