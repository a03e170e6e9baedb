"""Addresses that only take what a form sends, and a browser that comes to one."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.shortcuts import resolve_url
from django.test import Client

from tests.web.conftest import Part

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("page", "back"),
    [
        ("http://testserver/f/3/?show=unread", "/f/3/?show=unread"),
        ("", "/"),
        ("https://elsewhere.example/f/3/", "/"),
        ("http://testserver.elsewhere.example/f/3/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://testserver//elsewhere.example/", "/"),
    ],
)
@pytest.mark.parametrize("address", ["/act/", "/settings/storage/emptying/"])
def test_who_has_to_sign_in_first_comes_back_to_the_page_of_the_form(address: str, page: str, back: str) -> None:
    headers = {"Referer": page} if page else {}
    answer = Client().post(address, {"do": "read", "on": "p1"}, headers=headers)
    assert answer.status_code == 302
    to = urlsplit(answer["Location"])
    assert to.path == resolve_url(settings.LOGIN_URL)
    assert parse_qs(to.query) == {"next": [back]}


def test_a_page_is_come_back_to_as_ever() -> None:
    answer = Client().get("/f/3/", headers={"Referer": "http://testserver/"})
    assert parse_qs(urlsplit(answer["Location"]).query) == {"next": ["/f/3/"]}


def test_who_asks_for_such_an_address_is_told(browser: Client, part: type[Part]) -> None:
    answer = browser.get("/act/")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "only takes what a button or a form sends" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()
    assert browser.get("/act/", **part("list")).content == b""
