"""The site in a language from right to left (tests/pseudo.py): turned round, whole, and with every phrase wrapped."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Mailbox
from tests.browser.pages import tour
from tests.browser.test_walks import TOO_WIDE
from tests.browser.webserver import served
from tests.pseudo import LANGUAGE, write_catalogue

#: What is said to eyes, screen readers and pointers.
_SAID = """() => {
  const MACHINE = "script, style, noscript, template";
  const DATA = `${MACHINE}, pre, .row, option, [dir=auto], .kbd, .av, .ft, textarea, .ProseMirror`;
  const said = [...document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")].flatMap((one) =>
    ["aria-label", "title", "placeholder", "alt"].map((name) => one.getAttribute(name)));
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    if (!words.currentNode.parentElement.closest(DATA)) said.push(words.currentNode.data);
  }
  return said.filter((one) => one?.trim()).map((one) => one.trim());
}"""

#: No phrases: what Django writes in Arabic (dates), ways to search, sizes, names of files and of browsers, addresses,
#: and commands for the operator.
_DATA = re.compile(r"[\u0600-\u06ff]|^\w+:\S|\d k?B\b|\.\w{2,4}$|^Mozilla/|@|`|\.example\b")
#: Names that are the same in every language, of people, places and parts of the machine.
_NAMES = {
    *("Heron", "Gmail", "Outlook", "IMAP", "POP3", "CSV", "vCard", "Anna", "anna", "Anna Berg", "Bo Ek", "Choir"),
    *("Hotel Strandvejen, 2 rooms", "Strandvejen 40", "Draft of the members’ letter"),
    *("Work", "Travel", "Code", "Events", "Receipts", "Rota", "Rotas", "friend", "office", "ada"),
    *("The hall on Friday", "The piano"),
    *(
        "database",
        "migrations",
        "redis",
        "Redis",
        "scheduler",
        "interactive",
        "sync",
        "send",
        "backfill",
        "maintenance",
    ),
}


@pytest.fixture(scope="module")
def _server(django_db_setup: None) -> Iterator[str]:
    """In place of the usual web server: one that knows the language."""
    with tempfile.TemporaryDirectory(prefix="heron-pseudo-") as folder:
        write_catalogue(Path(folder))
        settings = {"DJANGO_SETTINGS_MODULE": "tests.pseudo_settings", "HERON_PSEUDO_LOCALE": folder}
        with served(**settings) as url:
            yield url


@pytest.fixture
def turned(mailbox: Mailbox) -> Mailbox:
    type(mailbox.user).objects.filter(pk=mailbox.user.pk).update(language=LANGUAGE)
    return mailbox


def left_of(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["x"]


def test_the_panes_the_menus_and_the_arrows_are_turned_round(chromium: Browser, turned: Mailbox) -> None:
    page = turned.inbox(chromium)
    assert left_of(page, "#main") < left_of(page, "#list") < left_of(page, "#folders")
    assert left_of(page, "#grid .row time") < left_of(page, "#grid .row .from") < left_of(page, "#grid .row .av")
    width = page.locator("#list").bounding_box()
    page.locator("#grip").press("ArrowLeft")
    wider = page.locator("#list").bounding_box()
    assert width
    assert wider
    assert wider["width"] == width["width"] + 16
    page.locator(".row").first.focus()
    page.keyboard.press("l")
    menu = page.locator("#label").bounding_box()
    assert menu
    assert 0 <= menu["x"] <= menu["x"] + menu["width"] <= 1440
    page.keyboard.press("Escape")
    page.locator(".row").first.click()
    page.locator("#readform").wait_for()
    assert left_of(page, "#readform [value=trash]") < left_of(page, "#readform [value=archive]")
    mirrored = page.locator("#reading use[href$='#i-reply'], #reading use[href$='#i-reply-all']").first
    assert mirrored.evaluate("(one) => getComputedStyle(one).scale") == "-1 1"


def test_letters_keep_the_direction_of_their_own(chromium: Browser, turned: Mailbox) -> None:
    page = turned.inbox(chromium)
    page.goto(f"{turned.url}/search/?q=from:layla")
    page.locator(".row a.subj").first.click()
    page.locator("#subject").wait_for()
    assert page.locator("#subject").evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    page.goto(f"{turned.url}/f/{turned.folders['INBOX'].pk}/")
    english = page.locator(".row .subj", has_text="Draft of the members’ letter").first
    assert english.evaluate("(one) => getComputedStyle(one).direction") == "ltr"


def test_no_page_is_too_wide_and_every_name_is_wrapped(chromium: Browser, turned: Mailbox) -> None:
    page = turned.page(chromium, viewport={"width": 320, "height": 640}, has_touch=True)
    names = {*turned.folders, *_NAMES}
    found, plain = [], set()
    page.set_extra_http_headers({"Accept-Language": LANGUAGE})
    for name in tour(page, turned):
        assert page.locator("html").get_attribute("dir") == "rtl"
        found += [f"{name}: {what}" for what in page.evaluate(TOO_WIDE)]
        if name == "source":  # not our words
            continue
        for said in page.evaluate(_SAID):
            if "\u202e" not in said and said not in names and any(map(str.isalpha, said)) and not _DATA.search(said):
                plain.add(f"{name}: {said}")
    assert not plain, "\n".join(sorted(plain))
    assert not found, "\n".join(found)
