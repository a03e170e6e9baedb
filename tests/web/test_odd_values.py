"""Values that no page of ours sends: an answer in the four hundreds or a page, never an error of ours."""

import pytest
from django.test import Client

from accounts.models import User
from mailsync import actions
from mailsync.models import Draft
from tests.factories import make_account, make_folder, make_message
from webmail.numbers import read_number

ODD = ("²", "\0", "-1", "9" * 19, "9" * 5000, "٣", "", "1.5")


def test_numbers_are_ascii_digits_that_fit() -> None:
    assert [read_number(odd) for odd in ODD] == [None] * len(ODD)
    assert read_number("9" * 18) == 10**18 - 1
    assert read_number("012") == 12
    assert read_number("1000", digits=3) is None


@pytest.mark.parametrize(
    "path",
    [
        *("/compose/?to=", "/settings/contacts/?q=", "/search/?q=", "/tree/?at=", "/activity/?before="),
        *("/suggest/?q=a&at=", "/settings/rules/new/?message=", "/settings/rules/new/?q="),
    ],
)
@pytest.mark.parametrize("odd", ODD)
def test_no_address_fails(browser: Client, path: str, odd: str) -> None:
    name, _, field = path.rpartition("?")
    fields = dict(pair.partition("=")[::2] for pair in field.split("&"))
    fields[list(fields)[-1]] = odd
    assert browser.get(name, fields).status_code in (200, 302, 400, 404)


@pytest.mark.parametrize("odd", ODD)
def test_no_form_fails(browser: Client, anna: User, odd: str) -> None:
    mail = make_message(make_folder(make_account(anna)))
    posts: list[tuple[str, dict[str, str]]] = [
        ("/search/saved/", {"q": "tea", "name": odd}),
        ("/search/saved/", {"q": "tea", "name": "Tea", "folder": odd}),
        ("/search/recent/", {"q": odd}),
        ("/act/", {"do": "read", "on": f"p{odd}"}),
        ("/act/", {"do": "move", "on": f"p{mail.pk}", "move": odd}),
        ("/act/", {"do": "label", "on": f"p{mail.pk}", "named": odd}),
    ]
    for path, fields in posts:
        assert browser.post(path, fields).status_code in (200, 204, 302, 400, 404, 409, 422), (path, fields)


@pytest.mark.parametrize("odd", [*ODD, "home", "http://[::1", "//evil.test/", "https://evil.test/"])
def test_nobody_is_led_to_what_is_no_page(browser: Client, anna: User, odd: str) -> None:
    mail = make_message(make_folder(make_account(anna)))
    draft = actions.start_draft(anna.pk, Draft.Mode.NEW)
    saved = browser.post(f"/d/{draft.pk}/save", {"version": draft.version, "close": "1", "next": odd})
    acted = browser.post("/act/", {"do": "read", "on": f"p{mail.pk}", "next": odd})
    for answer in (saved, acted):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_field_with_nul_is_refused_in_words(browser: Client) -> None:
    answer = browser.post("/search/saved/", {"q": "tea", "name": "a\0b"})
    assert answer.status_code == 400
    assert "could not be read" in answer.content.decode()
