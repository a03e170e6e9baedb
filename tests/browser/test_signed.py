"""Signing in the window in which one writes: offered as the address that it is from may, kept, and done."""

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Identity
from mailsync.message.parse import parse_message
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.protection import find_protection
from mailsync.models import Draft, Outgoing
from mailsync.store.own_certificates import record_key
from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import PHONE
from tests.browser.test_signatures import write
from tests.browser.waiting import eventually
from tests.message.smime import keys, office, person

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


def send(page: Page, window: Locator) -> Outgoing:
    window.get_by_role("button", name="Send", exact=True).and_(page.locator(":visible")).click()
    eventually("the message is queued", Outgoing.objects.exists)
    return Outgoing.objects.get()


def is_signed(outgoing: Outgoing) -> bool:
    return find_protection(parse_message(bytes(outgoing.raw)).root).kind == "signed"


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_a_tick_signs_the_letter_and_stays_with_it(
    options: dict[str, object], mailbox: Mailbox, home: Identity, chromium: Browser
) -> None:
    page = mailbox.inbox(chromium, **options)
    page.goto(f"{mailbox.url}/compose/")
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    window.get_by_role("combobox", name="To", exact=True).fill("bo@friends.test")
    window.get_by_label("Subject").fill("Plan")
    expect(sign_of(window)).not_to_be_checked()
    sign_of(window).check()
    eventually("the wish is saved", lambda: Draft.objects.filter(is_signed=True, subject="Plan").exists())
    page.reload()
    expect(sign_of(window)).to_be_checked()
    assert is_signed(send(page, window))


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
    assert not is_signed(send(page, window))


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
    assert not is_signed(send(page, window))
