"""Lists by message, for who wants no conversations: sorted and narrowed like the others. Chromium against the site."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts import preferences
from mailsync.engine import long_acts
from mailsync.models import Act, Placement
from mailsync.store.by_message import tend_message_rows
from tests.browser.conftest import Mailbox
from tests.browser.test_long_list import in_view, scroll_to
from tests.store.big_folder import fill

MANY = 2000


@pytest.fixture
def page(chromium: Browser, mailbox: Mailbox) -> Page:
    """A long folder, by message; all its lines are there."""
    folder = mailbox.folders["Lists"] = fill(mailbox.folders["INBOX"].account, "Lists", MANY)
    preferences.save(mailbox.user, conversations=False)
    while tend_message_rows(mailbox.user.pk):
        pass
    opened = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    opened.goto(f"{mailbox.url}/f/{folder.pk}/")
    expect(opened.locator("#grid .gap").first).to_be_attached()
    return opened


def sort_by(page: Page, words: str) -> None:
    page.get_by_role("button", name="Sort:").click()
    page.get_by_role("menuitemradio", name=words).click()
    # The address changes before the list does.
    expect(page.get_by_role("button", name=f"Sort: {words}")).to_be_visible()


def test_a_long_list_is_sorted_reached_anywhere_and_comes_again(page: Page, mailbox: Mailbox) -> None:
    sort_by(page, "Subject")
    expect(page).to_have_url(re.compile(r"\?sort=subject$"))
    grid = page.locator("#grid")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY))
    expect(grid.locator(".gap").first).to_be_attached()  # the list is as long as it will be
    order = sorted(range(1, MANY + 1), key=lambda number: f"subject {number}")
    for share in (0.5, 0.9, 0):
        scroll_to(page, share)
        expect(page.get_by_text(f"Subject {order[round((MANY - 1) * share)]}", exact=True)).to_be_visible()
        shown = in_view(page)
        at = order.index(shown[0])
        assert shown == order[at : at + len(shown)]
    third = page.get_by_text(f"Subject {order[2]}", exact=True).locator("xpath=ancestor::*[@role='row']")
    third.focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#summary h2")).to_have_text("2 messages selected")
    page.keyboard.press("x")
    scroll_to(page, 0.7)
    expect(page.get_by_text(f"Subject {order[round((MANY - 1) * 0.7)]}", exact=True)).to_be_visible()
    scroll_to(page, 0)
    expect(third).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    third.locator("a.subj").click()
    expect(page.locator("#subject")).to_have_text(f"Subject {order[2]}")
    # The folder's own address shows what was chosen for it.
    page.goto(f"{mailbox.url}/f/{mailbox.folders['Lists'].pk}/")
    expect(page.get_by_role("button", name="Sort: Subject")).to_be_visible()
    assert in_view(page)[:3] == order[:3]


def test_all_that_a_filter_leaves_is_acted_on_and_nothing_else(page: Page, mailbox: Mailbox) -> None:
    folder = mailbox.folders["Lists"]
    page.get_by_role("link", name="With files").click()
    expect(page).to_have_url(re.compile("show=files"))
    sort_by(page, "Sender")
    expect(page).to_have_url(re.compile("sort=sender&show=files"))
    with_files = folder.placements.filter(message__attachment_count__gt=0)
    total = with_files.count()
    assert 0 < total < MANY
    expect(page.locator("#grid")).to_have_attribute("aria-rowcount", str(total))
    page.locator(".row").first.focus()
    page.keyboard.press("*")
    page.get_by_text(f"Select all {total} in Lists").click()
    page.keyboard.press("e")
    expect(page.locator(".work")).to_contain_text("archived")
    while long_acts.work(Act.objects.get().pk):
        pass
    assert Act.objects.get().count == total
    assert not with_files.filter(shown=True).exists()
    assert Placement.objects.filter(folder=folder, shown=True).count() == MANY - total
    expect(page.locator("#list .empty")).to_be_visible()


def test_to_me_is_what_names_me(page: Page, mailbox: Mailbox) -> None:
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    every = page.locator(".row").count()
    page.get_by_role("link", name="To me", exact=True).click()
    expect(page).to_have_url(re.compile("show=to-me"))
    expect(page.locator(".row").first).to_be_visible()
    assert 0 < page.locator(".row").count() <= every
    first = page.locator(".row").first
    subject = first.locator("a.subj").inner_text()
    first.focus()
    page.keyboard.press("e")
    expect(page.locator(".row", has_text=subject)).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".row a.subj").first).to_have_text(subject)
