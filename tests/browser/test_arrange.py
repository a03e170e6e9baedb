"""Folders and labels arranged from the column, with mouse and keyboard. Chromium against the running site."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import subjects


def test_the_menu_of_a_folder_leads_to_all_that_can_be_done(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    receipts = page.locator("#tree a[data-folder]", has_text="Receipts")
    receipts.focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("menuitem", name="New folder below it…").click()
    page.get_by_label("Name").fill("2026")
    page.get_by_role("button", name="Make the folder").click()
    expect(page.locator("#list h1")).to_have_text("2026")
    expect(page.locator(".toast")).to_contain_text("created")
    page.locator("#tree a[data-folder]", has_text="2026").click(button="right")
    page.get_by_role("menuitem", name="Rename, move or delete…").click()
    page.get_by_label("New name").fill("Last year")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("#list h1")).to_have_text("Last year")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#tree a[data-folder]", has_text="2026")).to_be_visible()


def test_a_row_is_dragged_to_a_label(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    page.locator(".row").nth(1).drag_to(page.locator("#tree a[data-keyword=Travel]"))
    expect(page.locator(".toast")).to_contain_text("Labelled Travel")
    expect(page.locator(".row").nth(1).locator(".chip", has_text="Travel")).to_be_visible()
    assert subjects(page)[:3] == before[:3]
    expect(page.locator("#tree a[data-keyword=Travel] .cnt")).to_have_text(re.compile(r"\d+"))


def test_a_label_is_made_and_coloured_by_keyboard(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.get_by_role("link", name="New label").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Harbour")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Orange")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#listtitle h1")).to_have_text("Harbour")
    label = page.locator("#tree a[data-keyword=Harbour]")
    expect(label.locator(".swatch")).to_have_class(re.compile("h45"))
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.locator(".scripted").first.wait_for()  # without scripts a row is not dragged
    page.locator(".row").nth(1).drag_to(label)
    chip = page.locator(".row").nth(1).locator(".chip", has_text="Harbour")
    expect(chip).to_have_class(re.compile("h45"))
    label.click(button="right")
    page.get_by_role("menuitem", name="Rename, move or delete…").click()
    page.get_by_label("Violet").check()
    page.get_by_role("button", name="Change the colour").click()
    expect(label.locator(".swatch")).to_have_class(re.compile("h290"))
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    expect(chip).to_have_class(re.compile("h290"))


def test_a_folder_is_dragged_below_another_and_to_the_top(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    receipts = page.locator("#tree a[data-folder]", has_text="Receipts")
    boathouse = page.locator("#tree a[data-folder]", has_text="Boathouse")
    expect(receipts).to_have_class(re.compile(r"\bd0\b"))
    receipts.drag_to(boathouse)
    toast = page.locator(".toast", has_text="Folder “Receipts” moved")
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()
    expect(receipts).to_have_class(re.compile(r"\bd1\b"))
    boathouse.drag_to(receipts)
    expect(page.locator(".toast.bad")).to_contain_text("cannot be moved into itself")
    receipts.drag_to(page.locator("#tree h2", has_text="Folders"))
    expect(receipts).to_have_class(re.compile(r"\bd0\b"))
    # What has a purpose stays where it is.
    page.locator("#tree a[data-role=archive]").drag_to(boathouse)
    expect(page.locator("#tree .takes")).to_have_count(0)
    page.reload()
    expect(page.locator("#tree a[data-role=archive]")).to_have_class(re.compile(r"\bd0\b"))


def test_a_middling_screen_reaches_every_folder_by_the_drawer(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, viewport={"width": 1024, "height": 768})
    folder = page.locator("#tree a.item", has_text="Boathouse")
    expect(folder).to_be_hidden()
    page.get_by_role("button", name="Folders").click()
    expect(page.locator(".nav .newmail")).to_be_focused()
    folder.click()
    expect(page.locator("#listtitle h1")).to_have_text("Boathouse")
    expect(folder).to_be_hidden()
    page.get_by_role("button", name="Folders").click()
    page.keyboard.press("Escape")
    expect(folder).to_be_hidden()
    expect(page.get_by_role("button", name="Folders")).to_be_focused()


def test_a_long_name_stays_within_its_page(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, viewport={"width": 390, "height": 844})
    for new, name in (("/folders/new/", "Ordner" * 15), ("/labels/new/", "Etikett" * 5)):
        page.goto(mailbox.url + new)
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Make the").click()
        expect(page.locator("#list h1")).to_have_text(name)
        count = page.locator("#listtitle .n")
        assert count.count() == 0 or count.evaluate("each => each.getClientRects().length") == 1
        page.goto(page.url.replace("/label/", "/edit-label/") + ("edit/" if "/f/" in page.url else ""))
        expect(page.locator("h1")).to_have_text(name)
        assert page.locator("main .scroll").evaluate("each => each.scrollWidth - each.clientWidth") == 0
    page.goto(mailbox.url + "/activity/")
    expect(page.locator(".acts-done strong").first).to_contain_text("OrdnerOrdner")
    assert page.locator("main .scroll").evaluate("each => each.scrollWidth - each.clientWidth") == 0


def test_the_word_of_a_long_name_keeps_its_undo_in_the_window(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.goto(mailbox.url + "/folders/new/")
    page.get_by_label("Name").fill("W" * 100)
    page.get_by_role("button", name="Make the folder").click()
    page.goto(page.url + "edit/")
    page.get_by_label("New name").fill("M" * 100)
    page.get_by_role("button", name="Rename").click()
    undo = page.locator(".toast").get_by_role("button", name="Undo")
    box = undo.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 1440
    undo.click()
    expect(page.locator("#list h1")).to_have_text("W" * 100)
