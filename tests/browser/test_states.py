"""When something is wrong: each state says what happened and what to do, and everything else goes on working."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import MailAccount, User
from mailsync.models import Folder, Placement, RawMessage
from mailsync.store.mail_sums import recount_mail
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import subjects


def test_an_account_that_is_not_let_in_says_why_and_where_it_is_mended(chromium: Browser, mailbox: Mailbox) -> None:
    account = MailAccount.objects.get(pk=mailbox.folders["INBOX"].account_id)
    reason = "The server did not accept the password. Type it again."
    since = timezone.now() - timedelta(hours=2)
    MailAccount.objects.filter(pk=account.pk).update(state="needs_user", state_reason=reason, state_since=since)
    page = mailbox.inbox(chromium)
    notice = page.locator("#rows [role=alert]")
    for said in (f"{account.address} is not connected.", reason, "2 hours ago", "Nothing is lost"):
        expect(notice).to_contain_text(said)
    expect(page.locator("#syncstate")).to_have_text("1 account needs attention")
    page.locator(".row").first.click()
    expect(page.locator("#subject")).to_have_text(subjects(page)[0])
    notice.get_by_role("link", name="Mend the sign-in").click()
    page.wait_for_url(f"**/settings/accounts/{account.pk}/")


def test_a_folder_that_cannot_be_read_is_named_and_tried_again(chromium: Browser, mailbox: Mailbox) -> None:
    folder = mailbox.folders["Receipts"]
    why = "The server answered: Mailbox is locked."
    Folder.objects.filter(pk=folder.pk).update(parked_at=timezone.now(), failures=5, last_error=why)
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/settings/accounts/{folder.account_id}/sync/")
    line = page.get_by_role("row", name="Receipts")
    expect(line).to_contain_text(why)
    line.get_by_role("button", name="Try again now").click()
    expect(page.get_by_role("row", name="Receipts")).not_to_contain_text(why)
    folder.refresh_from_db()
    assert (folder.parked_at, folder.failures) == (None, 0)
    page.goto(f"{mailbox.url}/f/{folder.pk}/")
    expect(page.locator(".row").first).to_be_visible()


def test_a_message_that_has_gone_meanwhile_is_told_and_the_list_stays(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    inbox = mailbox.folders["INBOX"]
    name = page.locator(".row").nth(1).get_attribute("id") or ""
    thread = name.rpartition("-")[2]
    Placement.objects.filter(folder=inbox, thread_id=thread).update(shown=False)
    page.locator(".row").nth(1).locator("a.subj").evaluate("(link) => link.click()")
    expect(page.get_by_role("alert")).to_contain_text("This is no longer here.")
    expect(page.locator(".row").first).to_be_visible()
    expect(page.locator("#reading")).to_have_count(0)


def test_a_server_that_does_not_answer_is_told_and_can_be_asked_again(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    first, second = subjects(page)[:2]
    page.route("**/act/", lambda route: route.abort())
    page.locator(".row").first.focus()
    page.keyboard.press("e")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Heron could not be reached.")
    expect(page.locator(".row a.subj").first).to_have_text(first)
    page.unroute("**/act/")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".row a.subj").first).to_have_text(second)
    mailbox.complaints.clear()


def test_a_full_storage_is_told_above_the_list_and_leads_to_where_room_is_made(
    chromium: Browser, mailbox: Mailbox
) -> None:
    RawMessage.objects.filter(account__user=mailbox.user).update(size_bytes=1_000_000)
    for account in mailbox.user.mail_accounts.all():
        recount_mail(account.pk)
    User.objects.filter(pk=mailbox.user.pk).update(storage_limit_mb=1)
    page = mailbox.inbox(chromium)
    notice = page.locator("#rows [role=alert]")
    expect(notice).to_contain_text("Your storage is full.")
    expect(page.locator(".row").first).to_be_visible()
    notice.get_by_role("link", name="Make room").click()
    expect(page.get_by_role("progressbar", name="Storage used")).to_be_visible()
    page.get_by_role("link", name="Find large mail").click()
    page.wait_for_url("**/search/?q=larger*")
