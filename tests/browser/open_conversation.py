"""A conversation that stands open in a browser, and what comes into it meanwhile as a pull would bring it."""

from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from playwright.sync_api import Browser, Page, Request, expect

from mailsync.announce import announce_folders
from mailsync.models import Placement
from mailsync.store.summary import refresh
from tests.browser.conftest import Mailbox
from tests.factories import make_message, raw_message

#: Higher than any pane.
LONG = "".join(f"<p>Line {number} of a long letter about the harbour.</p>" for number in range(60))
HIDE = """(is) => {
    Object.defineProperty(document, "hidden", { value: is, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def letter(subject: str, html: str) -> dict[str, Any]:
    raw = raw_message(subject, html, Content_Type="text/html; charset=utf-8")
    start = raw.find(b"\r\n\r\n") + 4
    return {"raw": raw, "subject": subject, "parts": {"p": "1", "t": "text/html", "o": [start, len(raw), len(raw)]}}


def add(
    mailbox: Mailbox, first: Placement | None, html: str = "<p>Short.</p>", path: str = "INBOX", **more: Any
) -> Placement:
    """One more message of a conversation, stored and not told yet."""
    subject = "Re: Moorings" if first else "Moorings"
    fields = {"received_at": timezone.now(), **letter(subject, html), **more}
    return make_message(mailbox.folders[path], thread=first.thread if first else None, **fields)


def tell(placement: Placement) -> None:
    announce_folders(refresh([(placement.folder_id, placement.thread_id)]))


def answer(mailbox: Mailbox, first: Placement, html: str = "<p>Here I am.</p>", **more: Any) -> Placement:
    """An answer comes as a pull brings it: stored, counted, announced."""
    placement = add(mailbox, first, html, **{"from_name": "Bert Haller", "from_address": "bert@example.test", **more})
    tell(placement)
    return placement


def conversation(mailbox: Mailbox, *htmls: str, **more: Any) -> list[Placement]:
    first = add(mailbox, None, htmls[0], seen=True, **more)
    return [first, *(add(mailbox, first, html, seen=True) for html in htmls[1:])]


def opened(mailbox: Mailbox, chromium: Browser, first: Placement, **options: Any) -> Page:
    page = mailbox.page(chromium, **{"viewport": {"width": 1440, "height": 900}, **options})
    with page.expect_response(lambda told: "/events" in told.url):
        page.goto(f"{mailbox.url}/f/{first.folder_id}/t/{first.thread_id}/")
    page.locator(".scripted").first.wait_for()
    expect(page.locator("#main iframe.fitted").last).to_be_attached()
    page.wait_for_timeout(300)  # the stream listens
    return page


def panes_asked(page: Page) -> list[Request]:
    """What the page asks of its conversation from now on."""
    asked: list[Request] = []
    path = urlsplit(page.url).path
    page.on(
        "request",
        lambda one: (
            asked.append(one) if urlsplit(one.url).path == path and one.headers.get("hx-target") == "main" else None
        ),
    )
    return asked


def card(page: Page, placement: Placement) -> Any:
    return page.locator(f"#m{placement.message_id}")


def is_seen(placement: Placement) -> bool:
    placement.refresh_from_db()
    return placement.seen


def top_of(page: Page, placement: Placement) -> float:
    box = card(page, placement).bounding_box()
    assert box
    return float(box["y"])
