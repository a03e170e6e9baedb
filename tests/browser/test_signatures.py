"""A formatted signature under a person's hands: written, pasted, sent, read in the message as others get it."""

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Identity
from mailsync.models import Draft, Outgoing, SignaturePicture
from tests.browser.conftest import Mailbox
from tests.browser.test_ink import contrast
from tests.browser.test_mailbox import PHONE
from tests.browser.waiting import eventually
from tests.logo import make_logo, sign

pytestmark = pytest.mark.browser

#: As a word processor puts it on the clipboard, in short.
_FROM_WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin:0}</style>
</head><body><!--StartFragment--><p class="MsoNormal"><b><span style="font-size:14.0pt;color:#1F4E79;
mso-fareast-language:EN-GB">Anna Berg</span></b><o:p></o:p></p><p class=MsoNormal><a href="https://nordlicht.example/">nordlicht.example</a>
<img width=96 src="file:///C:/Users/anna/AppData/Local/Temp/image001.png"></p><!--EndFragment--></body></html>"""
_PASTE = """(box, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def identity(mailbox: Mailbox) -> Identity:
    return Identity.objects.get(user=mailbox.user)


def settings_of(mailbox: Mailbox, identity: Identity, browser: Browser, **options: Any) -> Page:
    page = mailbox.page(browser, **options)
    page.goto(f"{mailbox.url}/settings/identities/{identity.pk}/")
    return page


def editor_of(page: Page) -> Locator:
    """Before it is there, the plain field has its name."""
    box = page.locator(".ProseMirror")
    expect(box).to_have_accessible_name("What it says")
    return box


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Writing and signatures")).to_be_visible()


def write(page: Page, *, to: str = "bo@friends.test") -> Locator:
    page.keyboard.press("c")
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    window.get_by_role("combobox", name="To", exact=True).fill(to)
    window.get_by_label("Subject").fill("Plan")
    return window


def send(page: Page, window: Locator) -> EmailMessage:
    """The message as it leaves."""
    window.get_by_role("button", name="Send", exact=True).and_(page.locator(":visible")).click()
    expect(window).to_have_count(0)
    raw = bytes(Outgoing.objects.latest("pk").raw)
    return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def pictures(message: EmailMessage) -> dict[str, bytes]:
    """By Content-ID; a name that stands twice is an error."""
    parts = [part for part in message.walk() if part.get_content_maintype() == "image"]
    found = {part["Content-ID"].strip("<>"): part.get_content() for part in parts}
    assert len(found) == len(parts)
    return found


def test_it_is_written_with_a_picture_and_goes_with_a_message(
    chromium: Browser, mailbox: Mailbox, identity: Identity
) -> None:
    page = settings_of(mailbox, identity, chromium)
    box = editor_of(page)
    box.click()
    page.keyboard.type("Kind regards, ")
    page.keyboard.press("Control+b")
    page.keyboard.type("Anna")
    page.keyboard.press("Control+b")
    page.keyboard.press("Enter")
    logo = make_logo()
    page.locator("[data-picture]").set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": logo})
    shown = box.locator("img[data-cid]")
    expect(shown).to_have_attribute("width", "320")
    assert shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640
    save(page)
    picture = SignaturePicture.objects.get()
    assert Identity.objects.get().signature_html == (
        f'<p>Kind regards, <strong>Anna</strong></p><p><img src="cid:{picture.content_id}" alt="" width="320"></p>'
    )

    page.goto(mailbox.url)
    window = write(page)
    text = window.locator(".ProseMirror")
    expect(text.locator("strong")).to_have_text("Anna")
    assert text.locator("img[data-cid]").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640
    text.click(position={"x": 20, "y": 8})
    page.keyboard.type("Hello Bo.")
    message = send(page, window)
    assert pictures(message) == {picture.content_id: logo}
    assert html_of(message).count(f'src="cid:{picture.content_id}"') == 1
    assert "/settings/" not in html_of(message)
    plain = message.get_body(("plain",))
    assert plain is not None
    text_part = plain.get_content().replace("\r\n", "\n")
    assert text_part.split() == ["Hello", "Bo.", "--", "Kind", "regards,", "Anna"]
    assert "\n-- \n" in text_part


def test_a_draft_that_is_opened_again_and_answered_has_it_once(
    chromium: Browser, mailbox: Mailbox, identity: Identity
) -> None:
    sign(identity)
    (cid,) = SignaturePicture.objects.values_list("content_id", flat=True)
    page = mailbox.inbox(chromium)
    page.locator("#list .row a.subj").first.click()
    page.get_by_role("link", name="Reply", exact=False).first.click()
    window = page.locator("section.compose")
    text = window.locator(".ProseMirror")
    expect(text.locator("img[data-cid]")).to_have_count(1)
    text.click(position={"x": 20, "y": 8})
    page.keyboard.type("Fine.")
    page.keyboard.press("Control+s")
    eventually("saved", lambda: "Fine." in Draft.objects.latest("pk").body)
    draft = Draft.objects.latest("pk")
    page.goto(f"{mailbox.url}/d/{draft.pk}/")
    expect(text.locator("img[data-cid]")).to_have_count(1)
    assert text.locator("img[data-cid]").evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640
    expect(window.locator(".orig")).to_have_count(1)
    page.locator("section.compose.scripted").wait_for()
    message = send(page, window)
    assert cid in pictures(message)
    assert html_of(message).count(f"cid:{cid}") == 1


def test_from_exchanges_a_formatted_one_that_stands_as_it_was(
    chromium: Browser, mailbox: Mailbox, identity: Identity
) -> None:
    sign(identity)
    firm = Identity.objects.create(
        user=mailbox.user, account=identity.account, address="anna@firm.test", verified_at=timezone.now()
    )
    sign(firm)
    Identity.objects.filter(pk=firm.pk).update(signature_html=firm_words(firm))
    page = mailbox.inbox(chromium)
    window = write(page)
    text = window.locator(".ProseMirror")
    sender = window.get_by_label("From", exact=True)
    text.click(position={"x": 20, "y": 8})
    page.keyboard.type("Hello.")
    sender.select_option(value=str(firm.pk))
    expect(text).to_contain_text("Firm")
    expect(text).not_to_contain_text("Anna Berg")
    # There and back again, as often as one likes.
    sender.select_option(value=str(identity.pk))
    expect(text).to_contain_text("Anna Berg")
    expect(text.locator("img[data-cid]")).to_have_count(1)
    # One that was changed stays.
    text.locator("img[data-cid]").click()
    page.keyboard.press("Delete")
    expect(text.locator("img[data-cid]")).to_have_count(0)
    sender.select_option(value=str(firm.pk))
    expect(text).to_contain_text("Anna Berg")
    expect(text).not_to_contain_text("Firm")
    assert pictures(send(page, window)) == {}


def firm_words(firm: Identity) -> str:
    return f'<p>Firm</p><p><img src="cid:{SignaturePicture.objects.get(identity=firm).content_id}" alt=""></p>'


def test_the_senders_picture_goes_and_the_others_does_not(
    chromium: Browser, mailbox: Mailbox, identity: Identity
) -> None:
    sign(identity)
    firm = Identity.objects.create(
        user=mailbox.user, account=identity.account, address="anna@firm.test", verified_at=timezone.now()
    )
    sign(firm)
    page = mailbox.inbox(chromium)
    window = write(page)
    window.get_by_label("From", exact=True).select_option(value=str(firm.pk))
    assert list(pictures(send(page, window))) == [SignaturePicture.objects.get(identity=firm).content_id]


def test_one_that_is_only_put_in_by_hand(chromium: Browser, mailbox: Mailbox, identity: Identity) -> None:
    sign(identity)
    page = settings_of(mailbox, identity, chromium)
    page.get_by_label("In new messages").uncheck()
    save(page)
    page.goto(mailbox.url)
    window = write(page)
    text = window.locator(".ProseMirror")
    expect(text).not_to_contain_text("Anna Berg")
    text.click()
    window.get_by_role("button", name="Insert signature").click()
    expect(text.locator("img[data-cid]")).to_have_count(1)
    assert len(pictures(send(page, window))) == 1


def test_what_a_word_processor_copies_is_cleaned(chromium: Browser, mailbox: Mailbox, identity: Identity) -> None:
    page = settings_of(mailbox, identity, chromium)
    box = editor_of(page)
    box.evaluate(_PASTE, _FROM_WORD)
    expect(box).to_contain_text("Anna Berg")
    save(page)
    kept = Identity.objects.get().signature_html
    assert "Anna Berg" in kept
    assert "color: rgb(31, 78, 121)" in kept or "#1F4E79" in kept
    assert '<a href="https://nordlicht.example/">nordlicht.example</a>' in kept
    for gone in ("Mso", "mso-", "<o:p", "file:", "<style", "StartFragment", "<img"):
        assert gone not in kept


def test_pictures_within_pasted_words_are_kept_here(chromium: Browser, mailbox: Mailbox, identity: Identity) -> None:
    page = settings_of(mailbox, identity, chromium)
    box = editor_of(page)
    data = BytesIO()
    Image.new("RGB", (500, 20), "#0f5c7a").save(data, "PNG")
    picture = f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
    box.evaluate(_PASTE, f'<p>Anna <img src="{picture}"></p>')
    expect(box.locator("img[data-cid]")).to_have_attribute("width", "320")
    save(page)
    kept = Identity.objects.get().signature_html
    assert f'src="cid:{SignaturePicture.objects.get().content_id}"' in kept
    assert "data:" not in kept


def test_a_picture_that_is_too_large_is_refused_in_words(
    chromium: Browser, mailbox: Mailbox, identity: Identity
) -> None:
    page = settings_of(mailbox, identity, chromium)
    expect(page.get_by_text("500 kB together")).to_be_visible()
    editor_of(page)
    photo = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"x" * 600_000}
    page.locator("[data-picture]").set_input_files(photo)  # type: ignore[arg-type]
    expect(page.locator(".toast")).to_contain_text("“photo.jpg” is too large")
    expect(page.locator(".ProseMirror img[data-cid]")).to_have_count(0)


