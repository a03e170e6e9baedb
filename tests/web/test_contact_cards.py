"""A vCard that comes with a message: shown, and kept at a click; a stranger's is a 404."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailsync.models import Contact
from tests.factories import make_user
from tests.web.mail import store

pytestmark = pytest.mark.django_db

CARD = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann <b>Shop</b>\r\nORG:Shop\r\nEMAIL;TYPE=work:ann@shop.example\r\nEND:VCARD\r\n"
)


def with_file(text: str, name: str = "ann.vcf", kind: str = "text/vcard") -> bytes:
    return (
        "From: Ann <ann@shop.example>\r\nTo: anna@people.test\r\nSubject: Card\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
        f'--b\r\nContent-Type: {kind}; charset=utf-8; name="{name}"\r\nContent-Disposition: attachment\r\n\r\n'
        f"{text}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("kind", ["text/vcard", "text/x-vcard", "application/octet-stream"])
def test_a_card_is_shown_and_kept_once(anna: User, browser: Client, kind: str) -> None:
    message = store(anna, with_file(CARD, kind=kind))
    url = reverse("message", args=[message.pk])
    page = browser.get(url).content.decode()
    assert "Ann &lt;b&gt;Shop&lt;/b&gt;" in page
    assert "Add to contacts" in page
    keep = reverse("keep_card", args=[message.pk, "2"])
    for _ in range(2):
        assert browser.post(keep, {"next": url}).headers["Location"] == url
    assert Contact.objects.get(user=anna).organisation == "Shop"
    page = browser.get(url).content.decode()
    assert "In your contacts" in page
    assert "Add to contacts" not in page


def test_many_cards_are_counted_and_kept_together(anna: User, browser: Client) -> None:
    cards = "".join(CARD.replace("ann@", f"ann{number}@") for number in range(5))
    message = store(anna, with_file(cards))
    assert "The cards of 5 people" in browser.get(reverse("message", args=[message.pk])).content.decode()
    browser.post(reverse("keep_card", args=[message.pk, "2"]))
    assert Contact.objects.filter(user=anna).count() == 5


def test_what_of_a_card_cannot_be_read_is_told(anna: User, browser: Client) -> None:
    broken = CARD + "BEGIN:VCARD\r\nFN:\r\nEND:VCARD\r\n" + "BEGIN:VCARD\r\nFN:Bo Cut\r\n"
    message = store(anna, with_file(broken))
    page = browser.get(reverse("message", args=[message.pk])).text
    assert "What was left out" in page
    assert "Card 2: It names nobody" in page
    assert "Card 3 (Bo Cut): It is cut off" in page
    browser.post(reverse("keep_card", args=[message.pk, "2"]))
    assert [one.organisation for one in Contact.objects.all()] == ["Shop"]


def test_a_file_without_a_card_that_can_be_read_offers_nothing_and_says_why(anna: User, browser: Client) -> None:
    message = store(anna, with_file("BEGIN:VCARD\r\nFN:Bo Cut\r\n"))
    page = browser.get(reverse("message", args=[message.pk])).text
    assert "No card of this file can be read" in page
    assert "Card 1 (Bo Cut): It is cut off" in page
    assert "Add to contacts" not in page
    assert "In your contacts" not in page


def test_a_strangers_card_puts_nobody_into_ones_groups(anna: User, browser: Client) -> None:
    message = store(anna, with_file(CARD.replace("ORG:Shop", "ORG:Shop\r\nCATEGORIES:Family")))
    browser.post(reverse("keep_card", args=[message.pk, "2"]))
    assert Contact.objects.get().groups == []


def test_only_a_card_is_kept_and_only_by_post(anna: User, browser: Client) -> None:
    message = store(anna, with_file(CARD))
    assert browser.post(reverse("keep_card", args=[message.pk, "1"])).status_code == 404
    assert browser.post(reverse("keep_card", args=[message.pk, "9"])).status_code == 404
    assert browser.get(reverse("keep_card", args=[message.pk, "2"])).status_code == 405


def test_a_strangers_card_is_not_there(anna: User, browser: Client) -> None:
    message = store(make_user("eve"), with_file(CARD))
    assert browser.post(reverse("keep_card", args=[message.pk, "2"])).status_code == 404
    assert not Contact.objects.exists()


def test_an_address_like_a_contacts_is_warned_of(anna: User, browser: Client) -> None:
    message = store(anna, with_file(CARD))
    browser.post(reverse("keep_card", args=[message.pk, "2"]))
    imitation = store(anna, with_file("x", "x.txt", "text/plain").replace(b"ann@shop.example", b"ann@sh0p.example"))
    assert "imitates another" in browser.get(reverse("message", args=[imitation.pk])).content.decode()
