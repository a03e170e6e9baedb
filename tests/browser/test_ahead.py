"""The conversation that is probably opened next is there before it is asked for, tells nobody, and is never stale."""

import re
from urllib.parse import urlsplit

import pytest
from django.db.models import QuerySet
from django.utils.timezone import now
from playwright.sync_api import Browser, Page, Response, Route, expect

from accounts.models import TrustedSender
from mailsync.models import Placement
from mailsync.store.summary import refresh
from tests.browser.conftest import Mailbox
from tests.browser.waiting import eventually, until
from tests.factories import make_message, raw_message

#: A body that waits for its conversation to be opened; a spare frame is nobody's and has no name.
OUT_OF_SIGHT = "body > iframe[hidden][name]"
#: As another tab passes on what the stream of events told. Changes are gathered for a quarter of a second: a longer
#: time that begins after it ends after it.
_SAY = """async (event) => {
    const heard = new Promise((done) => document.addEventListener("heron:event", done, { once: true }));
    new BroadcastChannel("heron-live").postMessage(event);
    await heard;
    await new Promise((done) => setTimeout(done, 300));
}"""


def subjects(page: Page) -> list[str]:
    return page.locator(".row a.subj").all_inner_texts()


def open_first(page: Page) -> None:
    page.locator(".row").first.click()
    expect(page.locator("#main iframe.fitted")).to_be_visible()


def asked_by(page: Page) -> list[str]:
    """The paths that the page asks for from now on."""
    paths: list[str] = []
    page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    return paths


def make_unread(page: Page, mailbox: Mailbox, thread: QuerySet[Placement]) -> None:
    thread.update(seen=False)
    refresh((mailbox.folders["INBOX"].pk, thread_id) for thread_id in thread.values_list("thread_id", flat=True))
    page.reload()
    page.locator(".scripted").first.wait_for()


def path_of(page: Page, number: int) -> str:
    return urlsplit(page.locator(".row a.subj").nth(number).get_attribute("href") or "").path


