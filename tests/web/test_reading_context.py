"""What the reading pane is told of a message."""

import pytest
from django.test import Client

from accounts import preferences
from accounts.models import TrustedSender, User
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Message
from mailsync.store.contacts import keep_card
from tests.factories import make_account, make_folder, make_user
from tests.web.mail import html_message, store
from tests.web.test_attachments import attached
from tests.web.test_invitation import REQUEST
from webmail.reading import BodyContext, body_context

pytestmark = pytest.mark.django_db
REMOTE = '<img src="https://shop.test/a.png"><img src="https://t.test/o" width=1 height=1>'


@pytest.fixture
def bob() -> User:
    return make_user("bob")


def told(user: User, raw: bytes) -> BodyContext:
    message = store(user, raw)
    return body_context(user, Message.objects.select_related("account").get(pk=message.pk), {"bob@people.test"})


def test_a_plain_letter(bob: User) -> None:
    context = told(bob, b"From: Ann <ann@shop.test>\r\nSubject: x\r\n\r\nHi Bob\r\n")
    assert context.state == "text"
    assert context.frame_url.endswith("/body")
    assert (context.remote, context.trackers, context.warnings, context.files, context.trust) == (0, 0, (), (), "")
    assert context.unsubscribe is None
    assert context.pictures_url == context.text_url == context.html_url == context.original_url == ""


def test_an_address_that_imitates_that_of_a_contact(bob: User) -> None:
    imitating = b"From: Ann <ann@sh0ps.test>\r\nSubject: x\r\n%s\r\nHi Bob\r\n"
    for more in (b"", b"List-Id: <news.sh0ps.test>\r\n"):
        assert told(bob, imitating % more).warnings == ()
    keep_card(bob.pk, VCard(name="Ann", addresses=(Labelled("ann@shops.test"),)))
    for more in (b"", b"List-Id: <news.sh0ps.test>\r\n"):
        assert [(one.kind, one.what) for one in told(bob, imitating % more).warnings] == [("lookalike", "shops.test")]


@pytest.mark.parametrize(
    ("others", "result", "more", "warned"),
    [
        (["pass"] * 3, "none", "", True),
        (["pass"] * 3, "pass", "", False),
        (["pass"] * 2, "none", "", False),
        (["pass", "none", "pass", "pass"], "none", "", False),
        (["none"] * 4, "none", "", False),
        # A list changes what it passes on.
        (["pass"] * 3, "none", "List-Id: <news.shop.test>\r\n", False),
        # Nobody looked.
        (["pass"] * 3, "", "", False),
    ],
)
def test_a_message_that_is_unlike_the_others_of_its_sender(
    others: list[str], result: str, more: str, warned: bool, bob: User
) -> None:
    inbox = make_folder(make_account(bob, host="imap.people.test"))

    def letter(result: str, more: str = "", sender: str = "Ann@shop.test") -> Message:
        found = f"Authentication-Results: mx.people.test; dkim={result} header.d=shop.test\r\n" if result else ""
        number = Message.objects.count()
        return store(bob, f"{found}{more}From: {sender}\r\nSubject: {number}\r\n\r\nHi\r\n".encode(), inbox)

    for one in others:
        letter(one)
    letter("", sender="ann@shop.test")  # one that was filed here, not delivered
    letter("none", sender="eve@shop.test")
    message = letter(result, more)
    message = Message.objects.select_related("account").get(pk=message.pk)
    warnings = body_context(bob, message, {"bob@people.test"}).warnings
    assert [(one.kind, one.what) for one in warnings] == ([("unlike_others", "3")] if warned else [])


def test_remote_pictures_until_consent(bob: User) -> None:
    context = told(bob, html_message(REMOTE))
    assert (context.state, context.remote, context.trackers, context.shows_remote) == ("html", 1, 1, False)
    assert context.pictures_url == context.frame_url + "/pictures"
    assert context.consent_url.endswith("/body/pictures")
    assert context.sender_domain == "shop.test"

    TrustedSender.objects.create(user=bob, address="@shop.test")
    context = told(bob, html_message(REMOTE))
    assert (context.remote, context.shows_remote, context.pictures_url) == (0, True, "")
    assert context.frame_url.endswith("/body/pictures")


