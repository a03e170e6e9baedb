"""A message attached to a message, opened in place."""

import base64
import re

import pytest
from django.test import Client

from tests.factories import make_user
from tests.web.mail import store

pytestmark = pytest.mark.django_db

INNER = (
    b"From: Eve <eve@evil.test>\r\nTo: <bob@people.test>\r\nSubject: <b>inner</b> https://ok.test\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=Y\r\n\r\n"
    b"--Y\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
    b"--Y\r\nContent-Type: text/html\r\n\r\n<p onclick=x>html<script>alert(1)</script><img src=http://evil.test/></p>\r\n"
    b"--Y--\r\n"
)
RAW = (
    b"From: a@b.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n"
    b"--X\r\nContent-Type: text/plain\r\n\r\nouter\r\n--X\r\nContent-Type: message/rfc822\r\n\r\n"
    + INNER
    + b"--X--\r\n"
)


def test_its_header_and_its_body(client: Client) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    message = store(bob, RAW)
    response = client.get(
        f"/m/{message.pk}/nested/2", headers={"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
    )
    assert response.status_code == 200
    shown = response.content.decode()
    assert "&lt;b&gt;inner&lt;/b&gt;" in shown
    assert "Eve &lt;" in shown
    assert "<p>html<img" in shown
    assert "outer" not in shown
    assert "script>" not in shown
    assert "evil.test/" not in shown
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_only_messages_and_only_ones_own(client: Client) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    message = store(bob, RAW)
    for part in ("1", "3", "2.1"):
        assert client.get(f"/m/{message.pk}/nested/{part}").status_code == 404
    cross = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}
    assert client.get(f"/m/{message.pk}/nested/2", headers=cross).status_code == 403
    client.force_login(make_user("eve"))
    assert client.get(f"/m/{message.pk}/nested/2").status_code == 404


WITH_FILES = (
    b"From: a@b.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n"
    b"--X\r\nContent-Type: text/html\r\n\r\n<img src=cid:logo>\r\n"
    b"--X\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n\r\n\x89PNG outer\r\n"
    b"--X\r\nContent-Type: message/rfc822\r\n\r\nSubject: Contract\r\nContent-Type: multipart/mixed; boundary=Y\r\n\r\n"
    b"--Y\r\nContent-Type: text/html\r\n\r\n<p>inner</p><img src=cid:logo>\r\n"
    b"--Y\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\n\r\n\x89PNG inner\r\n"
    b"--Y\r\nContent-Type: application/pdf; name=contract.pdf\r\n\r\n%PDF\r\n"
    b"--Y\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: Deeper\r\nContent-Type: text/csv; name=deep.csv\r\n\r\na,b\r\n"
    b"--Y--\r\n--X--\r\n"
)


def test_its_files_stand_beside_it(client: Client) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    message = store(bob, WITH_FILES)
    page = client.get(f"/m/{message.pk}/").content.decode()
    named = re.findall(r'<b dir="auto" title="([^"]*)"', page)
    # Of both messages the picture that is shown is no file.
    assert named == ["Contract.eml", "contract.pdf", "Deeper.eml", "deep.csv"]
    assert page.count("in Contract.eml") == 3
    assert "1 file," in page
    assert client.get(f"/m/{message.pk}/part/3.3/contract.pdf").getvalue() == b"%PDF"  # type: ignore[attr-defined]
    assert client.get(f"/m/{message.pk}/view/3.4.1").status_code == 200
    inner = client.get(f"/m/{message.pk}/nested/3").content.decode()
    assert "contract.pdf, Deeper.eml" in inner


def test_each_shows_its_own_of_pictures_named_alike(client: Client) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    message = store(bob, WITH_FILES)
    assert f'src="/cid/{message.pk}/2"' in client.get(f"/m/{message.pk}/body").content.decode()
    assert f'src="/cid/{message.pk}/3.2"' in client.get(f"/m/{message.pk}/nested/3").content.decode()


@pytest.mark.parametrize("content_type", ["message/rfc822", "application/octet-stream; name=letter.eml"])
def test_one_that_is_encoded_or_a_mere_file_is_opened_too(content_type: str, client: Client) -> None:
    bob = make_user("bob")
    client.force_login(bob)
    encoded = base64.encodebytes(INNER + b"Content-Type: x/y; name=a.pdf\r\n\r\n").replace(b"\n", b"\r\n")
    raw = RAW.replace(b"message/rfc822", content_type.encode() + b"\r\nContent-Transfer-Encoding: base64")
    message = store(bob, raw.replace(INNER, encoded))
    page = client.get(f"/m/{message.pk}/").content.decode()
    assert f'href="/m/{message.pk}/nested/2"' in page
    shown = client.get(f"/m/{message.pk}/nested/2").content.decode()
    assert "&lt;b&gt;inner&lt;/b&gt;" in shown
    assert "<p>html<img" in shown
    assert "script>" not in shown
    assert "evil.test/" not in shown
