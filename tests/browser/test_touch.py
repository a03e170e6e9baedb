"""Every page under a finger: what can be hit, what lies over it, and letters that iOS leaves as they are."""

from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from mailsync.models import AccountSync, Draft
from tests.browser.conftest import Mailbox
from tests.browser.pages import tour
from tests.browser.test_mailbox import row
from tests.browser.test_walks import TOO_WIDE

TOUCH: dict[str, Any] = {"has_touch": True, "is_mobile": True, "reduced_motion": "reduce"}
SMALL: dict[str, Any] = {"viewport": {"width": 320, "height": 568}, **TOUCH}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, **TOUCH}
SIDEWAYS: dict[str, Any] = {"viewport": {"width": 844, "height": 390}, **TOUCH}
TABLET: dict[str, Any] = {"viewport": {"width": 820, "height": 1180}, **TOUCH}

#: Things to press that are smaller than 24 pixels (WCAG 2.2, 2.5.8); but links within a sentence, whose size is the
#: text's, and what a label makes larger.
TOO_SMALL = """() => {
  const PRESSED = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=option]";
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !one.closest(".vh, .skip, [inert], iframe");
  const isSentence = (one) => getComputedStyle(one).display === "inline" && !one.matches(".btn, .ib")
    && [...one.parentElement.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const isSmall = (one) => Math.min(one.offsetWidth, one.offsetHeight) < 24;
  return [...document.querySelectorAll(PRESSED)].filter(isSeen).flatMap((one) => {
    // A row is opened wherever it is touched.
    if (!one.offsetWidth || one.matches(".row a.subj") || isSentence(one)) return [];
    const box = one.getClientRects()[0];
    const isLarge = Math.min(box.width, box.height) >= 24 || [...one.labels ?? []].some((label) => !isSmall(label));
    return isLarge ? [] : [`${box.width}x${box.height} ${one.outerHTML.slice(0, 120)}`];
  });
}"""

#: Fields into which iOS would enlarge the page.
TOO_FINE = """() => {
  const NOT_TYPED = "[type=hidden], [type=checkbox], [type=radio], [type=file]";
  const FIELDS = `input:not(${NOT_TYPED}), select, textarea, [contenteditable=true]`;
  return [...document.querySelectorAll(FIELDS)]
    .filter((one) => one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 16)
    .map((one) => `${getComputedStyle(one).fontSize} ${one.outerHTML.slice(0, 120)}`);
}"""

#: Things to press that something else lies over, wherever they are scrolled to.
COVERED = """() => {
  const PRESSED = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !one.closest(".vh, .skip, [inert]");
  const reaches = (one, hit) => one.contains(hit) || hit.closest("label")?.control === one
    || [...one.labels ?? []].some((label) => label.contains(hit)) || one.closest(".row")?.contains(hit);
  return [...document.querySelectorAll(PRESSED)].filter(isSeen).flatMap((one) => {
    one.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = one.getClientRects()[0];
    if (!box || box.width < 3 || box.height < 3) return [];
    const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (hit && reaches(one, hit)) return [];
    return [`by ${hit?.outerHTML.slice(0, 80) ?? "the edge"}: ${one.outerHTML.slice(0, 120)}`];
  });
}"""
PARTS = 3


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("shape", [SMALL, SIDEWAYS, TABLET], ids=["small", "sideways", "tablet"])
def test_every_page_is_made_for_fingers(shape: dict[str, Any], part: int, chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, **shape)
    found: list[str] = []
    for name in tour(page, mailbox, slice(part, None, PARTS)):
        for look in (TOO_WIDE, TOO_SMALL, TOO_FINE, COVERED):
            found.extend(f"{name}: {what}" for what in page.evaluate(look))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("look", "spoil"),
    [
        (TOO_SMALL, "(one) => { one.style.cssText = 'min-height: 0; min-width: 0; height: 20px'; }"),
        (COVERED, "(one) => { one.style.cssText = 'position: relative; z-index: -1'; }"),
        (TOO_FINE, "() => { document.getElementById('id_login').style.fontSize = '15px'; }"),
    ],
    ids=["small", "covered", "fine"],
)
def test_the_looks_notice(look: str, spoil: str, chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, **PHONE)
    page.context.clear_cookies()
    page.goto(f"{mailbox.url}/accounts/login/")
    assert page.evaluate(look) == []
    page.locator(".card form .btn.primary").first.evaluate(spoil)
    assert page.evaluate(look) != []


class Finger:
    """One finger on the glass, by the browser's own input."""

    def __init__(self, page: Page) -> None:
        self.page = page
        # Gestures are loaded after the page.
        page.evaluate("Promise.all([import('heron/mail/swipe'), import('heron/mail/pull')]).then(() => {})")
        self.glass: CDPSession = page.context.new_cdp_session(page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        told = [{"x": x, "y": y} for x, y in points]
        self.glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})

    def drag(self, x: float, y: float, by: float, *, down: float = 0, let_go: bool = True) -> None:
        self._send("touchStart", (x, y))
        for step in range(1, 9):
            self._send("touchMove", (x + by * step / 8, y + down * step / 8))
            self.page.wait_for_timeout(20)
        if let_go:
            self.lift()

    def lift(self) -> None:
        self._send("touchEnd")

    def rest(self, x: float, y: float) -> None:
        self.glass.send("Input.synthesizeTapGesture", {"x": x, "y": y, "duration": 800, "gestureSourceType": "touch"})


