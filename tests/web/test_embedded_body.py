"""The newest body comes along with its conversation where a script asks for it, and never where it must not."""

import html
import re
from email.message import EmailMessage
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts import preferences
from accounts.models import MailAccount, TrustedSender, User
from mailsync.models import Folder, Message
from tests.factories import make_account, make_folder, make_message
from tests.web.mail import html_message, store
from webmail import reading

pytestmark = pytest.mark.django_db
_EMBEDDED = re.compile(r'<template data-body="(\w+)">(.*?)</template>', re.DOTALL)
_REMOTE = '<p>Look</p><img src="https://pictures.test/a.png" width="40" height="40">'


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna, address="anna@nordlicht.example"))


def opened(browser: Client, message: Message, part: Any) -> str:
    answer = browser.get(f"/m/{message.pk}/", **part("main", **{"Heron-Body": "1"}))
    assert answer.status_code == 200
    assert "Heron-Body" in answer.headers["Vary"]
    return str(answer.content.decode())


def embedded(page: str) -> tuple[str, str]:
    """The mode and the document that came along."""
    ((mode, text),) = _EMBEDDED.findall(page)
    return mode, html.unescape(text)


def frame_url(page: str) -> str:
    return html.unescape(re.findall(r'<iframe[^>]* src="([^"]+)"', page)[-1])


@pytest.mark.parametrize("likes", [{}, {"theme": "dark"}, {"dark_mail": False}, {"plain_text": True}], ids=str)
@pytest.mark.parametrize(
    ("body", "mode"),
    [
        ("<p>One <b>two</b></p>", "quirks"),
        ("<!doctype html><p>One</p>", "standards"),
        (
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
            '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><p style="color:red">One</p>',
            "almost",
        ),
        ("<p>&lt;/template&gt;&lt;/script&gt;&lt;!--</p><p title='</template>'>&amp;lt;</p>", "quirks"),
        ("<style>p::after{content:'</template>'}</style><p>One", "quirks"),
        (_REMOTE, "quirks"),
    ],
)
def test_it_is_what_the_frame_would_load(
    body: str, mode: str, likes: dict[str, Any], browser: Client, anna: User, inbox: Folder, part: Any
) -> None:
    preferences.save(anna, **likes)
    page = opened(browser, store(anna, html_message(body), inbox), part)
    given, text = embedded(page)
    assert given == ("standards" if likes.get("plain_text") else mode)
    assert text == browser.get(frame_url(page)).content.decode()
    assert page.count("</article>") == 1


def test_only_the_newest_comes_along(browser: Client, inbox: Folder, anna: User, part: Any) -> None:
    first = make_message(inbox)
    last = store(anna, html_message("<p>Last</p>"), inbox)
    Message.objects.filter(pk=last.pk).update(thread=first.thread)
    last.placements.update(thread=first.thread)
    page = browser.get(f"/f/{inbox.pk}/t/{first.thread_id}/", **part("main", **{"Heron-Body": "1"})).content.decode()
    assert len(re.findall("<iframe", page)) == 2
    assert "Last" in embedded(page)[1]


def _with_picture() -> bytes:
    letter = EmailMessage()
    letter["From"] = "ann@shop.test"
    letter.set_content('<p>Hi <img src="cid:one@shop.test"></p>', subtype="html")
    letter.add_related(b"x", "image", "png", cid="<one@shop.test>")
    return letter.as_bytes()


def test_its_own_pictures_are_where_the_frame_may_look(browser: Client, inbox: Folder, anna: User, part: Any) -> None:
    message = store(anna, _with_picture(), inbox)
    document = embedded(opened(browser, message, part))[1]
    assert f'src="/cid/{message.pk}/2"' in document


