"""Encrypted letters in the page: opened for who has the key, shown and served like others, kept nowhere in clear."""

import base64
import io
import re
import zipfile
from email import message_from_bytes, policy

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts import preferences
from accounts.models import OwnCertificate, TrustedSender, User
from mailsync import actions
from mailsync.models import Draft, Message, Outgoing, RenderedBody
from mailsync.store import leases
from mailsync.store.draft_copies import store_due_drafts
from mailsync.store.own_certificates import record_key
from mailsync.store.raw import read_raw
from tests.factories import make_account, make_folder, make_user
from tests.message import smime as letters
from tests.render.test_pdf import document
from tests.web.mail import store
from webmail import signatures

pytestmark = pytest.mark.django_db

OWN = letters.own_key("rsa")
SECRET = "The meeting is at the old mill"
TEXT = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{SECRET}.\r\n".encode()
HTML = (
    b"Content-Type: text/html; charset=utf-8\r\n\r\n"
    b'<p>The meeting is at the old mill<img src="https://spy.test/a.png" width="300" height="200"></p>'
)
_PNG = io.BytesIO()
Image.new("RGB", (4, 4), (1, 2, 3)).save(_PNG, "PNG")
FILES = (("notes.txt", "text/plain", b"Bring the map"), ("boat.png", "image/png", _PNG.getvalue()))


