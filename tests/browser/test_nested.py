"""A message attached to a message, opened in place and closed again."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Mailbox
from tests.web.mail import store
from tests.web.test_nested import RAW
from webmail.render import join_bodies, render_header, text_body
from webmail.render.cleaner import sanitize
from webmail.render.document import html_document


def test_it_opens_below_the_files_and_closes(chromium: Browser, mailbox: Mailbox) -> None:
    message = store(mailbox.user, RAW, mailbox.folders["INBOX"])
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    tile = page.locator("[data-nested]")
    tile.click()
    inside = page.frame_locator(".nested iframe.fitted")
    expect(inside.get_by_text("Eve <eve@evil.test>")).to_be_visible()
    expect(inside.get_by_text("html", exact=True)).to_be_visible()
    expect(tile).to_have_attribute("aria-expanded", "true")
    tile.click()
    expect(page.locator(".nested")).to_have_count(0)
    expect(tile).to_have_attribute("aria-expanded", "false")


def test_its_sender_cannot_hide_who_they_are(chromium: Browser) -> None:
    enemy = sanitize(
        "<style>dl,dt,dd,dl *{display:none!important;visibility:hidden!important;color:#fff!important;"
        "font-size:0!important;opacity:0!important;height:0!important;overflow:hidden!important}</style>"
        "<p>From: Your bank"
    )
    header = text_body(render_header([("From", "Eve <eve@evil.test>")]))
    page = chromium.new_page(color_scheme="light")
    page.set_content(html_document(join_bodies([header, enemy])))
    address = page.get_by_role("link", name="eve@evil.test")
    expect(address).to_be_visible()
    expect(address).to_have_css("color", "rgb(20, 32, 51)")
    expect(address).to_have_css("font-size", "14px")
    expect(page.locator("dl")).to_have_css("opacity", "1")
    page.close()
