"""The pages of own certificates: who says once more who they are adds and removes; the public half is given."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import OwnCertificate, SecurityEvent, User
from mailsync.message.pkcs12 import MAX_FILE_BYTES, OwnKey
from mailsync.store.own_certificates import record_key
from tests.message.smime import NOW, WORD, keys, packed, person
from webmail.present.own_certificates import present_certificates

pytestmark = pytest.mark.django_db

PAGE = "/settings/certificates/"
ADD = f"{PAGE}add/"


def form(data: bytes | None = None, word: str = WORD) -> dict[str, object]:
    return {"file": SimpleUploadedFile("own.p12", packed() if data is None else data), "passphrase": word}


def test_an_open_session_alone_adds_and_removes_none(browser: Client, anna: User) -> None:
    row = record_key(anna.pk, OwnKey(person("rsa"), keys()["rsa"]))
    remove = f"{PAGE}{row.pk}/remove/"
    for path, sent in ((ADD, form()), (remove, {"sure": "1"})):
        for answer in (browser.get(path), browser.post(path, sent)):
            assert answer.status_code == 302
            assert "/reauthenticate/" in answer["Location"]
    assert OwnCertificate.objects.get() == row


def test_one_is_added_given_and_removed(at_home: Client, alice: User) -> None:
    assert "There is none yet" in at_home.get(PAGE).text
    assert 'type="password"' in at_home.get(ADD).text
    answer = at_home.post(ADD, form())
    assert answer["Location"] == PAGE
    page = at_home.get(PAGE).text
    row = OwnCertificate.objects.get(user=alice)
    for words in (
        "ada@example.test",
        "Ada, issued by Office Ltd",
        "For signing, and for opening what is encrypted for it.",
    ):
        assert words in page, words
    given = at_home.get(f"{PAGE}{row.pk}/certificate.cer")
    assert given["Content-Type"] == "application/pkix-cert"
    assert x509.load_der_x509_certificate(given.content).subject == person("rsa").subject
    remove = f"{PAGE}{row.pk}/remove/"
    asked = at_home.get(remove).text
    assert "Remove the certificate of ada@example.test?" in asked
    assert "cannot be opened here any more" in asked
    assert at_home.post(remove).status_code == 200
    assert OwnCertificate.objects.exists()
    assert at_home.post(remove, {"sure": "1"})["Location"] == PAGE
    assert not OwnCertificate.objects.exists()
    kinds = SecurityEvent.objects.filter(user=alice, detail="ada@example.test").values_list("kind", flat=True)
    assert list(kinds) == ["certificate_removed", "certificate_added"]
    assert "Certificate for mail added" in at_home.get("/settings/security/log/").text


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (lambda: form(word="wrong"), "This passphrase does not open the file."),
        (lambda: form(b"no such thing"), "no file of a certificate with its key"),
        (lambda: form(b""), "no file of a certificate with its key"),
        (lambda: form(bytes(MAX_FILE_BYTES + 1)), "too large"),
        (lambda: {"passphrase": WORD}, "This field is required."),
        (lambda: form(word="x" * 1001), "at most 1000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_the_word_is_not_sent_back(sent: object, words: str, at_home: Client) -> None:
    assert callable(sent)
    answer = at_home.post(ADD, sent())
    assert answer.status_code == 422
    assert words in answer.text
    for word in (WORD, "wrong", "xxxx"):
        assert f'value="{word}' not in answer.text
    assert not OwnCertificate.objects.exists()


def test_one_that_has_ended_is_taken_with_a_word(at_home: Client) -> None:
    end = (timezone.now() - NOW).days
    answer = at_home.post(ADD, form(packed(days=(end - 400, end - 3))), follow=True)
    assert "It has ended, and opens older mail." in answer.text
    assert "Older mail still needs it to be opened" in answer.text


@pytest.mark.parametrize(
    ("at", "words", "is_warning"),
    [
        (NOW, "Valid until Sept. 9, 2026.", False),
        (NOW + timedelta(days=90), "Ends on Sept. 9, 2026, in 10 days.", True),
        (NOW + timedelta(days=99, hours=20), "in 1 day.", True),
        (NOW + timedelta(days=101), "Ended on Sept. 9, 2026.", True),
        (NOW - timedelta(days=101), "Not valid before Feb. 21, 2026.", True),
    ],
)
def test_the_page_warns_in_time(anna: User, at: datetime, words: str, is_warning: bool) -> None:
    (line,) = present_certificates([record_key(anna.pk, OwnKey(person("rsa"), keys()["rsa"]))], at)
    assert words in line.time
    assert line.is_warning is is_warning


def test_what_each_is_for_is_said(anna: User) -> None:
    uses = ({"digital_signature"}, {"key_encipherment"}, {"crl_sign"})
    rows = [record_key(anna.pk, OwnKey(person("rsa", usage=one), keys()["rsa"])) for one in uses]
    told = [line.use for line in present_certificates(rows, NOW)]
    assert [one.split()[:2] for one in told] == [["For", "signing;"], ["For", "opening"], ["Its", "issuer"]]


def test_somebody_elses_is_not_there(at_home: Client, anna: User) -> None:
    row = record_key(anna.pk, OwnKey(person("rsa"), keys()["rsa"]))
    for path in (f"{PAGE}{row.pk}/certificate.cer", f"{PAGE}{row.pk}/remove/"):
        assert at_home.get(path).status_code == 404
        assert at_home.post(path, {"sure": "1"}).status_code in (404, 405)
    assert "ada@example.test" not in at_home.get(PAGE).text
    assert OwnCertificate.objects.get() == row
