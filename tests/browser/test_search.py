"""Searching with the box at the top: matches are marked, and a hint narrows the search, without leaving the page."""

import re
from datetime import timedelta

from playwright.sync_api import Browser, expect

from mailsync.models import Folder, ServerSearch
from tests.browser.conftest import Mailbox
from tests.factories import START, make_message


def test_a_search_is_marked_and_narrowed(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.locator("#q").fill("letter")
    page.locator("#q").press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=letter$"))
    expect(page.locator("#grid mark").first).to_be_visible()
    expect(page.locator(".hints .chip").first).to_be_visible()
    page.locator(".hints .chip", has_text="Unread").click()
    expect(page).to_have_url(re.compile(r"is%3Aunread"))
    expect(page.locator("#grid .row").first).to_be_visible()


def test_a_search_is_saved_and_opened_from_the_column(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/search/?q=letter")
    tool = page.locator("summary", has_text="Save search")
    page.locator("summary", has_text="Narrow").wait_for()
    before = tool.bounding_box()
    tool.click()
    # What it opens is below the line of tools, and is called what was searched for until somebody knows better.
    assert tool.bounding_box() == before
    expect(page.locator("#searchbar input[name=name]")).to_have_value("letter")
    page.locator("summary", has_text="Form").click()
    expect(page.locator("#searchbar input[name=name]")).to_be_hidden()
    tool.click()
    page.locator("#searchbar input[name=name]").fill("Letters")
    page.locator("#searchbar").get_by_role("button", name="Save", exact=True).click()
    saved = page.locator("#tree a[data-key=saved]")
    expect(saved).to_have_attribute("aria-current", "page")
    page.locator(".hints .chip", has_text="Unread").click()
    expect(saved).not_to_have_attribute("aria-current", "page")
    saved.click()
    expect(page.locator("#searchbar")).to_contain_text("Saved as “Letters”")
    expect(saved).to_have_attribute("aria-current", "page")
    page.locator("#searchbar").get_by_role("button", name="Remove").click()
    expect(saved).to_have_count(0)


def test_results_are_narrowed_by_what_they_have_in_common(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/search/?q=the")
    facets = page.locator("details.facets")
    facets.locator("summary").click()
    folder = facets.locator("a[title='in:inbox']")
    counted = int(folder.locator(".count").inner_text())
    folder.click()
    # The box says what the list now shows, and the next list's own words after that.
    expect(page.locator("#q")).to_have_value(re.compile(r"^the\S* in:inbox$"))
    expect(page.locator("#grid .row")).to_have_count(min(counted, 50))
    page.locator("#tree a.item", has_text="Inbox").first.click()
    expect(page.locator("#q")).to_have_value("")
    page.locator("#q").fill("letter")
    page.locator("form.search").get_by_role("button", name="This folder").click()
    expect(page.locator("#searchbar")).to_contain_text("Only Inbox is searched.")
    page.locator("#q").fill("harbour")
    page.locator("#q").press("Enter")
    expect(page).to_have_url(re.compile(r"q=harbour&folder=\d+$"))


def test_what_was_found_is_in_sight_however_narrow_the_list(chromium: Browser, mailbox: Mailbox) -> None:
    words = " ".join(["Minutes of the meeting about the new boathouse and", "its roof"] * 2)
    make_message(mailbox.folders["INBOX"], subject=f"{words} zebra {words}", preview=f"{words} zebra")
    page = mailbox.inbox(chromium, viewport={"width": 360, "height": 720})
    page.goto(f"{mailbox.url}/search/?q=zebra")
    for line in (".subj", ".snip"):
        box = page.locator(f"#grid {line}").bounding_box()
        mark = page.locator(f"#grid {line} mark").first.bounding_box()
        assert box is not None
        assert mark is not None
        assert box["x"] < mark["x"]
        assert mark["x"] + mark["width"] <= box["x"] + box["width"]
        assert mark["width"] > 30


def test_the_box_offers_operators_and_people_by_keyboard(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    box = page.locator("#q")
    options = page.get_by_role("option")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search mail")).to_be_focused()
    expect(options.first).to_contain_text("from:")
    box.press_sequentially("boathouse fr")
    expect(options).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", str(options.first.get_attribute("id")))
    page.keyboard.press("Enter")
    expect(box).to_have_value("boathouse from:")
    box.press_sequentially("priy")
    expect(options).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value(re.compile(r"^boathouse from:\S*priya\S* $"))
    # Nothing is marked: Enter searches. Escape closes the list and leaves what was typed.
    expect(page.locator("#suggest")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator(".asked")).to_contain_text("From: ")
    asked = page.locator(".asked").get_by_role("link")
    asked.click()
    expect(box).to_have_value("boathouse")
    box.fill("in:")
    expect(options.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#suggest")).to_be_hidden()
    expect(box).to_have_value("in:")
    expect(box).to_have_attribute("aria-expanded", "false")


def test_escape_leads_from_the_box_back_to_the_list(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    box = page.locator("#q")
    page.keyboard.press("/")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#suggest")).to_be_hidden()
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".row").first).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("oars")
    for _ in range(2):
        page.keyboard.press("Escape")
    expect(page.locator(".row").first).to_be_focused()
    expect(box).to_have_value("oars")
    # The single keys mean the list again.
    page.keyboard.press("j")
    expect(page.locator(".row").nth(1)).to_be_focused()


def test_recent_searches_are_offered_and_forgotten_in_the_box(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    box = page.locator("#q")
    recent = page.locator("#suggest [data-forget]")
    for words in ("letter", "harbour"):
        box.fill(words)
        with page.expect_response("**/search/recent/"):
            box.press("Enter")
        expect(page.locator("#listtitle")).to_contain_text(words)
    box.fill("")
    expect(recent).to_have_count(2)
    expect(recent.first).to_contain_text("harbour")
    recent.last.click()
    expect(page).to_have_url(re.compile(r"/search/\?q=letter$"))
    box.fill("")
    expect(recent.first).to_contain_text("letter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Delete")
    expect(recent).to_have_count(1)
    recent.locator(".forget").click()
    expect(recent).to_have_count(0)
    expect(box).to_be_focused()


def test_the_mail_server_is_asked_and_what_it_found_is_shown(chromium: Browser, mailbox: Mailbox) -> None:
    Folder.objects.filter(pk=mailbox.folders["INBOX"].pk).update(bodies_pending=1)
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/search/?q=zebra")
    page.get_by_role("button", name="Search on the mail server too").click()
    status = page.locator(".asking [role=status]")
    expect(status).to_contain_text("The mail server is being asked")
    make_message(mailbox.folders["INBOX"], subject="A zebra")
    ServerSearch.objects.update(state="done", found=1, fetched=1)
    expect(status).to_contain_text("The mail server found 1 more message.")
    page.get_by_role("link", name="Show them").click()
    expect(page.locator("#grid mark")).to_contain_text("zebra")


def test_results_are_put_in_another_order(chromium: Browser, mailbox: Mailbox) -> None:
    make_message(mailbox.folders["INBOX"], subject="Zebra", preview="zebra", received_at=START)
    make_message(mailbox.folders["INBOX"], subject="Animals", preview="a zebra", received_at=START + timedelta(days=1))
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/search/?q=zebra")
    rows = page.locator("#grid .subj")
    expect(rows.first).to_have_text("Animals")
    page.get_by_role("button", name="Sort: Newest first").click()
    page.get_by_role("menuitemradio", name="Best match first").click()
    expect(page).to_have_url(re.compile(r"sort=relevance"))
    expect(rows.first).to_have_text("Zebra")
    page.get_by_role("button", name="Sort: Best match first").click()
    page.get_by_role("menuitemradio", name="Newest first").click()
    expect(rows.first).to_have_text("Animals")


def test_words_are_offered_again_once_there_is_a_connection(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    box = page.locator("#q")
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        box.focus()
    page.context.set_offline(False)
    box.blur()
    box.focus()
    expect(box).to_have_attribute("role", "combobox")
    box.press_sequentially("from")
    expect(page.locator("#suggest [role=option]").first).to_be_visible()
    assert faults == []
