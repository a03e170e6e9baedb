"""The pages of other people's certificates: who says once more who they are adds one; one's own are nobody else's."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import PeerCertificate, SecurityEvent, User
from mailsync import actions
from mailsync.message.certificates import MAX_FILE_BYTES
from mailsync.store.peer_certificates import keep_peer_certificate
from tests.message.smime import NOW, certificate, keys, person, unruly
from webmail.present.own_certificates import present_peer_certificates

pytestmark = pytest.mark.django_db

PAGE = "/settings/certificates/people/"
ADD = f"{PAGE}add/"


def der(one: x509.Certificate | None = None) -> bytes:
    return (one or person("rsa")).public_bytes(Encoding.DER)


def form(data: bytes) -> dict[str, object]:
    return {"file": SimpleUploadedFile("theirs.cer", data)}


def test_an_open_session_alone_puts_nobody_elses_key_in_their_place(browser: Client, anna: User) -> None:
    for answer in (browser.get(ADD), browser.post(ADD, form(der()))):
        assert answer.status_code == 302
        assert "/reauthenticate/" in answer["Location"]
    assert not PeerCertificate.objects.exists()


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_one_is_added_and_removed(at_home: Client, alice: User, encoding: Encoding) -> None:
    assert "Nobody's certificate is known yet" in at_home.get(PAGE).text.replace("&#x27;", "'")
    page = at_home.post(ADD, form(person("rsa").public_bytes(encoding)), follow=True).text
    row = PeerCertificate.objects.get(user=alice)
    for words in ("You can encrypt for ada@example.test now.", "Ada, issued by Office Ltd", "Ended on"):
        assert words in page, words
    remove = f"{PAGE}{row.pk}/remove/"
    assert "Remove the certificate of ada@example.test?" in at_home.get(remove).text
    assert at_home.post(remove).status_code == 200
    assert PeerCertificate.objects.exists()
    assert at_home.post(remove, {"sure": "1"})["Location"] == PAGE
    assert not PeerCertificate.objects.exists()
    kinds = SecurityEvent.objects.filter(user=alice, detail="ada@example.test").values_list("kind", flat=True)
    assert list(kinds.order_by("id")) == ["certificate_added", "certificate_removed"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This is no certificate."),
        (b"%PDF-1.7", "This is no certificate."),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "This is no certificate."),
        (der() + b"0" * MAX_FILE_BYTES, "This is no certificate."),
        (der(person("ec")), "Nothing can be encrypted for this certificate"),
        (der(person("rsa", usage={"digital_signature"})), "Nothing can be encrypted for this certificate"),
        (der(certificate("Ada", rsa.generate_private_key(65537, 1024), ("Office", keys()["office"]))), "2,048 bits"),
        (der(person("rsa", address="nobody")), "names no address"),
        (
            der(person("rsa")).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105")),
            "This is no certificate.",
        ),
        (der(unruly()["an extension twice"]), "Nothing can be encrypted for this certificate"),
        (der(unruly()["a curve of nobody"]), "Nothing can be encrypted for this certificate"),
    ],
)
def test_what_cannot_be_used_is_told(at_home: Client, data: bytes, words: str) -> None:
    answer = at_home.post(ADD, form(data))
    assert answer.status_code == 422
    assert words in answer.text
    assert not PeerCertificate.objects.exists()


def test_what_a_person_chose_takes_the_place_of_a_newer_one(anna: User) -> None:
    keep_peer_certificate(anna.pk, der(person("rsa", days=(-5, 100))))
    chosen = der(person("rsa", days=(-90, 100)))
    keep_peer_certificate(anna.pk, chosen)
    assert bytes(PeerCertificate.objects.get().certificate) == chosen


def test_the_page_says_how_long_each_is_valid_and_finds_by_address(at_home: Client, alice: User) -> None:
    keep_peer_certificate(alice.pk, der())
    keep_peer_certificate(alice.pk, der(person("rsa", address="bo@example.test")))
    rows = list(PeerCertificate.objects.all())
    for at, words in (
        (NOW, "Valid until Sept. 9, 2026."),
        (NOW + timedelta(days=101), "Ended on Sept. 9, 2026. A newer one"),
        (NOW - timedelta(days=101), "Not valid before Feb. 21, 2026."),
    ):
        line = present_peer_certificates(rows, at)[0]
        assert words in line.time
        assert line.is_warning is (at != NOW)
    page = at_home.get(PAGE, {"q": "BO@"}).text
    assert "bo@example.test" in page.replace("<wbr>", "")
    assert "ada@example.test" not in page.replace("<wbr>", "")


def test_somebody_elses_is_not_there(at_home: Client, anna: User) -> None:
    (row,) = actions.keep_peer_certificate(anna.pk, der())
    assert at_home.get(f"{PAGE}{row.pk}/remove/").status_code == 404
    assert at_home.post(f"{PAGE}{row.pk}/remove/", {"sure": "1"}).status_code == 404
    assert "example.test" not in at_home.get(PAGE).text
    assert PeerCertificate.objects.get() == row
