"""What a reader is told of signatures and encryption: each case in words, and a signed letter in the page."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from mailsync.message.cms import Signer
from mailsync.message.facts import Part
from mailsync.message.protection import Protection
from tests.factories import make_user
from tests.message import smime as letters
from tests.web.mail import store
from webmail import signatures
from webmail.present.sealed import present_sealed

PART = Part("1", "multipart/signed")
WHOLE = Protection("signed", "smime", PART)
ADA = Signer("good", "Ada", ("ada@example.test",), "Root Ltd")


@pytest.mark.parametrize(
    ("protection", "signer", "tone", "words"),
    [
        (WHOLE, ADA, "ok", "Signed by Ada (certificate of Root Ltd), unchanged"),
        (WHOLE, Signer("expired", "Ada", ("ada@example.test",), "Root Ltd"), "plain", "was not valid"),
        (WHOLE, Signer("unknown", "Ada", ("ada@example.test",), "Ada Ltd"), "plain", "does not know who issued"),
        (WHOLE, Signer("unsupported"), "plain", "cannot check"),
        (WHOLE, None, "plain", "cannot check"),
        (WHOLE, Signer("changed", "Ada"), "danger", "was changed"),
        (WHOLE, Signer("good", "Eve", ("eve@example.test",), "Root"), "warn", "for eve@example.test and not for ada@"),
        (WHOLE, Signer("good", "Eve", (), "Root"), "warn", "for no address"),
        (Protection("signed", "smime", PART, is_whole=False), ADA, "warn", "Only a part"),
        # What is worth nothing is never worth more for being only a part.
        (Protection("signed", "smime", PART, is_whole=False), Signer("changed"), "danger", "was changed"),
        (Protection("signed", "pgp", PART), None, "plain", "OpenPGP"),
        (Protection("encrypted", "pgp", PART), None, "plain", "encrypted with OpenPGP"),
        (Protection("encrypted", "smime", PART), None, "plain", "encrypted with S/MIME"),
    ],
)
def test_each_case_in_words(protection: Protection, signer: Signer | None, tone: str, words: str) -> None:
    sealed = present_sealed(protection, [signer] if signer else [], "Ada@example.test")
    assert sealed is not None
    assert sealed.tone == tone
    assert words in sealed.text


def test_an_ordinary_letter_is_not_talked_about() -> None:
    assert present_sealed(Protection(""), [], "ada@example.test") is None


@pytest.mark.django_db
def test_a_signed_letter_in_the_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    monkeypatch.setattr(signatures, "authorities", lambda: (letters.root(),))

    def opened(raw: bytes) -> str:
        message = store(bob, raw)
        message.received_at = letters.NOW
        message.save()
        return client.get(f"/m/{message.pk}/").content.decode()

    raw = letters.detached()
    assert "Signed by Ada (certificate of Office Ltd), unchanged since." in opened(raw)
    changed = opened(raw.replace(b"10 euros", b"99 euros"))
    assert "This message was changed after it was signed" in changed
    assert 'class="note danger"' in changed
    assert "whose certificate is for ada@example.test" in opened(raw.replace(b"<ada@", b"<eve@"))
    assert "Signed by Ada" in opened(letters.opaque())
    # As some gateways hand it on.
    assert "Signed by Ada" in opened(letters.named_alone(letters.opaque()))


@pytest.mark.django_db
def test_a_signature_is_checked_once_and_as_of_its_receipt(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    monkeypatch.setattr(signatures, "authorities", lambda: (letters.root(),))
    message = store(bob, letters.detached())
    message.received_at = letters.NOW + timedelta(days=150)
    message.save()
    assert "was not valid when the message came" in client.get(f"/m/{message.pk}/").content.decode()
    monkeypatch.setattr(signatures, "signed_bytes", lambda *_: pytest.fail("checked again"))
    assert "was not valid when the message came" in client.get(f"/m/{message.pk}/").content.decode()
    cache.clear()


@pytest.mark.django_db
def test_encrypted_letters_say_what_to_do(client: Client) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    head = letters.HEAD + b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n"
    message = store(bob, head + b"Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n")
    page = client.get(f"/m/{message.pk}/").content.decode()
    assert "This message is encrypted with S/MIME, but it was damaged" in page
    message = store(bob, letters.HEAD + b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\n--b--\r\n")
    assert "save it as a" in client.get(f"/m/{message.pk}/").content.decode()


def test_the_machines_authorities_can_be_read() -> None:
    found = signatures.authorities()
    assert found
    assert all(one.subject for one in found)