@pytest.mark.parametrize("why", ["nobody asked", "pictures of a trusted sender", "long", "empty"])
def test_else_the_frame_loads_it(
    why: str, browser: Client, inbox: Folder, anna: User, part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = b"From: a@shop.test\r\nContent-Type: image/png\r\n\r\nx" if why == "empty" else html_message(_REMOTE)
    message = store(anna, raw, inbox)
    if why == "pictures of a trusted sender":
        TrustedSender.objects.create(user=anna, address="ann@shop.test")
    if why == "long":
        monkeypatch.setattr(reading, "MAX_DOCUMENT_CHARACTERS", 200)
    asked = {} if why == "nobody asked" else {"Heron-Body": "1"}
    page = browser.get(f"/m/{message.pk}/", **part("main", **asked)).content.decode()
    assert "<template data-body" not in page
    assert browser.get(frame_url(page)).status_code == 200


@pytest.mark.parametrize(("result", "loads"), [("pass", True), ("fail", False)])
def test_pictures_in_a_trusted_name_that_is_forged_wait_to_be_asked_for(
    result: str, loads: bool, browser: Client, inbox: Folder, anna: User
) -> None:
    TrustedSender.objects.create(user=anna, address="ann@shop.test")
    MailAccount.objects.filter(pk=inbox.account_id).update(host="imap.example.test")
    verdict = f"mx.example.test; dmarc={result} header.from=shop.test"
    message = store(anna, html_message(_REMOTE, Authentication_Results=verdict), inbox)
    page = browser.get(f"/m/{message.pk}/").content.decode()
    assert (f"/m/{message.pk}/body/pictures" in frame_url(page)) is loads
    assert ("data-pictures" in page) is not loads
    # To trust its sender once more would show nothing.
    assert "data-consent" not in page
    letter = browser.get(f"/m/{message.pk}/letter", headers={"Sec-Fetch-Dest": "document"}).text
    assert ("/imgproxy" in letter) is loads


def test_what_is_still_on_its_way_is_waited_for(browser: Client, inbox: Folder, part: Any) -> None:
    placement = make_message(inbox)
    Message.objects.filter(pk=placement.message_id).update(raw=None)
    page = opened(browser, placement.message, part)
    assert "<template data-body" not in page


def test_pages_and_paper_stay_as_they_are(browser: Client, inbox: Folder, anna: User) -> None:
    message = store(anna, html_message("<p>One</p>"), inbox)
    for path in ("", "print"):
        page = browser.get(f"/m/{message.pk}/{path}").content.decode()
        assert f'src="/m/{message.pk}/body' in page
        assert "<template data-body" not in page


def test_it_costs_no_query(
    browser: Client, inbox: Folder, anna: User, part: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    message = store(anna, html_message("<p>One</p>"), inbox)
    opened(browser, message, part)
    with django_assert_max_num_queries(100) as without:
        browser.get(f"/m/{message.pk}/", **part("main"))
    with django_assert_max_num_queries(len(without)):
        embedded(opened(browser, message, part))


def _directives(policy: str) -> dict[str, str]:
    return dict(one.strip().partition(" ")[::2] for one in policy.split(";"))


@pytest.mark.parametrize("mode", ["standards", "almost", "quirks"])
def test_an_empty_frame_is_as_confined_as_a_body(mode: str, browser: Client, anna: User, inbox: Folder) -> None:
    message = store(anna, html_message("<p>One</p>"), inbox)
    body, frame = browser.get(f"/m/{message.pk}/body"), browser.get(f"/frame/{mode}")
    policies = [_directives(answer.headers["Content-Security-Policy"]) for answer in (body, frame)]
    assert policies[0].pop("img-src") == f"http://testserver/cid/{message.pk}/ data:"
    assert policies[1].pop("img-src") == "http://testserver/cid/ data:"
    assert policies[0] == policies[1]
    differ = {"Content-Security-Policy", "Content-Length", "Vary"}  # what is as short as this is not compressed
    assert {k: v for k, v in body.headers.items() if k not in differ} == {
        k: v for k, v in frame.headers.items() if k not in differ
    }
    assert "<body></body>" in frame.content.decode()


def test_an_empty_frame_is_for_our_pages_alone(browser: Client, client: Client) -> None:
    assert browser.get("/frame/standards", headers={"Sec-Fetch-Dest": "document"}).status_code == 403
    assert browser.get("/frame/other").status_code == 404
    assert client.get("/frame/standards").status_code == 302
