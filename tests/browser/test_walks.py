"""Walks over every page: with twice the text, and on the narrowest screen (WCAG 2.2, 1.4.4 and 1.4.10)."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.timezone import now
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from tests.browser.chromium import CHROMIUM, LEAN
from tests.browser.conftest import Mailbox
from tests.browser.pages import OUTSIDE, inside, tour
from tests.factories import make_user

#: What is wider than the window, and every box that scrolls sideways; but those that do so on purpose, a row of tabs
#: or of tools and text as it was written, and what is cut off at its end with dots.
TOO_WIDE = """() => {
  const MAY_SCROLL = ".tabs, .fmt, .hints, pre";
  const isCut = (one) => getComputedStyle(one).textOverflow === "ellipsis";
  const isHeld = (one) => one !== document.body && one !== null
    && (one.matches(MAY_SCROLL) || isCut(one) || isHeld(one.parentElement));
  const page = document.documentElement.scrollWidth;
  const wide = page > innerWidth ? [`the page is ${page} wide`] : [];
  for (const one of document.body.querySelectorAll("*")) {
    const box = one.getBoundingClientRect();
    if (box.width < 2 || !one.checkVisibility({ visibilityProperty: true }) || one.closest(".vh, .skip, svg")) continue;
    const said = one.outerHTML.slice(0, 120);
    if ((box.right > innerWidth + 1 || box.left < -1) && !isHeld(one.parentElement)) {
      wide.push(`${said} ${Math.round(box.left)}-${Math.round(box.right)}`);
    }
    if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible" && !isHeld(one)) {
      wide.push(`${said} holds ${one.scrollWidth} in ${one.clientWidth}`);
    }
  }
  return wide.slice(0, 5);
}"""

#: Text that a box of fixed height cuts off, and things to press that lie over each other.
_LOST = """() => {
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !one.closest(".vh, .skip, [inert], iframe");
  const isWritten = (one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const cuts = (one) => /hidden|clip/.test(getComputedStyle(one).overflowY)
    || one.matches("button, .btn, .row, .item, .chip, .tab");
  const lost = [];
  for (const one of document.body.querySelectorAll("*")) {
    if (!isWritten(one) || !isSeen(one) || one.matches("textarea, option, select, pre")) continue;
    const range = document.createRange();
    range.selectNodeContents(one);
    const text = range.getBoundingClientRect();
    for (let up = one; up && up !== document.body; up = up.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(up).overflowY)) break;
      const box = up.getBoundingClientRect();
      if (cuts(up) && (text.bottom > box.bottom + 3 || text.top < box.top - 3)) {
        lost.push(`cut off: ${one.outerHTML.slice(0, 140)}`);
      }
    }
  }
  // What floats over the page does so on purpose, and so does the eye in a field for a password.
  const floats = (one) => getComputedStyle(one).position === "fixed" || one.closest(".fab, .docked, .toasts, .inw");
  const things = [...document.body.querySelectorAll("a, button, input, select, textarea, summary")]
    .filter((one) => isSeen(one) && !one.matches("[type=hidden]") && !floats(one))
    .map((one) => ({ one, box: one.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 2 && box.height > 2);
  things.forEach((first, at) => things.slice(at + 1).forEach((second) => {
    if (first.one.contains(second.one) || second.one.contains(first.one)) return;
    const left = Math.max(first.box.left, second.box.left);
    const top = Math.max(first.box.top, second.box.top);
    const wide = Math.min(first.box.right, second.box.right) - left;
    const high = Math.min(first.box.bottom, second.box.bottom) - top;
    if (wide < 5 || high < 5) return;
    const there = document.elementsFromPoint(left + wide / 2, top + high / 2);
    if (there.includes(first.one) && there.includes(second.one)) {
      lost.push(`over each other: ${first.one.outerHTML.slice(0, 110)} AND ${second.one.outerHTML.slice(0, 110)}`);
    }
  }));
  return lost.slice(0, 5);
}"""


@pytest.fixture(scope="module")
def large_print(chromium: Browser) -> Iterator[Browser]:
    """A browser whose reader has set its text to twice the usual size."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    arguments = [*LEAN, *sandbox, "--blink-settings=defaultFontSize=32,defaultFixedFontSize=26"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


def walk(page: Page, mailbox: Mailbox, *looks: str) -> list[str]:
    """What the looks find on every page."""
    return [f"{name}: {what}" for name in tour(page, mailbox) for one in looks for what in page.evaluate(one)]


def test_nothing_is_wider_than_the_narrowest_screen(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 320, "height": 640}, has_touch=True)
    found = walk(page, mailbox, TOO_WIDE)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("#grid .row", "inbox"),
        ("#grid", "inbox"),
        ("#list", "inbox"),
        ("#main", "edit folder"),
        ("#main form", "edit folder"),
        (".setcol", "accounts"),
        (".door", "sign-in"),
    ],
)
def test_the_look_notices(where: str, path: str, chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 320, "height": 640}, has_touch=True)
    if path == "sign-in":
        page.context.clear_cookies()
    page.goto(mailbox.url + {**inside(mailbox), **OUTSIDE}[path])
    assert page.evaluate(TOO_WIDE) == []
    # A row counts for nothing before the browser knows that it is in sight; and as a list may be drawn anew at any
    # moment, the look follows at once.
    found = page.evaluate(
        f"""async (where) => {{
          const block = document.createElement("div");
          const isInSight = () => block.checkVisibility({{ contentVisibilityAuto: true }});
          for (let frame = 0; frame < 600; frame += 1) {{
            document.querySelector(where)?.append(block);
            if (isInSight()) break;
            await new Promise(requestAnimationFrame);
          }}
          Object.assign(block.style, {{ inlineSize: "900px", blockSize: "20px", flex: "none", position: "relative" }});
          return ({TOO_WIDE})();
        }}""",
        where,
    )
    assert found != []


@pytest.mark.parametrize("width", [1440, 820])
def test_nothing_is_lost_with_twice_the_text(width: int, large_print: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(large_print, viewport={"width": width, "height": 900})
    page.goto(mailbox.url)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    found = walk(page, mailbox, TOO_WIDE, _LOST)
    assert not found, "\n".join(found)


def test_nothing_is_wider_than_a_phone_with_twice_the_text(large_print: Browser, mailbox: Mailbox) -> None:
    shape: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = mailbox.inbox(large_print, **shape)
    page.locator("[data-do=select-all]").tap()
    for button in page.locator("#selbar button:visible").all():
        expect(button).to_be_in_viewport(ratio=1)
    page.locator("[data-do=clear]").tap()
    page.locator(".fab").tap()
    page.locator(".compose .ProseMirror").wait_for()
    for button in page.locator(".compose .head :is(button, label):visible").all():
        expect(button).to_be_in_viewport(ratio=1)
    found = walk(page, mailbox, TOO_WIDE)
    assert not found, "\n".join(found)


def test_nothing_is_lost_with_the_usual_text(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    found = walk(page, mailbox, TOO_WIDE, _LOST)
    assert not found, "\n".join(found)


def test_the_administrators_list_of_people_fits_beside_its_columns(chromium: Browser, mailbox: Mailbox) -> None:
    inside(mailbox)  # she runs the site
    make_user("maximilian.von-der-heide-langenfeld", last_login=now())
    User.objects.update(name="Maximilian von der Heide-Langenfeld")
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    page.goto(f"{mailbox.url}/admin/accounts/user/")
    table = page.locator(".results")
    assert table.evaluate("(one) => one.scrollWidth - one.clientWidth") == 0
