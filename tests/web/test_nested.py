"""A message attached to a message, opened in place."""

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