def middle(page: Page, selector: str, at: int = 0) -> tuple[float, float]:
    box = page.locator(selector).nth(at).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("shape", [PHONE, SIDEWAYS, TABLET], ids=["phone", "sideways", "tablet"])
def test_what_a_sweep_does_lies_under_the_row(shape: dict[str, Any], chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **shape)
    finger = Finger(page)
    width = page.locator(".row").nth(1).evaluate("one => one.offsetWidth")
    name = page.locator(".row").nth(1).get_attribute("id")
    x, y = middle(page, ".row", 1)
    finger.drag(x, y, -width * 0.3, let_go=False)
    under = page.locator(".under")
    expect(under).to_have_text("Delete")
    expect(under).not_to_have_class("under sure")
    row_box, under_box = page.locator(f"#{name}").bounding_box(), under.bounding_box()
    assert row_box
    assert under_box
    assert abs(row_box["y"] - under_box["y"]) <= 1
    assert under_box["width"] == width
    finger.lift()
    expect(under).to_have_count(0)
    expect(page.locator(f"#{name}")).to_be_visible()
    finger.drag(x - width * 0.3, y, width * 0.45, let_go=False)
    expect(under).to_have_text("Archive")
    expect(under).to_have_class("under sure")
    finger.lift()
    expect(page.locator(".toast")).to_contain_text("archived")
    expect(page.locator(f"#{name}")).to_have_count(0)


