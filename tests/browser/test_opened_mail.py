"""From the file of a certificate to an encrypted letter that is read, and back. Chromium against the running site."""

from playwright.sync_api import Browser, Request, expect

from accounts import preferences
from accounts.models import OwnCertificate
from tests.browser.conftest import Mailbox
from tests.message.smime import WORD, html_entity, packed, person, sealed_letter
from tests.web.mail import store


def test_a_certificate_is_added_opens_a_letter_and_is_removed(chromium: Browser, mailbox: Mailbox) -> None:
    preferences.save(mailbox.user, remote_pictures="always")
    own = person("rsa")
    entity = html_entity("<p>At the <b>old mill</b></p>", picture="https://pictures.test/spied.png")
    message = store(mailbox.user, sealed_letter(entity, own), mailbox.folders["INBOX"])
    page = mailbox.page(chromium)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    expect(page.locator(".note", has_text="for a certificate that you have not added here")).to_be_visible()
    page.locator(".msg .note").get_by_role("link", name="Add a certificate").click()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "own.p12", "mimeType": "application/x-pkcs12", "buffer": packed("rsa", certified=own)}
    )
    page.get_by_label("Passphrase of the file").fill("open sesame")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("This passphrase does not open the file.")).to_be_visible()
    expect(page.get_by_label("Passphrase of the file")).to_have_value("")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "own.p12", "mimeType": "application/x-pkcs12", "buffer": packed("rsa", certified=own)}
    )
    page.get_by_label("Passphrase of the file").fill(WORD)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".srow b")).to_have_text("ada@example.test")

    page.goto(f"{mailbox.url}/m/{message.pk}/")
    expect(page.locator(".seal").first).to_contain_text("Encrypted")
    letter = page.frame_locator(".msg iframe.fitted")
    expect(letter.get_by_text("old mill")).to_be_visible()
    expect(page.locator("[data-pictures]", has_text="pictures can betray what it says")).to_be_visible()
    assert not [url for url in asked if "imgproxy" in url or "spied" in url]
    with page.expect_popup() as opened:
        page.locator(".files a.tile").click()
    expect(opened.value.get_by_text("By the old mill.")).to_be_visible()
    with page.expect_request("**/imgproxy/**"):
        page.locator("[data-show-pictures]").click()

    page.goto(f"{mailbox.url}/settings/certificates/")
    page.get_by_role("link", name="Remove… ada@example.test").click()
    expect(page.get_by_text("cannot be opened here any more")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    assert not OwnCertificate.objects.exists()
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    expect(page.locator(".note", has_text="for a certificate that you have not added here")).to_be_visible()
    expect(page.locator(".msg iframe")).to_have_count(0)