def with_files() -> bytes:
    files = (*FILES, ("plan.pdf", "application/pdf", document((595, 842))))
    parts = [
        f"--b\r\nContent-Type: {kind}; name={name}\r\nContent-Disposition: attachment; filename={name}\r\n"
        f"Content-ID: <{name}>\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(data).decode()}\r\n"
        for name, kind, data in files
    ]
    html = "--b\r\nContent-Type: text/html\r\n\r\n<p>The files<img src='cid:boat.png'></p>\r\n"
    return ("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + html + "".join(parts) + "--b--\r\n").encode()


def keep(user: User, entity: bytes = TEXT, *options: str) -> Message:
    """A letter that is encrypted for OWN, in a mailbox of this user."""
    return store(user, letters.sealed_letter(entity, OWN.certificate, options=options))


@pytest.fixture
def key(anna: User) -> OwnCertificate:
    return record_key(anna.pk, OWN)


def frame(client: Client, message: Message, name: str = "body") -> str:
    return client.get(reverse(name, args=[message.pk])).text


def test_it_is_opened_as_long_as_its_key_is_here(browser: Client, anna: User) -> None:
    message = keep(anna)
    page = browser.get(f"/m/{message.pk}/").text
    assert "for a certificate that you have not added here" in page
    assert reverse("own_certificate_add") in page
    assert "<iframe" not in page
    assert SECRET not in frame(browser, message)
    row = record_key(anna.pk, OWN)
    answer = browser.get(f"/m/{message.pk}/")
    assert answer["Cache-Control"] == "no-store"
    page = answer.text
    assert "Encrypted: only you and whoever else it was sent to could read it. It is not signed" in page
    assert "smime.p7m" not in page
    answer = browser.get(reverse("body", args=[message.pk]))
    assert SECRET in answer.text
    assert answer["Cache-Control"] == "no-store"
    assert SECRET in frame(browser, message, "letter")
    assert SECRET in browser.get(f"/m/{message.pk}/", headers={"Heron-Body": "1"}).text
    actions.remove_certificate(anna.pk, row.pk)
    assert SECRET not in frame(browser, message)
    assert "that you have not added here" in browser.get(f"/m/{message.pk}/").text


def test_one_whose_type_a_gateway_has_taken_away_is_opened(browser: Client, anna: User, key: OwnCertificate) -> None:
    sealed = letters.named_alone(letters.sealed_letter(TEXT, OWN.certificate))
    assert b"pkcs7" not in sealed
    assert SECRET in frame(browser, store(anna, sealed))
    # A file of that name beside words is a file.
    head = letters.HEAD + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nHere it is.\r\n--o\r\n"
    beside = store(anna, head + sealed.partition(b"1.0\r\n")[2] + b"\r\n--o--\r\n")
    page = browser.get(f"/m/{beside.pk}/").text
    assert "ncrypted" not in page
    assert "smime.p7m" in page


def test_the_stored_message_stays_as_it_came(browser: Client, anna: User, key: OwnCertificate) -> None:
    message = keep(anna)
    raw = letters.HEAD
    assert SECRET in frame(browser, message)
    for name in ("source", "eml"):
        answer = browser.get(reverse(name, args=[message.pk]))
        given = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        assert raw.split(b"\r\n")[1] in given
        assert SECRET.encode() not in given
    row = Message.objects.get(pk=message.pk)
    assert (row.inside, row.preview, row.parts["t"]) == (None, message.preview, "application/pkcs7-mime")


def test_a_key_of_somebody_else_opens_nothing(browser: Client, anna: User) -> None:
    record_key(make_user("eve").pk, OWN)
    message = keep(anna)
    assert SECRET not in frame(browser, message)
    theirs = keep(make_user("mallory"))
    record_key(anna.pk, OWN)
    for path in (f"/m/{theirs.pk}/", reverse("body", args=[theirs.pk])):
        assert browser.get(path).status_code == 404


@pytest.mark.parametrize("make", [letters.detached, letters.opaque])
def test_both_facts_are_told(
    make: object, browser: Client, anna: User, key: OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter is signed, and what was signed is encrypted (RFC 8551 §3.7)."""
    monkeypatch.setattr(signatures, "authorities", lambda: (letters.root(),))
    assert callable(make)
    entity = make().partition(b"MIME-Version: 1.0\r\n")[2]
    message = keep(anna, entity)
    Message.objects.filter(pk=message.pk).update(received_at=letters.NOW)
    page = browser.get(f"/m/{message.pk}/").text
    assert "Encrypted and signed" in page
    assert "could read it. Signed by Ada (certificate of Office Ltd), unchanged since." in page
    assert "Pay 10 euros" in frame(browser, message)
    forged = keep(anna, entity.replace(b"10 euros", b"99 euros"))
    if make is letters.detached:
        assert "This message was changed after it was signed" in browser.get(f"/m/{forged.pk}/").text


@pytest.mark.parametrize("cipher", ["-aes-256-cbc", "-aes-256-gcm"])
def test_pictures_from_outside_wait_for_a_click_whatever_was_set(
    cipher: str, browser: Client, anna: User, key: OwnCertificate
) -> None:
    """EFAIL: who changes what is encrypted makes pictures of its words, and they would tell."""
    message = keep(anna, HTML, cipher)
    preferences.save(anna, remote_pictures="always")
    TrustedSender.objects.create(user=anna, address="ada@example.test")
    page = browser.get(f"/m/{message.pk}/").text
    assert "1 picture from outside was not loaded." in page
    assert "can betray what it says" in page
    assert "Always from" not in page
    assert f'href="{reverse("body_pictures", args=[message.pk])}' in page
    for name in ("body", "letter"):
        answer = browser.get(reverse(name, args=[message.pk]))
        assert "old mill" in answer.text
        assert "imgproxy" not in answer.text
        assert "imgproxy" not in answer["Content-Security-Policy"]
    assert "imgproxy" not in browser.get(reverse("print", args=[message.pk])).text
    assert "imgproxy" in frame(browser, message, "body_pictures")


def test_its_files_are_listed_shown_and_saved(browser: Client, anna: User, key: OwnCertificate) -> None:
    message = keep(anna, with_files())
    page = browser.get(f"/m/{message.pk}/").text
    paths = dict(re.findall(rf"/m/{message.pk}/part/([\d.]+)/([\w.]+)\"", page))
    named = {name: path for path, name in paths.items()}
    assert set(named) == {"notes.txt", "plan.pdf"}
    url = reverse("attachment", args=[message.pk, named["notes.txt"], "notes.txt"])
    answer = browser.get(url)
    assert b"".join(answer.streaming_content) == b"Bring the map"  # type: ignore[attr-defined]
    assert answer["Cache-Control"] == "no-store"
    part = browser.get(url, headers={"Range": "bytes=6-8"})
    assert b"".join(part.streaming_content) == b"the"  # type: ignore[attr-defined]
    assert "Bring the map" in browser.get(reverse("view_file", args=[message.pk, named["notes.txt"]])).text
    assert "plan.pdf" in browser.get(reverse("view_file", args=[message.pk, named["plan.pdf"]])).text
    drawn = browser.get(reverse("document_page", args=[message.pk, named["plan.pdf"], 1]))
    assert (drawn.status_code, drawn["Cache-Control"]) == (200, "no-store")
    shown = re.search(r'src="(?:http://testserver)?(/cid/[^"]+)"', frame(browser, message))
    assert shown
    picture = browser.get(shown[1])
    assert b"".join(picture.streaming_content) == FILES[1][2]  # type: ignore[attr-defined]
    assert picture["Cache-Control"] == "no-store"
    packed = b"".join(browser.get(reverse("attachments_zip", args=[message.pk])).streaming_content)  # type: ignore[attr-defined]
    assert zipfile.ZipFile(io.BytesIO(packed)).read("notes.txt") == b"Bring the map"


def test_nothing_of_it_is_kept_in_clear(browser: Client, anna: User, key: OwnCertificate) -> None:
    cache.clear()
    message = keep(anna, with_files())
    browser.get(f"/m/{message.pk}/")
    for name in ("body", "letter", "attachments_zip", "print"):
        browser.get(reverse(name, args=[message.pk]))
    for path in ("2", "3", "4"):
        browser.get(reverse("view_file", args=[message.pk, path]))
        browser.get(reverse("attachment", args=[message.pk, path, "x"]))
    browser.get(reverse("document_page", args=[message.pk, "4", 1]))
    assert not RenderedBody.objects.exists()
    client = cache._cache.get_client()  # type: ignore[attr-defined]
    kept = (b"page:", b"layout:", b"signers")
    assert [name for name in client.scan_iter() if any(word in name for word in kept)] == []


def test_only_what_is_encrypted_as_a_whole_is_opened(browser: Client, anna: User, key: OwnCertificate) -> None:
    """Else a stranger could put it between the halves of a link of theirs."""
    whole = letters.sealed_letter(TEXT, OWN.certificate, head=b"")
    before = b"--o\r\nContent-Type: text/html\r\n\r\n<a href='https://spy.test/'>\r\n--o\r\n"
    head = letters.HEAD + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n"
    message = store(anna, head + before + whole + b"\r\n--o--\r\n")
    page = browser.get(f"/m/{message.pk}/").text
    assert "Only a part of this message is encrypted" in page
    assert SECRET not in page + frame(browser, message)


def test_what_does_not_open_says_why(browser: Client, anna: User, key: OwnCertificate) -> None:
    raw = letters.sealed_letter(TEXT, OWN.certificate)
    head, _, body = raw.partition(b"\r\n\r\n")
    data = bytearray(base64.b64decode(body))
    data[-1] ^= 1
    damaged = store(anna, head + b"\r\n\r\n" + base64.encodebytes(bytes(data)))
    assert "damaged or changed on its way" in browser.get(f"/m/{damaged.pk}/").text
    nonsense = store(anna, head + b"\r\n\r\nMIIB\r\n")
    assert "cannot be opened" in browser.get(f"/m/{nonsense.pk}/").text
    assert browser.get(reverse("body", args=[nonsense.pk])).status_code == 200


def test_an_answer_quotes_it_and_says_that_it_goes_out_readable(
    browser: Client, anna: User, key: OwnCertificate
) -> None:
    message = keep(anna)
    page = browser.get(reverse("compose"), {"mode": "reply", "original": message.pk}, follow=True)
    assert "This message came encrypted. Your answer is not, and it quotes it." in page.text
    assert "no-store" in page["Cache-Control"]
    assert SECRET in page.text
    draft = Draft.objects.get()
    actions.send(anna.pk, draft.pk)
    raw = message_from_bytes(bytes(Outgoing.objects.get().raw), policy=policy.default)
    text = raw.get_body(("plain",))
    assert text is not None
    assert SECRET in text.get_content()


def test_a_forward_takes_its_files_along(browser: Client, anna: User, key: OwnCertificate) -> None:
    message = keep(anna, with_files())
    page = browser.get(reverse("compose"), {"mode": "forward", "original": message.pk}, follow=True)
    assert "What you forward is not." in page.text
    assert set(Draft.objects.get().attachments.values_list("name", flat=True)) >= {"notes.txt", "plan.pdf"}
    # The whole as a file stays as it is.
    page = browser.get(reverse("compose"), {"attached": message.pk}, follow=True)
    assert "came encrypted" not in page.text


def test_a_worker_opens_nothing_so_the_copy_in_drafts_has_only_ones_own_words(anna: User, key: OwnCertificate) -> None:
    message = keep(anna)
    draft = actions.start_draft(anna.pk, "reply", message.pk)
    body = draft.body.replace("<p></p>", "<p>I will be there.</p>", 1)
    Draft.objects.filter(pk=draft.pk).update(body=body, store_due_at=timezone.now())
    lease = leases.claim(message.account_id, "push")
    assert lease is not None
    assert store_due_drafts(lease)
    draft.refresh_from_db()
    assert draft.placement is not None
    copy = read_raw(draft.placement.message)
    assert b"I will be there." in copy
    assert SECRET.encode() not in copy
    kept = actions.send(anna.pk, draft.pk)
    assert SECRET.encode() in bytes(kept.raw)


def test_an_invitation_inside_can_be_answered(browser: Client, anna: User, key: OwnCertificate) -> None:
    event = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:mill\r\nDTSTAMP:20260601T080000Z\r\n"
        "DTSTART:20260701T080000Z\r\nSUMMARY:The mill\r\nORGANIZER:mailto:ada@example.test\r\n"
        "ATTENDEE;RSVP=TRUE:mailto:anna@home.test\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    entity = f"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n{event}".encode()
    box = make_folder(make_account(anna, address="anna@home.test"))
    message = store(anna, letters.sealed_letter(entity, OWN.certificate), box)
    assert "The mill" in browser.get(f"/m/{message.pk}/").text
    browser.post(reverse("answer", args=[message.pk]), {"choice": "ACCEPTED"})
    assert b"PARTSTAT=ACCEPTED" in bytes(Outgoing.objects.get().raw)
