"""The viewer: each kind of file in a page of ours, nothing that could run, and a stranger's file is a 404."""

import base64
import io

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from mailsync.models import Message
from tests.factories import make_user
from tests.render.test_pdf import document
from tests.web.mail import store

pytestmark = pytest.mark.django_db


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (1, 2, 3)).save(buffer, "PNG")
    return buffer.getvalue()


FILES = (
    ("image/png", "boat.png", picture()),
    ("application/octet-stream", "plan.pdf", document((595, 842), (595, 842))),
    ("text/plain", "notes.txt", "Grüße <script>alert(1)</script>".encode()),
    ("audio/mpeg", "song.mp3", b"ID3" + bytes(3000)),
    ("video/mp4", "film.mp4", bytes(3000)),
    ("text/html", "page.html", b"<script>alert(1)</script>"),
    ("application/zip", "all.zip", b"PK"),
    ("application/pdf", "broken.pdf", b"%PDF-1.7 and no more"),
)
PATHS = {name: str(number) for number, (_, name, _) in enumerate(FILES, 2)}


@pytest.fixture
def message(anna: User) -> Message:
    return letter(anna)


def letter(user: User) -> Message:
    parts = [
        f'--b\r\nContent-Type: {kind}; charset=utf-8; name="{name}"\r\nContent-Disposition: attachment\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(data).decode()}\r\n"
        for kind, name, data in FILES
    ]
    head = "From: a@a.test\r\nSubject: Files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return store(user, (head + "--b\r\n\r\nHello\r\n" + "".join(parts) + "--b--\r\n").encode())


def view(client: Client, message: Message, name: str) -> str:
    return client.get(reverse("view_file", args=[message.pk, PATHS[name]])).content.decode()


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("boat.png", '<img src="/m/'),
        ("notes.txt", '<pre class="sheet" dir="auto">Grüße &lt;script&gt;alert(1)&lt;/script&gt;</pre>'),
        ("song.mp3", "<audio controls"),
        ("film.mp4", "<video controls"),
        ("broken.pdf", "could not be shown"),
    ],
)
def test_each_kind_has_its_way(browser: Client, message: Message, name: str, tag: str) -> None:
    assert tag in view(browser, message, name)


def test_the_pages_of_a_pdf_are_pictures(browser: Client, message: Message) -> None:
    html = view(browser, message, "plan.pdf")
    assert "2 pages" in html
    urls = [reverse("document_page", args=[message.pk, PATHS["plan.pdf"], number]) for number in (1, 2)]
    assert all(url in html for url in urls)
    for url in urls:
        response = browser.get(url)
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
    assert browser.get(reverse("document_page", args=[message.pk, PATHS["plan.pdf"], 3])).status_code == 404
    assert browser.get(reverse("document_page", args=[message.pk, PATHS["boat.png"], 1])).status_code == 404


def test_one_file_leads_to_the_next(browser: Client, message: Message) -> None:
    html = view(browser, message, "plan.pdf")
    assert f'rel="prev" href="{reverse("view_file", args=[message.pk, PATHS["boat.png"]])}"' in html
    assert f'rel="next" href="{reverse("view_file", args=[message.pk, PATHS["notes.txt"]])}"' in html
    # Over what cannot be looked at.
    assert reverse("view_file", args=[message.pk, PATHS["broken.pdf"]]) in view(browser, message, "film.mp4")


@pytest.mark.parametrize("name", ["page.html", "all.zip"])
def test_what_could_run_or_is_unknown_is_only_saved(browser: Client, message: Message, name: str) -> None:
    assert browser.get(reverse("view_file", args=[message.pk, PATHS[name]])).status_code == 404
    page = browser.get(reverse("message", args=[message.pk])).content.decode()
    assert reverse("view_file", args=[message.pk, PATHS[name]]) not in page
    assert reverse("view_file", args=[message.pk, PATHS["plan.pdf"]]) in page


def test_sound_and_films_come_in_ranges(browser: Client, message: Message) -> None:
    url = reverse("attachment", args=[message.pk, PATHS["song.mp3"], "song.mp3"])
    response = browser.get(url, headers={"Range": "bytes=1-2"})
    assert response.status_code == 206
    assert b"".join(response.streaming_content) == b"D3"  # type: ignore[attr-defined]
    assert response.headers["Content-Type"] == "audio/mpeg"


def test_a_strangers_file_is_not_there(browser: Client) -> None:
    theirs = letter(make_user("eve"))
    assert browser.get(reverse("view_file", args=[theirs.pk, PATHS["boat.png"]])).status_code == 404
    assert browser.get(reverse("document_page", args=[theirs.pk, PATHS["plan.pdf"], 1])).status_code == 404
