"""By keyboard alone: every stop of Tab is seen, and none is a trap."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Mailbox
from tests.browser.open_conversation import card, conversation, opened
from tests.browser.pages import OUTSIDE, inside

MOST_STOPS = 120
#: How each thing is drawn while nothing has the focus; kept for _STOP.
_BEGIN = """() => {
  document.activeElement.blur();
  const edge = (one, style) => (["none", "hidden"].includes(style.borderTopStyle) || !parseFloat(style.borderTopWidth)
    ? "" : style.borderTopColor + style.borderTopWidth);
  window.ringOf = (one) => {
    const style = getComputedStyle(one);
    const outline = style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1
      ? "" : style.outlineStyle + style.outlineWidth + style.outlineColor;
    return [outline, style.boxShadow, edge(one, style)].join(" | ");
  };
  window.blurred = new WeakMap([...document.querySelectorAll("*")].map((one) => [one, ringOf(one)]));
  window.stops = [];
}"""
#: Where the focus is, and whether it can be seen (WCAG 2.4.7): on the screen, and drawn with another ring, shadow or
#: border than without the focus; itself, or the box around a field.
_STOP = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const drawn = (one.matches(".pick input, .seg input, .pv input, .sw input") && one.closest("label"))
    || (one.matches(".picker") && one.previousElementSibling) || one;
  const box = drawn.getBoundingClientRect();
  const ring = [drawn, drawn.parentElement, drawn.parentElement?.parentElement]
    .some((up) => up && (up === drawn || up.matches(":focus-within")) && blurred.get(up) !== ringOf(up));
  const isSeen = box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0
    && box.top < innerHeight && box.left < innerWidth;
  const before = stops.indexOf(one);
  const isOn = one === stops.at(-1);
  stops.push(one);
  // A frame is seen by what has the focus within it, and has it as often as that has stops.
  const isFrame = one.matches("iframe");
  return { html: one.outerHTML.slice(0, 120), isSeen: isFrame || (isSeen && ring),
    isRound: before === 0, isTrap: before > 0 && !(isFrame && isOn) };
}"""
WALKED = ("inbox", "conversation", "appearance", "contacts", "account", "accounts", "operator", "search")


def walk(page: Page) -> list[dict[str, Any]]:
    """The stops of Tab from the top of the page until it begins again; anywhere else twice is a trap (WCAG 2.1.2)."""
    page.wait_for_load_state()
    page.evaluate(_BEGIN)
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None or stop["isRound"]:
            return stops
        assert not stop["isTrap"], f"Tab comes back here: {stop['html']}"
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
    stops = walk(page)
    assert len(stops) > 4, "sign-in"
    hidden += [f"sign-in: {stop['html']}" for stop in stops if not stop["isSeen"]]
    assert not hidden, "\n".join(hidden)


def test_the_walk_notices_what_is_not_seen_and_a_trap(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.goto(mailbox.url + OUTSIDE["forgotten password"])
    assert all(stop["isSeen"] for stop in walk(page))
    # What is drawn always tells nothing of the focus.
    always = "outline: 2px solid red !important; box-shadow: none !important; border: 0 !important"
    page.evaluate(
        "(rules) => { const s = new CSSStyleSheet(); s.replaceSync(`* { ${rules} }`); "
        "document.adoptedStyleSheets = [s]; }",
        always,
    )
    assert not any(stop["isSeen"] for stop in walk(page))
    page.evaluate(
        """() => addEventListener("keydown", (event) => {
          if (event.key !== "Tab" || !document.activeElement.matches("input")) return;
          event.preventDefault();
          document.activeElement.focus();
        })"""
    )
    with pytest.raises(AssertionError, match="Tab comes back here"):
        walk(page)


def test_several_letters_lead_to_a_choice_and_one_again_and_again_to_the_next(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    page.locator(".row").first.click()
    page.locator("#readform [popovertarget=more-read]").click()
    menu = page.locator("#more-read")

    def focused() -> str:
        return str(page.evaluate("document.activeElement.innerText.split('\\n')[0].trim()"))

    page.keyboard.type("pr")
    assert focused() == "Print"
    page.wait_for_timeout(600)
    page.keyboard.type("p")
    assert focused() == "Pin to the top"
    page.wait_for_timeout(600)
    page.keyboard.type("mm")
    assert focused() == "Merge with…"
    page.wait_for_timeout(600)
    page.keyboard.type("mute c")
    assert focused() == "Mute conversation"
    expect(menu).to_be_visible()
    page.wait_for_timeout(600)
    page.keyboard.type("zz")
    assert focused() == "Mute conversation"
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    page.locator("#movefind").press("ArrowDown")
    page.keyboard.type("se")
    assert focused() == "Sent"
    page.wait_for_timeout(600)
    page.keyboard.press("Escape")
    expect(page.locator("#move")).to_be_hidden()


def test_the_focus_stays_with_a_message_that_is_unfolded(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    card(page, first).locator(".line").focus()
    for _ in range(2):  # read from the server, then only shown
        page.keyboard.press("Enter")
        expect(card(page, first).locator(".head > button")).to_be_focused()
        card(page, first).locator(".head time").click()
        expect(card(page, first).locator(".line")).to_be_focused()
