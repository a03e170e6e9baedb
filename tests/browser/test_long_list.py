"""A folder of many thousands under a true scrollbar. Chromium against the running site."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import _arrive
from tests.store.big_folder import fill

MANY = 5000
#: Whether all of the screen is rows, and not room for some that are still to be read.
_WHOLE = """() => {
    const view = document.getElementById("rows").getBoundingClientRect();
    return [...document.querySelectorAll("#grid :is(.gap, .hollow, [data-more])")].every((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return bottom <= view.top || top >= view.bottom;
    });
}"""


@pytest.fixture
def page(chromium: Browser, mailbox: Mailbox) -> Page:
    account = mailbox.folders["INBOX"].account
    folder = mailbox.folders["Lists"] = fill(account, "Lists", MANY)
    opened = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    opened.goto(f"{mailbox.url}/f/{folder.pk}/")
    expect(opened.locator("#grid .gap").first).to_be_attached()
    return opened


def scroll_to(page: Page, share: float) -> None:
    page.locator("#rows").evaluate("(box, share) => { box.scrollTop = box.scrollHeight * share; }", share)


def in_view(page: Page) -> list[int]:
    """The numbers of the subjects that are on the screen, once nothing on it is still to be read."""
    page.wait_for_function(_WHOLE)
    found = page.locator("#rows").evaluate("""(box) => {
        const view = box.getBoundingClientRect();
        return [...box.querySelectorAll(".row")].filter((row) => {
            const { top, bottom } = row.getBoundingClientRect();
            return top >= view.top && bottom <= view.bottom;
        }).map((row) => row.querySelector("a.subj").textContent);
    }""")
    return [int(subject.removeprefix("Subject ")) for subject in found]


def test_any_spot_is_reached_by_the_scrollbar_and_few_rows_are_kept(page: Page, mailbox: Mailbox) -> None:
    grid = page.locator("#grid")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY))
    height = grid.evaluate("(box) => box.scrollHeight")
    assert MANY * 84 <= height <= MANY * 84 * 1.05
    for share in (0.5, 0.9, 0.25):
        scroll_to(page, share)
        number = round(MANY * (1 - share))
        expect(page.get_by_text(f"Subject {number}", exact=True)).to_be_visible()
        shown = in_view(page)
        assert shown == list(range(shown[0], shown[-1] - 1, -1))
        assert abs(shown[0] - number) < MANY * 0.02
    assert page.locator(".row").count() < 700
    page.locator(".row:visible").last.focus()
    page.keyboard.press("End")
    expect(page.locator(".row:focus a.subj")).to_have_text("Subject 1")
    assert in_view(page)[-1] == 1
    page.keyboard.press("Home")
    expect(page.locator(".row:focus a.subj")).to_have_text(f"Subject {MANY}")


def test_place_and_selection_survive_what_comes_in(page: Page, mailbox: Mailbox) -> None:
    scroll_to(page, 0.5)
    line = page.get_by_text(f"Subject {MANY // 2}", exact=True).locator("xpath=ancestor::*[@role='row']")
    expect(line).to_be_visible()
    line.hover()
    line.locator(".pick").click()
    expect(line).to_have_attribute("aria-selected", "true")
    top = line.bounding_box()
    shown = in_view(page)
    for number in range(3):
        with page.expect_response(lambda answer: "/f/" in answer.url):
            _arrive(mailbox, "Fresh from the quay", "Lists", uid=MANY + number + 1)
    expect(page.locator("#newpill")).to_be_visible()
    assert in_view(page) == shown
    assert line.bounding_box() == top
    expect(line).to_have_attribute("aria-selected", "true")
    # Far away and back: the selection is kept by name.
    scroll_to(page, 0.01)
    expect(page.get_by_text(f"Subject {MANY - 60}", exact=True)).to_be_attached()
    scroll_to(page, 0.5)
    expect(line).to_have_attribute("aria-selected", "true")
    expect(page.locator("#selcount")).to_have_text("1 selected")


def test_a_sorted_list_reaches_any_spot_too_and_keeps_order_place_and_selection(page: Page, mailbox: Mailbox) -> None:
    folder = mailbox.folders["Lists"]
    page.get_by_role("button", name="Sort: Newest first").click()
    page.get_by_role("menuitemradio", name="Largest first").click()
    expect(page).to_have_url(f"{mailbox.url}/f/{folder.pk}/?sort=largest")
    grid = page.locator("#grid")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY))
    expect(grid.locator(".group")).to_have_count(0)
    # Fifty sizes of a hundred messages each; within a size the newest stands first.
    order = sorted(range(1, MANY + 1), key=lambda number: (-(number % 50), -number))
    for share in (0.5, 0.9, 0.25, 0):
        scroll_to(page, share)
        expect(page.get_by_text(f"Subject {order[round((MANY - 1) * share)]}", exact=True)).to_be_visible()
        shown = in_view(page)
        at = order.index(shown[0])
        assert shown == order[at : at + len(shown)]
    third = page.get_by_text(f"Subject {order[2]}", exact=True).locator("xpath=ancestor::*[@role='row']")
    third.focus()
    page.keyboard.press("x")
    expect(third).to_have_attribute("aria-selected", "true")
    # What comes in is the smallest of all: it is no news at the top.
    with page.expect_response(lambda answer: "/f/" in answer.url):
        _arrive(mailbox, "Something small", "Lists", uid=MANY + 1, size_bytes=1)
    assert in_view(page)[:3] == order[:3]
    expect(third).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    page.locator(".row a.subj").first.click()
    expect(page.locator("#subject")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?sort=largest$"))
    page.reload()
    assert in_view(page)[:3] == order[:3]
