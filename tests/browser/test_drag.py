"""Rows dragged to where they belong, and the ways without a pointer. Chromium against the running site."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from mailsync.models import Folder, Placement
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import row, subjects
from tests.factories import make_account, make_folder, make_message


@pytest.fixture
def club(mailbox: Mailbox) -> Folder:
    """A folder of a second account; the inbox there has one message, the newest of all."""
    account = make_account(mailbox.user, address="anna@verein.example")
    make_message(make_folder(account, "INBOX", role="inbox"), subject="Club news", received_at=timezone.now())
    make_folder(account, "Trash", role="trash")
    return make_folder(account, "Rechnungen")


def carry(page: Page, line: Locator, to: Locator) -> None:
    """Take a row by its middle to a place, and hold it there."""
    line.hover()
    page.mouse.down()
    hold_over(page, to)


def hold_over(page: Page, to: Locator) -> None:
    box = to.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 20, y, steps=4)
    # Chromium says that something is over a place once it has moved there.
    page.mouse.move(x, y)
    page.mouse.move(x + 1, y)


def lying(folder: Folder, subject: str) -> bool:
    return Placement.objects.filter(folder=folder, shown=True, message__subject=subject).exists()


def test_a_row_goes_to_another_account_which_unfolds_under_it(
    chromium: Browser, mailbox: Mailbox, club: Folder
) -> None:
    page = mailbox.inbox(chromium)
    first, second = subjects(page)[:2]
    account = page.locator("#tree details", has_text="verein")
    target = account.locator("a[data-folder]", has_text="Rechnungen")
    expect(target).to_be_hidden()
    carry(page, page.locator(".row").nth(1), account.locator("summary"))
    expect(target).to_be_visible()
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(target).to_be_hidden()
    assert subjects(page)[:2] == [first, second]
    carry(page, page.locator(".row").nth(1), account.locator("summary"))
    expect(target).to_be_visible()
    hold_over(page, target)
    expect(target).to_have_class(re.compile("takes"))
    page.mouse.up()
    expect(page.locator(".toast")).to_contain_text("1 message moved to Rechnungen")
    expect(target).to_be_visible()
    assert second not in subjects(page)
    assert lying(club, second)
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone: 1 message moved to Rechnungen")
    expect(page.locator(".row a.subj").nth(1)).to_have_text(second)
    assert not lying(club, second)


def test_rows_of_two_accounts_go_to_one_folder_by_menu_and_by_drag(
    chromium: Browser, mailbox: Mailbox, club: Folder
) -> None:
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/all/")
    page.locator(".scripted").first.wait_for()
    news, ticket = subjects(page)[:2]
    assert news == "Club news"
    for at in (0, 1):
        page.locator(".row").nth(at).hover()
        page.locator(".row").nth(at).locator(".pick").click()
    expect(page.locator("#selcount")).to_have_text("2 selected")
    receipts = page.locator(f'#tree a[data-folder="{mailbox.folders["Receipts"].pk}"]')
    page.locator(".row").first.drag_to(receipts)
    expect(page.locator(".toast")).to_contain_text("2 messages moved to Receipts")
    assert lying(mailbox.folders["Receipts"], news)
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(page.locator(".row a.subj").first).to_have_text(news)
    row(page, ticket).focus()
    page.keyboard.press("v")
    # Its own account's folders come first.
    expect(page.locator("#move [data-account] h3").first).to_contain_text("nordlicht")
    page.keyboard.type("rechn")
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="1 message moved to Rechnungen")).to_be_visible()
    assert lying(club, ticket)


def test_with_ctrl_a_folder_gets_a_copy(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    first, second = subjects(page)[:2]
    receipts = mailbox.folders["Receipts"]
    carry(page, page.locator(".row").nth(1), page.locator(f'#tree a[data-folder="{receipts.pk}"]'))
    page.keyboard.down("Control")
    page.mouse.up()
    page.keyboard.up("Control")
    expect(page.locator(".toast")).to_contain_text("1 message copied to Receipts")
    assert subjects(page)[:2] == [first, second]
    assert lying(receipts, second)


def test_what_is_dropped_on_flagged_is_flagged(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.locator(".row").nth(1).drag_to(page.locator("#tree a[data-go=flagged]"))
    expect(page.locator(".toast")).to_contain_text("1 message flagged")
    expect(page.locator(".row").nth(1)).to_have_class(re.compile("flagged"))


def test_what_is_dropped_on_snoozed_is_asked_for_its_time(chromium: Browser, mailbox: Mailbox) -> None:
    make_folder(mailbox.folders["INBOX"].account, "Snoozed", role="snoozed")
    page = mailbox.inbox(chromium)
    second = subjects(page)[1]
    page.locator(".row").nth(1).drag_to(page.locator("#tree a[data-role=snoozed]"))
    page.get_by_role("menuitem", name=re.compile("Tomorrow")).click()
    expect(page.locator(".toast")).to_contain_text("1 message snoozed until")
    assert second not in subjects(page)