def test_nothing_is_swept_out_of_the_bin_for_good(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    page.locator("#listform").evaluate("form => { form.dataset.role = 'trash'; }")
    x, y = middle(page, ".row", 1)
    name = page.locator(".row").nth(1).get_attribute("id")
    Finger(page).drag(x + 150, y, -300)
    expect(page.locator(f"#{name}")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0)


def test_a_long_press_selects_and_opens_nothing(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    Finger(page).rest(*middle(page, ".row", 1))
    expect(page.locator("#selcount")).to_have_text("1 selected")
    expect(page.locator(".row").nth(1)).to_have_attribute("aria-selected", "true")
    # Android sends this too, at about the same time.
    page.locator(".row a.subj").nth(2).evaluate(
        "one => one.dispatchEvent(new PointerEvent('contextmenu', { bubbles: true, pointerType: 'touch' }))"
    )
    expect(page.locator(":popover-open")).to_have_count(0)
    page.locator(".row").nth(2).tap()
    expect(page.locator("#selcount")).to_have_text("2 selected")
    page.locator("#selbar [popovertarget=context]").tap()
    menu = page.locator("#context")
    for said in ("Pin to the top", "Copy to…", "Merge conversations", "Block sender"):
        expect(menu.get_by_role("menuitem", name=said)).to_be_visible()


@pytest.mark.parametrize("shape", [SMALL, SIDEWAYS], ids=["small", "sideways"])
def test_a_menu_longer_than_the_screen_begins_on_it_and_scrolls(
    shape: dict[str, Any], chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium, **shape)
    row(page, "Hafenblatt").first.tap()
    page.locator("#subject").wait_for()
    page.locator(".msg [popovertarget^=more-]").last.tap()
    menu = page.locator(".menu:popover-open")
    box = menu.bounding_box()
    assert box
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= shape["viewport"]["height"]
    for said in ("Reply", "Save as file"):
        line = menu.get_by_role("menuitem", name=said, exact=True)
        line.scroll_into_view_if_needed()
        expect(line).to_be_in_viewport()


def test_a_phone_on_its_side_has_one_pane_most_of_which_is_mail(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **SIDEWAYS)
    expect(page.locator("#main")).to_be_hidden()
    assert page.locator("#rows").evaluate("one => one.clientHeight") >= 0.6 * 390
    row(page, "Hafenblatt").first.tap()
    page.locator("#subject").wait_for()
    expect(page.locator("#list")).to_be_hidden()
    assert page.locator("#readscroll").evaluate("one => one.clientHeight") >= 0.7 * 390
    page.locator(".dock [data-compose]").first.tap()
    page.locator(".compose .ProseMirror").wait_for()
    # A keyboard takes half of the screen: what is written is reached all the same.
    page.set_viewport_size({"width": 844, "height": 190})
    page.locator(".compose .ProseMirror").tap()
    page.keyboard.type("With a thumb.")
    expect(page.get_by_text("With a thumb.")).to_be_in_viewport()
    expect(page.locator(".compose .head [data-write=send]")).to_be_in_viewport()


def test_the_last_row_can_be_scrolled_above_the_button(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    page.goto(f"{mailbox.url}/f/{mailbox.folders['Boathouse'].pk}/")
    last = page.locator(".row").last
    last.wait_for()
    page.locator("#rows").evaluate("one => { one.scrollTop = one.scrollHeight; }")
    button, line = page.locator(".fab").bounding_box(), last.bounding_box()
    assert button
    assert line
    assert line["y"] + line["height"] <= button["y"]


def test_nothing_to_press_lies_under_a_notch_or_the_home_bar(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **SIDEWAYS)
    insets = {"left": 59, "leftMax": 59, "right": 59, "rightMax": 59, "bottom": 21, "bottomMax": 21}
    page.context.new_cdp_session(page).send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
    outside = """() => [...document.querySelectorAll("a[href], button, input")].filter((one) => {
      const box = one.getBoundingClientRect();
      return one.checkVisibility() && box.width && !one.closest(".vh, .skip, .fmt")
        && (box.left < 59 || box.right > innerWidth - 59);
    }).map((one) => one.outerHTML.slice(0, 120))"""
    page.wait_for_timeout(100)
    assert page.evaluate(outside) == []
    write = page.locator(".fab").bounding_box()
    assert write
    assert write["y"] + write["height"] <= 390 - 21
    row(page, "Hafenblatt").first.tap()
    page.locator("#subject").wait_for()
    assert page.evaluate(outside) == []
    page.locator(".dock [data-compose]").first.tap()
    page.locator(".compose .ProseMirror").wait_for()
    assert page.evaluate(outside) == []


def test_back_closes_what_covers_the_screen_and_nothing_else(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    listed = page.url
    row(page, "Hafenblatt").first.tap()
    page.locator("#subject").wait_for()
    opened = page.url
    page.locator(".dock [data-compose]").first.tap()
    page.locator(".compose .ProseMirror").tap()
    page.keyboard.type("Half a thought")
    page.go_back()
    expect(page.locator(".compose")).to_have_count(0)
    expect(page.locator("#subject")).to_be_visible()
    assert page.url == opened
    page.go_back()
    expect(page.locator("#list")).to_be_visible()
    assert page.url == listed
    assert Draft.objects.filter(user=mailbox.user, body__contains="Half a thought").exists()
    # Closed by its own button, it leaves nothing behind that Back would have to go through.
    page.locator(".fab").tap()
    page.locator(".compose [data-write=close]:visible").tap()
    expect(page.locator(".compose")).to_have_count(0)
    page.locator(".search [data-drawer-open]").tap()
    expect(page.locator("#app")).to_have_attribute("data-drawer", "open")
    page.go_back()
    expect(page.locator("#app")).not_to_have_attribute("data-drawer", "open")
    Finger(page).rest(*middle(page, ".row", 1))
    expect(page.locator("#selcount")).to_have_text("1 selected")
    page.go_back()
    expect(page.locator("#list")).not_to_have_class("list pane picking")
    assert page.url == listed
    page.locator(".search [data-drawer-open]").tap()
    page.locator("#tree a", has_text="Archive").tap()
    expect(page.locator("#list h1")).to_have_text("Archive")
    page.go_back()
    expect(page.locator("#list h1")).to_have_text("Inbox")
    assert page.url == listed
    page.go_back()
    assert page.url == "about:blank"


def test_a_phone_without_a_connection_says_so_and_offers_to_take_back(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    name = page.locator(".row").nth(1).get_attribute("id")
    page.context.set_offline(True)
    expect(page.locator("#syncstate")).to_be_visible()
    x, y = middle(page, ".row", 1)
    Finger(page).drag(x - 100, y, 200)
    expect(page.locator(f"#{name}")).to_have_count(0)
    offered = page.locator(".toast", has_text="You are offline.").get_by_role("button", name="Undo")
    offered.wait_for()
    page.wait_for_timeout(300)  # a tap that follows at once is taken for the second of two
    offered.tap()
    expect(page.locator(f"#{name}")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#syncstate")).to_be_hidden()
    # The errors of the browser's own console are those of the line.
    mailbox.complaints[:] = [text for text in mailbox.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_pulling_the_list_down_asks_for_new_mail(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, **PHONE)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.url.endswith("/check/") else None)
    finger = Finger(page)
    x, y = middle(page, ".row", 1)
    finger.drag(x, y, 0, down=60)
    expect(page.locator(".pulled")).to_have_count(0)
    page.locator("#rows").evaluate("one => { one.scrollTop = 200; }")
    finger.drag(x, y, 0, down=160)
    assert asked == []
    page.locator("#rows").evaluate("one => { one.scrollTop = 0; }")
    finger.drag(x, y, 0, down=160, let_go=False)
    expect(page.locator(".pulled")).to_have_class("pulled sure")
    with page.expect_response("**/check/") as answer:
        finger.lift()
    assert answer.value.status == 204
    expect(page.locator(".pulled")).to_have_count(0)
    assert AccountSync.objects.get(account=mailbox.folders["INBOX"].account_id).due_at is not None
