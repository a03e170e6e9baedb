"""The picture proxy: only what we signed, for whom we signed it, and only pixels."""

import io

import pytest
from django.core.cache import cache
from django.test import Client
from PIL import Image

from accounts.models import User
from mailsync.errors import Rejected
from mailsync.protocol import http_get
from tests.factories import make_user
from tests.web.mail import html_message, store
from webmail.signing import read_picture, sign_picture

pytestmark = pytest.mark.django_db
URL = "https://shop.test/a.png?x=ü&y=1"


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def bob() -> User:
    return make_user("bob")


@pytest.fixture
def page(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the network: gives a small PNG, but for names that begin with "no"; lists what was asked."""
    urls: list[str] = []
    buffer = io.BytesIO()
    Image.new("RGB", (5, 5)).save(buffer, "PNG")

    def get(url: str, **_: object) -> bytes:
        urls.append(url)
        if "//no" in url:
            raise Rejected("no")
        return b"<svg onload=alert(1)>" if "//svg" in url else buffer.getvalue()

    monkeypatch.setattr(http_get, "get", get)
    return urls


def test_a_signed_picture_is_fetched_once(page: Client, bob: User, asked: list[str]) -> None:
    message = store(bob, html_message("<p>x</p>"))
    for _ in range(2):
        response = page.get("/imgproxy/", {"t": sign_picture(bob.pk, message.pk, URL)})
        assert response.status_code == 200
        assert response.content.startswith(b"\x89PNG")
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert asked == [URL]


@pytest.mark.parametrize("host", ["no.test", "svg.test"])
def test_what_is_no_picture_is_404_and_not_asked_again_at_once(
    page: Client, bob: User, asked: list[str], host: str
) -> None:
    message = store(bob, html_message("<p>x</p>"))
    for _ in range(2):
        url = f"https://{host}/"
        assert page.get("/imgproxy/", {"t": sign_picture(bob.pk, message.pk, url)}).status_code == 404
    assert len(asked) == 1


def test_nothing_is_fetched_without_our_signature(page: Client, bob: User, asked: list[str]) -> None:
    message = store(bob, html_message("<p>x</p>"))
    good = sign_picture(bob.pk, message.pk, URL)
    number, url, mac = good.split(".")
    others = sign_picture(bob.pk, message.pk, "https://other.test/").split(".")[1]
    eve = sign_picture(make_user("eve").pk, message.pk, URL)
    for token in ("", "x", "a.b.c", eve, f"{number}.{others}.{mac}", f"{message.pk + 1}.{url}.{mac}", good[:-1]):
        assert page.get("/imgproxy/", {"t": token}).status_code == 404, token
    assert asked == []


def test_a_strangers_message_or_none(client: Client, bob: User, asked: list[str]) -> None:
    message = store(bob, html_message("<p>x</p>"))
    eve = make_user("eve")
    client.force_login(eve)
    # Even a token signed for her names a message that she cannot see.
    assert client.get("/imgproxy/", {"t": sign_picture(eve.pk, message.pk, URL)}).status_code == 404
    client.logout()
    assert client.get("/imgproxy/", {"t": sign_picture(bob.pk, message.pk, URL)}).status_code == 302
    assert asked == []


def test_a_token_reads_as_it_was_signed() -> None:
    signed = read_picture(7, sign_picture(7, 5, URL))
    assert signed is not None
    assert (signed.message_id, signed.url) == (5, URL)
    assert read_picture(8, sign_picture(7, 5, URL)) is None