def test_without_scripts_it_is_seen_as_text_and_stays_as_it_was(
    chromium: Browser, mailbox: Mailbox, identity: Identity
) -> None:
    kept = sign(identity).signature_html
    page = settings_of(mailbox, identity, chromium, java_script_enabled=False)
    expect(page.get_by_label("What it says")).to_have_value(
        "Anna Berg · Boathouse\n\nMore at nordlicht.example <https://nordlicht.example/>"
    )
    expect(page.get_by_text("Its formatting and pictures stay")).to_be_visible()
    page.get_by_label("Name").fill("Anna B.")
    save(page)
    identity.refresh_from_db()
    assert (identity.name, identity.signature_html) == ("Anna B.", kept)
    page.goto(f"{mailbox.url}/settings/identities/{identity.pk}/")
    page.get_by_label("What it says").fill("Anna")
    save(page)
    identity.refresh_from_db()
    assert identity.signature_html == "<p>Anna</p>"


def test_on_a_phone_it_fits(chromium: Browser, mailbox: Mailbox, identity: Identity) -> None:
    sign(identity)
    page = settings_of(mailbox, identity, chromium, **PHONE)
    expect(page.locator(".ProseMirror img[data-cid]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]  # type: ignore[index]
    picture = page.locator(".ProseMirror img[data-cid]")
    box = picture.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= page.viewport_size["width"]  # type: ignore[index]
    picture.tap()
    expect(page.get_by_role("toolbar", name="Size of the picture")).to_be_visible()
    sizes = page.get_by_role("toolbar", name="Size of the picture").bounding_box()
    formatting = page.get_by_role("toolbar", name="Formatting").bounding_box()
    assert sizes is not None
    assert formatting is not None
    assert sizes["y"] + sizes["height"] <= formatting["y"]


def test_in_the_dark_chosen_colours_and_highlights_are_legible(
    chromium: Browser, mailbox: Mailbox, identity: Identity
) -> None:
    sign(identity)
    page = settings_of(mailbox, identity, chromium, color_scheme="dark")
    box = editor_of(page)
    assert contrast(box.get_by_text("Boathouse")) > 4.5
    box.click()
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Highlight").click()
    page.keyboard.press("ArrowRight")
    assert contrast(box.locator("mark").first) > 4.5
    save(page)
    assert "color: rgb(180, 83, 9)" in Identity.objects.get().signature_html