def test_the_next_conversation_is_there_before_the_key_and_is_read_by_the_key_alone(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    inbox = mailbox.folders["INBOX"]
    thread = Placement.objects.filter(folder=inbox, thread_id=int(path_of(page, 1).rstrip("/").rpartition("/")[2]))
    make_unread(page, mailbox, thread)
    names = subjects(page)
    asked = asked_by(page)
    open_first(page)
    frame = page.locator(OUT_OF_SIGHT)
    expect(frame).to_have_count(1)
    body = body_of(page, 1)
    expect(frame).to_have_attribute("name", f"frame-{body.split('/')[2]}")
    assert not thread.filter(seen=True).exists()
    page.keyboard.press("j")
    expect(page.locator("#subject")).to_have_text(names[1])
    expect(page.locator("#main iframe.fitted")).to_be_visible()
    assert asked.count(path_of(page, 1)) == 1
    assert body not in asked, "it came with its conversation"
    expect(page.locator(".row").nth(1)).not_to_have_class("unread")
    eventually("the conversation is read", thread.filter(seen=True).exists)


@pytest.mark.parametrize("way", ["pointer", "focus"])
def test_where_the_reader_rests_is_fetched_before_it_is_opened(way: str, chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    third = page.locator(".row").nth(2)
    thread = Placement.objects.filter(thread_id=int(path_of(page, 2).rstrip("/").rpartition("/")[2]))
    make_unread(page, mailbox, thread)
    path, asked = path_of(page, 2), asked_by(page)
    with page.expect_response(lambda told: urlsplit(told.url).path == path) as ahead:
        if way == "pointer":
            third.hover()
        else:
            third.focus()  # not by three keys: a slow machine rests on the rows before
    assert ahead.value.request.headers["hx-preloaded"] == "true"
    expect(page.locator(OUT_OF_SIGHT)).to_have_count(1)
    assert not thread.filter(seen=True).exists()
    if way == "pointer":
        third.click()
    else:
        page.keyboard.press("Enter")
    expect(page.locator("#subject")).to_have_text(subjects(page)[2])
    assert asked.count(path) == 1


def body_of(page: Page, number: int) -> str:
    return f"/m/{page.locator('.row').nth(number).get_attribute('data-message')}/body"


def hold_conversations(page: Page) -> list[Route]:
    """The conversations that are asked for from now on wait for the test."""
    held: list[Route] = []
    page.route("**/t/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    return held


@pytest.mark.parametrize("way", ["click", "key"])
def test_what_nobody_guessed_is_asked_for_once_and_is_read_when_it_is_there(
    way: str, chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    third, name = page.locator(".row").nth(2), subjects(page)[2]
    thread = Placement.objects.filter(thread_id=int(path_of(page, 2).rstrip("/").rpartition("/")[2]))
    make_unread(page, mailbox, thread)
    asked, held = asked_by(page), hold_conversations(page)
    with page.expect_request("**/t/**"):
        if way == "click":
            third.dispatch_event("mousedown")
            third.dispatch_event("click")
        else:
            page.evaluate("(row) => row.focus()", third.element_handle())
            page.keyboard.press("Enter")
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(50)
    assert len(held) == 1
    assert not thread.filter(seen=True).exists()
    held[0].continue_()
    expect(page.locator("#subject")).to_have_text(name)
    expect(page.locator("#main iframe.fitted")).to_be_visible()
    assert asked.count(path_of(page, 2)) == 1
    eventually("the conversation is read", thread.filter(seen=True).exists)


def test_what_is_left_before_it_came_stays_unread(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    thread = Placement.objects.filter(thread_id=int(path_of(page, 2).rstrip("/").rpartition("/")[2]))
    make_unread(page, mailbox, thread)
    held = hold_conversations(page)
    third, fourth = page.locator(".row").nth(2), page.locator(".row").nth(3)
    with page.expect_request("**/t/**"):
        third.click()
    expect(third).not_to_have_class(re.compile("unread"))
    with page.expect_request("**/t/**"):
        fourth.click()
    expect(third).to_have_class(re.compile("unread"))
    held[-1].continue_()
    expect(page.locator("#subject")).to_have_text(subjects(page)[3])
    assert not thread.filter(seen=True).exists()


def test_what_changes_in_the_list_waits_for_the_text(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    rows = urlsplit(page.url).path
    asked, held = asked_by(page), hold_conversations(page)
    with page.expect_request("**/t/**"):
        page.locator(".row").nth(2).click()
    said = {"kind": "folder", "folder": mailbox.folders["INBOX"].pk, "unread": 1, "total": 2}
    page.evaluate(_SAY, said)
    assert rows not in asked
    with page.expect_request(lambda request: urlsplit(request.url).path == rows):
        held[-1].continue_()
    expect(page.locator("#main iframe.fitted")).to_be_visible()


def test_what_an_archived_row_opens_is_read_in_the_list_though_its_rows_came_in_between(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    thread = int(path_of(page, 1).rstrip("/").rpartition("/")[2])
    make_unread(page, mailbox, Placement.objects.filter(thread_id=thread))
    row = page.locator(f"#{page.locator('.row').nth(1).get_attribute('id')}")
    expect(row).to_have_class(re.compile("unread"))
    open_first(page)
    expect(page.locator(OUT_OF_SIGHT)).to_have_count(1)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "do=read" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/act/", hold)
    with page.expect_request(lambda asked: "do=read" in (asked.post_data or "")):
        page.keyboard.press("e")
    expect(row).to_have_class(re.compile("current"))
    expect(row).to_have_class(re.compile("unread"))  # by the rows that were read anew when the act was told
    page.route(f"**/f/{mailbox.folders['INBOX'].pk}/", lambda route: None)  # nor does it wait for the next rows
    held[0].continue_()
    expect(row).not_to_have_class(re.compile("unread"))


def test_a_frame_out_of_sight_is_as_confined_as_one_in_sight(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    policies: list[str] = []

    def note(told: Response) -> None:
        if told.request.resource_type == "document":
            policies.append(told.headers["content-security-policy"])

    page.on("response", note)
    open_first(page)
    expect(page.locator(OUT_OF_SIGHT)).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("#main iframe.fitted")).to_be_visible()
    expect(page.locator(OUT_OF_SIGHT)).to_have_count(1)
    allowed = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    # All at once: a spare one may come or go between two looks.
    found = page.locator("iframe").evaluate_all("(all) => all.map((frame) => frame.getAttribute('sandbox'))")
    assert set(found) == {allowed}
    assert policies
    assert all("script-src 'none'" in policy for policy in policies)


def test_pictures_from_outside_wait_for_the_reader_even_where_they_are_always_shown(
    chromium: Browser, mailbox: Mailbox
) -> None:
    raw = raw_message(
        "Offers", '<img src="https://shop.example/a.png" width="99" alt="A"><p>Buy</p>', Content_Type="text/html"
    )
    start = raw.find(b"\r\n\r\n") + 4
    parts = {"p": "1", "t": "text/html", "o": [start, len(raw), len(raw)]}
    offer = make_message(mailbox.folders["INBOX"], raw, received_at=now(), parts=parts, from_address="ads@shop.example")
    make_message(mailbox.folders["INBOX"], received_at=now())
    TrustedSender.objects.create(user=mailbox.user, address="ads@shop.example")
    page = mailbox.inbox(chromium)
    asked = asked_by(page)
    body = f"/m/{offer.message_id}/body/pictures"
    with page.expect_response(lambda told: urlsplit(told.url).path == path_of(page, 1)) as ahead:
        open_first(page)
    assert f'src="{body}"' in ahead.value.text()
    assert body not in asked
    page.keyboard.press("j")
    expect(page.locator("#main iframe.fitted")).to_have_attribute("src", body)
    assert asked.count(body) == 1


def test_on_a_phone_nothing_is_fetched_before_it_is_wanted(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    second = path_of(page, 1)
    asked = asked_by(page)
    page.locator(".row a.subj").first.tap()
    expect(page.locator("#main iframe.fitted").last).to_be_visible()
    page.go_back()
    expect(page.locator(".row").first).to_be_visible()
    assert second not in asked


def test_what_was_fetched_ahead_is_not_shown_once_its_row_has_changed(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    asked = asked_by(page)
    open_first(page)
    expect(page.locator(OUT_OF_SIGHT)).to_have_count(1)
    page.locator(".row").nth(1).evaluate("(row) => row.classList.toggle('flagged')")
    page.keyboard.press("j")
    expect(page.locator("#subject")).to_have_text(subjects(page)[1])
    assert asked.count(path_of(page, 1)) == 2


def test_a_second_key_before_the_next_conversation_has_come_is_about_that_one(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    names = subjects(page)
    rows = [page.locator(".row").nth(number).get_attribute("id") or "" for number in range(3)]
    first = path_of(page, 0)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if urlsplit(route.request.url).path == first:
            route.continue_()
        else:
            held.append(route)

    page.route("**/t/**", hold)
    open_first(page)
    acts: list[str] = []
    page.on("request", lambda request: acts.append(request.post_data or "") if "/act/" in request.url else None)
    page.keyboard.press("e")
    page.keyboard.press("e")
    expect(page.locator(f"#{rows[1]}")).to_have_count(0)
    assert subjects(page)[0] == names[2]
    # The second is sent when the first is answered.
    until(page, lambda: sum("do=archive" in act for act in acts) == 2)
    archived = [act for act in acts if "do=archive" in act]
    assert [rows[number] in act for number, act in enumerate(archived)] == [True, True]
    assert held
