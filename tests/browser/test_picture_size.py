"""A picture among the words: how large it comes, is made, and leaves; by mouse, by finger and by keys."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from mailsync.models import Draft, Outgoing
from tests.browser.conftest import Mailbox
from tests.browser.test_accessible import PHONE
from tests.browser.waiting import eventually

pytestmark = pytest.mark.browser


def photo(width: int = 1200, height: int = 800) -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), "seagreen").save(written, "JPEG")
    return written.getvalue()


def put(page: Page, *files: tuple[str, bytes]) -> Locator:
    """Pictures into the words, once they are there."""
    page.locator("[data-picture]").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files]
    )
    shown = page.locator(".ProseMirror img[data-cid]")
    expect(shown).to_have_count(len(files))
    return shown


@pytest.fixture
def page(chromium: Browser, mailbox: Mailbox) -> Page:
    """With an empty message, and the caret in it."""
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/compose/")
    page.locator(".ProseMirror").click()
    return page


def send(page: Page) -> EmailMessage:
    page.get_by_role("combobox", name="To", exact=True).fill("bo@friends.test")
    page.get_by_label("Subject").fill("Photo")
    page.get_by_role("button", name="Send", exact=True).and_(page.locator(":visible")).click()
    eventually("sent", Outgoing.objects.exists)
    return message_from_bytes(bytes(Outgoing.objects.get().raw), policy=policy.default)  # type: ignore[return-value]


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def size(shown: Locator) -> tuple[str | None, str | None]:
    return shown.get_attribute("width"), shown.get_attribute("height")


def test_a_photo_comes_as_wide_as_a_message_and_a_small_picture_as_it_is(page: Page) -> None:
    shown = put(page, ("photo.jpg", photo()), ("sign.jpg", photo(90, 60)))
    assert (size(shown.first), size(shown.last)) == (("600", "400"), (None, None))


def test_its_size_is_chosen_and_leaves_beside_the_picture_as_it_was(page: Page) -> None:
    shown = put(page, ("photo.jpg", photo()))
    offered = page.get_by_role("toolbar", name="Size of the picture")
    expect(offered).to_be_hidden()
    shown.click()
    expect(offered.get_by_role("button", name="Best fit")).to_have_attribute("aria-pressed", "true")
    for name, wanted in (("Small", ("240", "160")), ("Original size", ("1200", "800")), ("Small", ("240", "160"))):
        offered.get_by_role("button", name=name).click()
        expect(offered.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        assert size(shown) == wanted
    expect(offered).to_contain_text("240 × 160")
    page.keyboard.press("Control+z")
    expect(shown).to_have_attribute("width", "1200")
    page.keyboard.press("Control+Shift+z")
    expect(shown).to_have_attribute("width", "240")
    page.keyboard.press("ArrowRight")
    expect(offered).to_be_hidden()
    message = send(page)
    assert 'width="240" height="160"' in html_of(message)
    assert "max-width: 100%; height: auto" in html_of(message)
    (sent,) = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert sent.get_content() == photo()


def test_a_corner_is_dragged_in_one_step_that_is_taken_back_at_once(page: Page) -> None:
    shown = put(page, ("photo.jpg", photo()))
    shown.click()
    page.get_by_role("button", name="Small").click()
    corner = page.get_by_role("slider", name="Width of the picture").bounding_box()
    assert corner is not None
    page.mouse.move(corner["x"] + 7, corner["y"] + 7)
    page.mouse.down()
    page.mouse.move(corner["x"] + 127, corner["y"] + 87, steps=5)
    expect(page.get_by_role("toolbar", name="Size of the picture")).to_contain_text("360 × 240")
    page.mouse.up()
    assert size(shown) == ("360", "240")
    page.keyboard.press("Control+z")
    expect(shown).to_have_attribute("width", "240")
    assert shown.evaluate("picture => picture.getBoundingClientRect().width") == 240


def test_keys_alone_select_it_and_change_it(page: Page) -> None:
    page.keyboard.press("Control+Home")
    page.keyboard.type("Look: ")
    shown = put(page, ("photo.jpg", photo()))
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("toolbar", name="Size of the picture")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Small")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Best fit")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    slider = page.get_by_role("slider", name="Width of the picture")
    expect(slider).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "580 by 387 pixels")
    assert size(shown) == ("580", "387")
    page.keyboard.press("Control+z")
    expect(slider).not_to_have_attribute("aria-valuenow", "580")
    page.keyboard.press("Escape")
    expect(page.locator(".ProseMirror")).to_be_focused()
    expect(page.locator("section.compose")).to_be_visible()


def test_on_a_phone_a_finger_makes_it_smaller(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, **PHONE)
    page.goto(f"{mailbox.url}/compose/")
    page.locator(".ProseMirror").tap()
    shown = put(page, ("photo.jpg", photo()))
    shown.tap()
    corner = page.get_by_role("slider", name="Width of the picture").bounding_box()
    assert corner is not None
    x, y = corner["x"] + 7, corner["y"] + 7
    fingers = page.context.new_cdp_session(page)
    for kind, moved in (("touchStart", 0), ("touchMove", 60), ("touchMove", 90), ("touchEnd", None)):
        points = [] if moved is None else [{"x": x - moved, "y": y - moved * 2 / 3}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(shown).not_to_have_attribute("width", "600")
    width = int(shown.get_attribute("width") or 0)
    assert 240 < width < 300
    assert shown.evaluate("picture => picture.getBoundingClientRect().width") == width
    bar = page.get_by_role("toolbar", name="Size of the picture").bounding_box()
    assert bar is not None
    assert bar["x"] >= 0
    assert bar["x"] + bar["width"] <= 390


def test_pictures_stand_in_their_order_where_they_were_put(page: Page) -> None:
    page.keyboard.press("Control+Home")
    page.keyboard.type("ab")
    page.keyboard.press("ArrowLeft")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/attach", hold)
    page.locator("[data-picture]").set_input_files(
        [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": photo(60 + n, 40)} for n in (1, 2, 3)]
    )
    page.keyboard.press("End")
    page.keyboard.type("c")
    while len(held) < 3:
        page.wait_for_timeout(20)
    for route in reversed(held):
        route.continue_()
    first = page.locator(".ProseMirror p").first
    expect(first.locator("img[data-cid]")).to_have_count(3)
    page.keyboard.type("d")
    inside = "(p) => [...p.childNodes].map((one) => one.alt ?? one.textContent).filter(Boolean)"
    assert first.evaluate(inside) == ["a", "1.jpg", "2.jpg", "3.jpg", "bcd"]


def test_a_picture_comes_where_the_caret_went_just_before_it_was_chosen(page: Page) -> None:
    """On a busy device a key and a choice are both told before the browser tells that the caret has moved."""
    page.keyboard.press("Control+Home")
    page.keyboard.type("ab")
    page.locator("[data-picture]").evaluate(
        """async (picker) => {
          const canvas = new OffscreenCanvas(60, 40);
          canvas.getContext("2d").fillRect(0, 0, 60, 40);
          const taken = new DataTransfer();
          const type = "image/jpeg";
          taken.items.add(new File([await canvas.convertToBlob({ type })], "1.jpg", { type }));
          picker.files = taken.files;
          getSelection().modify("move", "backward", "character");
          picker.dispatchEvent(new Event("change"));
        }"""
    )
    first = page.locator(".ProseMirror p").first
    expect(first.locator("img[data-cid]")).to_have_count(1)
    inside = "(p) => [...p.childNodes].map((one) => one.alt ?? one.textContent).filter(Boolean)"
    assert first.evaluate(inside) == ["a", "1.jpg", "b"]


def test_it_is_described_for_who_cannot_see_it(page: Page) -> None:
    shown = put(page, ("IMG_4711.jpg", photo()), ("other.jpg", photo(90, 60)))
    field = page.get_by_label("Description for people who cannot see it")
    expect(field).to_be_hidden()
    shown.first.click()
    expect(field).to_have_value("IMG_4711.jpg")
    field.click()
    expect(page.get_by_role("toolbar", name="Size of the picture")).to_be_visible()
    field.fill("  The boathouse from the lake ")
    field.press("Enter")
    expect(page.locator(".ProseMirror")).to_be_focused()
    expect(shown.first).to_have_attribute("alt", "The boathouse from the lake")
    shown.last.click()
    expect(field).to_have_value("other.jpg")
    field.fill("A sign")
    shown.first.click()
    expect(field).to_have_value("The boathouse from the lake")
    expect(shown.last).to_have_attribute("alt", "A sign")
    page.keyboard.press("Control+z")
    expect(shown.last).to_have_attribute("alt", "other.jpg")
    page.keyboard.press("Control+Shift+z")
    eventually("kept", lambda: 'alt="A sign"' in Draft.objects.get().body)
    page.reload()
    expect(shown.first).to_have_attribute("alt", "The boathouse from the lake")
    shown.first.click()
    expect(field).to_have_value("The boathouse from the lake")
    sent = html_of(send(page))
    assert 'alt="The boathouse from the lake"' in sent
    assert 'alt="A sign"' in sent


def test_keys_alone_reach_the_description(page: Page) -> None:
    page.keyboard.press("Control+Home")
    page.keyboard.type("Look: ")
    shown = put(page, ("photo.jpg", photo(300, 200)))
    page.keyboard.press("ArrowLeft")
    field = page.get_by_label("Description for people who cannot see it")
    expect(field).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("A green square")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+a")
    page.keyboard.type("A square")
    page.keyboard.press("Escape")
    expect(page.locator(".ProseMirror")).to_be_focused()
    expect(shown).to_have_attribute("alt", "A square")
