"""The frame of a body: its headers, who may see it, pictures by consent, and what is shown when."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import TrustedSender, User
from mailsync.models import Message, RenderedBody
from tests.factories import make_account, make_folder, make_user
from tests.web.mail import html_message, store
from webmail.bodies import load_body

pytestmark = pytest.mark.django_db
IN_FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def bob() -> User:
    return make_user("bob")


@pytest.fixture
def page(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def body_url(message: Message, rest: str = "") -> str:
    return f"/m/{message.pk}/body{rest}"


def text_message(text: str, subject: str) -> bytes:
    return f"From: Ann <ann@shop.test>\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


def test_the_frame_has_exactly_its_policy(page: Client, bob: User) -> None:
    message = store(bob, html_message("<p>Hi</p>"))
    response = page.get(body_url(message), headers=IN_FRAME)
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; "
        f"img-src http://testserver/cid/{message.pk}/ data:; font-src 'none'; connect-src 'none'; "
        "media-src 'none'; object-src 'none'; frame-src 'none'; child-src 'none'; worker-src 'none'; "
        "manifest-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'; "
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    )
    expected = {
        "Content-Type": "text/html; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-DNS-Prefetch-Control": "off",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "SAMEORIGIN",
        "Origin-Agent-Cluster": "?1",
        "Cache-Control": "private, max-age=3600",
    }
    assert {name: response.headers[name] for name in expected} == expected
    assert response.headers["Permissions-Policy"].startswith("camera=(), microphone=()")
    assert b"<p>Hi</p>" in response.content


def test_a_stranger_gets_404(client: Client, bob: User) -> None:
    message = store(bob, html_message("<p>Hi</p>"))
    client.force_login(make_user("eve"))
    for url in (body_url(message), body_url(message, "/pictures")):
        assert client.get(url, headers=IN_FRAME).status_code == 404
    assert client.post(body_url(message, "/pictures"), {"scope": "sender"}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("rest", ["", "/pictures"])
def test_the_body_is_refused_outside_its_frame(page: Client, bob: User, headers: dict[str, str], rest: str) -> None:
    message = store(bob, html_message("<p>Secret</p>"))
    response = page.get(body_url(message, rest), headers=headers)
    assert response.status_code == 403
    assert b"Secret" not in response.content


def test_a_browser_that_says_nothing_is_served(page: Client, bob: User) -> None:
    assert page.get(body_url(store(bob, html_message("<p>Hi</p>")))).status_code == 200


def test_remote_pictures_wait_for_consent(page: Client, bob: User) -> None:
    message = store(
        bob, html_message('<img src="https://shop.test/a.png" alt="A"><p style="background:url(//b.test/)">')
    )
    blocked = page.get(body_url(message)).content.decode()
    assert "shop.test" not in blocked
    assert "b.test" not in blocked
    assert 'data-heron="blocked"' in blocked

    response = page.get(body_url(message, "/pictures"), headers=IN_FRAME)
    shown = response.content.decode()
    assert "shop.test" not in shown  # only the signed token names it
    assert len(re.findall(r'src="/imgproxy/\?t=[\w.-]+"', shown)) == 1
    assert len(re.findall(r"url\(/imgproxy/\?t=[\w.-]+\)", shown)) == 1
    policy = response.headers["Content-Security-Policy"]
    assert f"img-src http://testserver/cid/{message.pk}/ data: http://testserver/imgproxy/;" in policy


def test_beacons_never_load(page: Client, bob: User) -> None:
    html = (
        '<p>Hi</p><img src="https://t.test/o.gif" width="1" height="1"><img src="https://t.test/p" style="width:1px">'
    )
    shown = page.get(body_url(store(bob, html_message(html)), "/pictures")).content.decode()
    assert "imgproxy" not in shown
    assert "t.test" not in shown


def test_consent_can_last(page: Client, bob: User) -> None:
    message = store(bob, html_message("<p>Hi</p>"))
    for scope, kept in (("sender", "ann@shop.test"), ("domain", "@shop.test"), ("sender", "ann@shop.test")):
        assert page.post(body_url(message, "/pictures"), {"scope": scope}).status_code == 302
        assert TrustedSender.objects.filter(user=bob, address=kept).count() == 1
    assert page.post(body_url(message, "/pictures"), {"scope": "everyone"}).status_code == 400


def test_a_body_that_has_not_come_says_so(page: Client, bob: User) -> None:
    message = store(bob, html_message("<p>Hi</p>"))
    Message.objects.filter(pk=message.pk).update(raw=None)
    response = page.get(body_url(message))
    assert "still being fetched" in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_cleaned_bodies_are_kept_and_shared_within_an_account(page: Client, bob: User) -> None:
    mine, other = make_folder(make_account(bob)), make_folder(make_account(bob))
    for folder, subject in ((mine, "First"), (mine, "Second"), (other, "First")):
        page.get(body_url(store(bob, html_message("<p>The same letter</p>", Subject=subject), folder)))
    assert {row.account_id for row in RenderedBody.objects.all()} == {mine.account_id, other.account_id}
    assert RenderedBody.objects.count() == 2


def test_html_that_cannot_be_cleaned_shows_its_text(page: Client, bob: User) -> None:
    message = store(bob, html_message("<p>Dear Bob</p>" + "<div>" * 200_000))
    shown = page.get(body_url(message)).content.decode()
    assert "Dear Bob" in shown
    assert 'data-heron="text"' in shown


def test_a_very_long_text_says_that_it_goes_on(bob: User) -> None:
    raw = b"From: a@b.test\r\nSubject: x\r\n\r\n" + b"All work and no play.\r\n" * 200_000
    body = load_body(store(bob, raw)).body
    assert body.truncated
    assert not load_body(store(bob, raw[:1000])).body.truncated


@pytest.mark.parametrize("raw", [html_message("<div><br></div>"), b"From: a@b.test\r\n\r\n \r\n\r\n"])
def test_an_empty_message_says_that_it_is(page: Client, bob: User, raw: bytes) -> None:
    assert "This message has no text." in page.get(f"/m/{store(bob, raw).pk}/body").text


def test_an_empty_page_gives_way_to_the_text(page: Client, bob: User) -> None:
    raw = (
        b"From: a@b.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=X\r\n\r\n"
        b"--X\r\nContent-Type: text/plain\r\n\r\nwords\r\n--X\r\nContent-Type: text/html\r\n\r\n<p></p>\r\n--X--\r\n"
    )
    assert ">words</div>" in page.get(f"/m/{store(bob, raw).pk}/body").text


def test_text_is_shown_as_text(page: Client, bob: User) -> None:
    raw = b"From: a@b.test\r\nSubject: x\r\n\r\n<b>Hi</b> https://ok.test/?a=1&b=2\r\n"
    shown = page.get(body_url(store(bob, raw))).content.decode()
    assert "&lt;b&gt;Hi&lt;/b&gt;" in shown
    assert 'href="https://ok.test/?a=1&amp;b=2"' in shown


def test_the_text_form_on_request(page: Client, bob: User) -> None:
    message = store(bob, html_message("<p>One <b>two</b></p>"))
    shown = page.get(body_url(message, "?as=text")).content.decode()
    assert "One two" in shown
    assert "<b>" not in shown.partition("<body")[2]


def test_dark_mode_has_the_senders_colours_turned(page: Client, bob: User) -> None:
    plain = store(bob, html_message("<p>Hi</p>"))
    coloured = store(bob, html_message('<p style="color:#333">Hi</p>'))
    for message in (plain, coloured):
        assert "@media screen and (prefers-color-scheme:dark)" in page.get(body_url(message)).content.decode()
        assert "@media screen{:root{color-scheme:dark}" in page.get(body_url(message, "?theme=dark")).content.decode()
        assert "color-scheme:dark" not in page.get(body_url(message, "?theme=light")).content.decode()
    assert "color:light-dark(#333,#" in page.get(body_url(coloured)).content.decode()


@pytest.mark.parametrize(
    ("subject", "folded"), [("WG: Plans", False), ("Fwd: Plans", False), ("AW: WG: Plans", True), ("Plans", True)]
)
def test_what_was_passed_on_is_open(subject: str, folded: bool, page: Client, bob: User) -> None:
    quote = '<p>See below.</p><blockquote type="cite">Von: Ann</blockquote>'
    for raw in (html_message(quote, Subject=subject), text_message("See below.\n\n> Ann", subject)):
        shown = page.get(body_url(store(bob, raw))).content.decode()
        assert ('<details data-heron="quote">' in shown) is folded
        assert ('<details data-heron="quote" open="">' in shown) is not folded


@pytest.mark.parametrize("rest", ["", "?as=text", "/pictures"])
def test_a_frame_asks_little(rest: str, page: Client, bob: User, django_assert_max_num_queries: Any) -> None:
    """Session, user, message, and the words or what they were cleaned to before."""
    message = store(bob, html_message("<p>Hi</p>"))
    page.get(body_url(message, rest), headers=IN_FRAME)  # notes the session, and cleans
    with django_assert_max_num_queries(5) as asked:
        assert b"Hi" in page.get(body_url(message, rest), headers=IN_FRAME).content
    assert not any('"recipients"' in query["sql"] for query in asked.captured_queries)
