"""Signing and encrypting in the window in which one writes: offered as the address that it is from may, kept, done."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Identity, OwnCertificate
from mailsync.message.parse import parse_message
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.protection import find_protection
from mailsync.models import Draft, Outgoing
from mailsync.store.own_certificates import record_key
from mailsync.store.peer_certificates import keep_peer_certificate
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import PHONE
from tests.browser.test_signatures import write
from tests.browser.waiting import eventually
from tests.message.smime import TEXT, keys, office, person, sealed_letter
from tests.web.mail import store

pytestmark = pytest.mark.browser


@pytest.fixture
def home(mailbox: Mailbox) -> Identity:
    """Anna's address, for which she has a certificate."""
    identity = Identity.objects.get(user=mailbox.user)
    certificate = person(address=identity.address, days=(-100, 2000))
    record_key(mailbox.user.pk, OwnKey(certificate, keys()["ec"], (office(),)))
    return identity


@pytest.fixture
def club(mailbox: Mailbox, home: Identity) -> Identity:
    """Another one, for which she has none."""
    verified = {"verified_at": timezone.now(), "name": "Club"}
    return Identity.objects.create(
        user=mailbox.user, account=home.account, address="club@nordlicht.example", **verified
    )


def sign_of(window: Locator) -> Locator:
    return window.get_by_label("Sign", exact=True)


def begin(page: Page, mailbox: Mailbox, people: str) -> Locator:
    """A page of its own for a letter to these."""
    page.goto(f"{mailbox.url}/compose/")
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    window.get_by_role("combobox", name="To", exact=True).fill(people)
    window.get_by_label("Subject").fill("Plan")
    return window


def send(page: Page, window: Locator) -> Outgoing:
    window.get_by_role("button", name="Send", exact=True).and_(page.locator(":visible")).click()
    eventually("the message is queued", Outgoing.objects.exists)
    return Outgoing.objects.get()


def protection_of(outgoing: Outgoing) -> str:
    return find_protection(parse_message(bytes(outgoing.raw)).root).kind


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_a_tick_signs_the_letter_and_stays_with_it(
    options: dict[str, object], mailbox: Mailbox, home: Identity, chromium: Browser
) -> None:
    page = mailbox.inbox(chromium, **options)
    window = begin(page, mailbox, "bo@friends.test")
    expect(sign_of(window)).not_to_be_checked()
    sign_of(window).check()
    eventually("the wish is saved", lambda: Draft.objects.filter(is_signed=True, subject="Plan").exists())
    page.reload()
    expect(sign_of(window)).to_be_checked()
    assert protection_of(send(page, window)) == "signed"


def test_it_goes_with_the_address_that_the_letter_is_from(
    mailbox: Mailbox, home: Identity, club: Identity, chromium: Browser
) -> None:
    Identity.objects.filter(pk=home.pk).update(signs_mail=True)
    page = mailbox.inbox(chromium)
    window = write(page)
    sender = window.get_by_label("From")
    expect(sign_of(window)).to_be_checked()
    sender.select_option(str(club.pk))
    expect(sign_of(window)).to_be_hidden()
    sender.select_option(str(home.pk))
    expect(sign_of(window)).to_be_checked()
    sender.select_option(str(club.pk))
    assert protection_of(send(page, window)) == ""


def test_what_is_wished_in_vain_is_said_and_taken_back(
    mailbox: Mailbox, home: Identity, club: Identity, chromium: Browser
) -> None:
    page = mailbox.inbox(chromium)
    window = write(page)
    sign_of(window).check()
    window.get_by_label("From").select_option(str(club.pk))
    window.get_by_role("button", name="Send", exact=True).and_(page.locator(":visible")).click()
    expect(window.get_by_role("alert")).to_contain_text("no certificate that signs as club@nordlicht.example")
    sign_of(window).uncheck()
    assert protection_of(send(page, window)) == ""


@pytest.fixture
def bo(mailbox: Mailbox, home: Identity) -> None:
    """For whom Anna can encrypt, as for herself."""
    own = person("rsa", address=home.address, days=(-100, 2000))
    record_key(mailbox.user.pk, OwnKey(own, keys()["rsa"], (office(),)))
    theirs = person("rsa", address="bo@friends.test", days=(-100, 2000))
    keep_peer_certificate(mailbox.user.pk, theirs.public_bytes(Encoding.DER))


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_a_tick_encrypts_the_letter_and_who_cannot_read_it_is_named(
    options: dict[str, object], mailbox: Mailbox, bo: None, chromium: Browser
) -> None:
    page = mailbox.inbox(chromium, **options)
    window = begin(page, mailbox, "carla@friends.test, bo@friends.test")
    window.get_by_label("Encrypt").check()
    eventually("the wish is saved", lambda: Draft.objects.filter(is_encrypted=True, subject="Plan").exists())
    page.reload()
    expect(window.get_by_label("Encrypt")).to_be_checked()
    window.get_by_role("button", name="Send", exact=True).and_(page.locator(":visible")).click()
    expect(window.get_by_role("alert")).to_contain_text("No certificate is known of carla@friends.test.")
    assert not Outgoing.objects.exists()
    # What was said of it goes when it is mended, by whichever way.
    window.get_by_label("Encrypt").uncheck()
    expect(window.get_by_role("alert")).to_have_count(0)
    window.get_by_label("Encrypt").check()
    window.get_by_role("button", name="Send", exact=True).and_(page.locator(":visible")).click()
    expect(window.get_by_role("alert")).to_be_visible()
    window.get_by_role("button", name="Remove carla@friends.test").click()
    expect(window.get_by_role("alert")).to_have_count(0)
    assert protection_of(send(page, window)) == "encrypted"


def test_who_writes_as_another_address_is_not_offered_to_encrypt(
    mailbox: Mailbox, club: Identity, bo: None, chromium: Browser
) -> None:
    page = mailbox.inbox(chromium)
    window = write(page)
    expect(window.get_by_label("Encrypt")).to_be_visible()
    window.get_by_label("From").select_option(str(club.pk))
    expect(window.get_by_label("Encrypt")).to_be_hidden()
    assert protection_of(send(page, window)) == ""


def test_the_warning_of_an_answer_in_clear_goes_with_the_tick(
    mailbox: Mailbox, bo: None, home: Identity, chromium: Browser
) -> None:
    own = OwnCertificate.objects.filter(user=mailbox.user, can_decrypt=True).latest("pk")
    sealed = sealed_letter(TEXT, x509.load_der_x509_certificate(bytes(own.certificate)))
    message = store(mailbox.user, sealed, mailbox.folders["INBOX"])
    page = mailbox.inbox(chromium)
    page.goto(f"{mailbox.url}/compose/?mode=reply&original={message.pk}")
    window = page.locator("section.compose")
    warning = window.get_by_text("This message came encrypted.")
    expect(window.get_by_label("Encrypt")).to_be_checked()
    expect(warning).to_be_hidden()
    window.get_by_label("Encrypt").uncheck()
    expect(warning).to_be_visible()