def test_a_preference_is_consent_too(bob: User) -> None:
    preferences.save(bob, remote_pictures="always")
    assert told(bob, html_message(REMOTE)).shows_remote


def test_plain_text_for_always(bob: User, client: Client) -> None:
    preferences.save(bob, plain_text=True)
    context = told(bob, html_message("<p>One <b>two</b></p>"))
    assert context.state == "text"
    client.force_login(bob)
    assert "<b>" not in client.get(context.frame_url).content.decode().partition("<body")[2]
    assert "<b>two</b>" in client.get(context.html_url).content.decode()


def test_the_theme_goes_into_the_frames_url(bob: User) -> None:
    preferences.save(bob, theme="dark")
    context = told(bob, html_message("<p style='color:red'>x</p>"))
    assert context.frame_url.endswith("?theme=dark")
    assert context.original_url.endswith("?theme=light")
    preferences.save(bob, dark_mail=False)
    context = told(bob, html_message("<p style='color:red'>x</p>"))
    assert context.frame_url.endswith("?theme=light")
    assert context.original_url == ""


def test_files(bob: User) -> None:
    context = told(
        bob,
        attached(
            ("photo.png", "image/png", b"x"),
            ("invoice.pdf.exe", "application/pdf", b"x"),
            ("notes.txt", "text/plain", b"x"),
            ("page.html", "text/html", b"x"),
            ("song.mp3", "audio/mpeg", b"x"),
        ),
    )
    assert [(one.tile.name, one.preview, one.dangerous) for one in context.files] == [
        ("photo.png", "picture", False),
        ("invoice.pdf.exe", "", True),
        ("notes.txt", "text", False),
        ("page.html", "", True),
        ("song.mp3", "audio", False),
    ]
    assert [one.kind for one in context.warnings] == ["dangerous_file", "dangerous_file"]
    assert context.files[0].preview_url.endswith("/view/2")
    assert context.files[0].thumb_url == context.files[0].url + "?inline=1"


def test_a_body_that_has_not_come(bob: User) -> None:
    message = store(bob, html_message("<p>x</p>"))
    Message.objects.filter(pk=message.pk).update(raw=None)
    context = body_context(bob, Message.objects.select_related("account").get(pk=message.pk), ())
    assert context.state == "missing"


def test_leaving_a_list(bob: User) -> None:
    leave = "<https://shop.test/u?1>, <mailto:leave@shop.test?subject=unsubscribe>"
    context = told(bob, html_message("<p>x</p>", List_Unsubscribe=leave))
    assert context.unsubscribe is not None
    assert context.unsubscribe.page_url == "https://shop.test/u?1"
    assert context.unsubscribe.compose_url == "/compose/?to=leave@shop.test&subject=unsubscribe"
    assert context.unsubscribe.one_click_url == ""


@pytest.mark.parametrize(
    ("covered", "one_click"), [("from:list-unsubscribe:list-unsubscribe-post", True), ("from:subject", False)]
)
def test_one_click_only_under_a_verified_signature(bob: User, covered: str, one_click: bool) -> None:
    raw = html_message(
        "<p>x</p>",
        List_Unsubscribe="<https://shop.test/u?1>",
        List_Unsubscribe_Post="List-Unsubscribe=One-Click",
        DKIM_Signature=f"v=1; a=rsa-sha256; d=shop.test; h={covered}; b=x",
        Authentication_Results="mx.people.test; dkim=pass header.d=shop.test",
    )
    message = store(bob, raw)
    message.account.host = "imap.people.test"
    context = body_context(bob, message, ())
    assert context.trust == "verified"
    assert context.unsubscribe is not None
    assert bool(context.unsubscribe.one_click_url) is one_click


def test_an_invitation(bob: User) -> None:
    raw = b"From: Ann <ann@shop.test>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    raw += b'Content-Type: text/calendar; method=REQUEST; charset="utf-8"\r\n\r\n' + REQUEST.encode()
    context = told(bob, raw)
    assert context.invitation is not None
    assert context.invitation.summary.startswith("Lunch")
    assert context.invitation.reader is not None


def test_encrypted_mail_is_recognised(bob: User) -> None:
    raw = b"From: a@b.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=X\r\n\r\n"
    raw += b"--X\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    raw += b"--X\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--X--\r\n"
    assert told(bob, raw).state == "encrypted"
