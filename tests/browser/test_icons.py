"""Icons are drawn from a copy of the sprite inside the page, which costs no request and no picture's delay; without the
copy from the sprite's own file, as without scripts."""

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Mailbox

#: The icons of the page and of its templates: those drawn from the page itself, from a file, and from nothing.
_DRAWN = """() => {
  const roots = [document, ...[...document.querySelectorAll("template")].map((one) => one.content)];
  const names = roots.flatMap((root) => [...root.querySelectorAll("use")].map((use) => use.getAttribute("href")));
  const own = names.filter((name) => name.startsWith("#"));
  return [own.length, names.length - own.length, own.filter((name) => !document.querySelector(`symbol${name}`))];
}"""
#: Whether each visible icon has something to show.
_SHOWN = """() => [...document.querySelectorAll("svg.i use")]
  .filter((use) => use.checkVisibility() && !use.getBBox().width && !use.getBBox().height)
  .map((use) => use.getAttribute("href"))"""


def brought(page: Page) -> None:
    page.wait_for_function("() => document.querySelector('body > svg symbol')")


def test_whatever_comes_into_the_page_is_drawn_from_its_copy(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    brought(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".row a.subj").nth(2).click()
    expect(page.locator("#readform")).to_be_visible()
    page.locator(".row").nth(4).hover()
    expect(page.locator(".row:hover .acts svg").first).to_be_visible()
    # In a letter that is being written, this key makes a link.
    page.keyboard.press("Control+k")
    expect(page.locator("#paletteresults svg").first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator(".compose [data-saved]")).to_be_attached()
    own, others, missing = page.evaluate(_DRAWN)
    assert own > 100
    assert others == 0
    assert missing == []
    # What a row holds is drawn once the browser has found that the row is in sight.
    page.wait_for_function(f"() => ({_SHOWN})().length === 0")
    assert [url for url in asked if "icons" in url] == []


def test_another_list_is_drawn_from_the_copy_as_well(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    brought(page)
    page.locator("#tree a.item[data-role=sent]").click()
    expect(page.locator("#listform")).to_have_attribute("data-role", "sent")
    _own, others, missing = page.evaluate(_DRAWN)
    assert (others, missing) == (0, [])


def test_without_the_copy_the_file_draws(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    refused: list[str] = []

    def refuse(route: Route) -> None:
        if route.request.resource_type != "fetch":
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=204)

    page.route("**/static/icons.svg", refuse)
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.wait_for_function("() => document.querySelectorAll('body > iframe[hidden]').length")  # made after the copy
    page.locator(".row a.subj").first.click()
    expect(page.locator("#readform")).to_be_visible()
    assert len(refused) == 1
    own, others, _missing = page.evaluate(_DRAWN)
    assert own == 0
    assert others > 100
    page.wait_for_function(f"() => ({_SHOWN})().length === 0")
