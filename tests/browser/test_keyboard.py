"""By keyboard alone: every stop of Tab is seen, and none is a trap."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Mailbox
from tests.browser.pages import OUTSIDE, inside

MOST_STOPS = 120
#: Where the focus is, and whether it can be seen (WCAG 2.4.7): on the screen, and with a ring or a border of its own.
_STOP = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const drawn = (one.matches(".pick input, .seg input, .pv input, .sw input") && one.closest("label"))
    || (one.matches(".picker") && one.previousElementSibling) || one;
  const box = drawn.getBoundingClientRect();
  const style = getComputedStyle(drawn);
  const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
    || [drawn, drawn.parentElement, drawn.parentElement?.parentElement].some((up) => up && up.matches(":focus-within")
      && (getComputedStyle(up).boxShadow !== "none" || getComputedStyle(up).borderColor !== "transparent"));
  const isSeen = box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0
    && box.top < innerHeight && box.left < innerWidth;
  window.stops ??= new WeakSet();
  const isAgain = window.stops.has(one);
  window.stops.add(one);
  // A frame is seen by what has the focus within it.
  const isFrame = one.matches("iframe");
  return { html: one.outerHTML.slice(0, 120), isSeen: isFrame || (isSeen && ring), isAgain: isAgain && !isFrame };
}"""
WALKED = ("inbox", "conversation", "appearance", "contacts", "account", "accounts", "operator", "search")


def walk(page: Page) -> list[dict[str, Any]]:
    """The stops of Tab from the top of the page until it begins again."""
    page.wait_for_load_state()
    page.evaluate("document.activeElement.blur()")
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None or stop["isAgain"]:
            return stops
        stops.append(stop)
    raise AssertionError(f"Tab does not come round: {stops[-3:]}")


@pytest.mark.parametrize("shape", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_every_stop_is_seen_and_none_is_a_trap(shape: tuple[int, int], chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": shape[0], "height": shape[1]}, reduced_motion="reduce")
    pages = inside(mailbox)
    hidden = []
    for name in WALKED:
        page.goto(mailbox.url + pages[name])
        stops = walk(page)
        assert len(stops) > 4, name
        hidden += [f"{name}: {stop['html']}" for stop in stops if not stop["isSeen"]]
    page.context.clear_cookies()
    page.goto(mailbox.url + OUTSIDE["sign-in"])
    hidden += [f"sign-in: {stop['html']}" for stop in walk(page) if not stop["isSeen"]]
    assert not hidden, "\n".join(hidden)
