"""Files of a message: as what they go out, in ranges, as one zip, and never through more memory than a piece."""

import base64
import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from mailsync.message.transfer import CHUNK_BYTES
from mailsync.models import Message
from tests.factories import make_user
from tests.web.mail import store

pytestmark = pytest.mark.django_db

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
POLICY = "default-src 'none'; sandbox"


def attached(*files: tuple[str, str, bytes], html: str = "<p>Hi</p>", encoding: str = "base64") -> bytes:
    """A message with files as (name, content type, bytes); a name with a ``*`` in front gets a Content-ID."""
    parts = [f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()]
    for name, content_type, data in files:
        body = base64.encodebytes(data) if encoding == "base64" else data
        inline = f"Content-ID: <{name[1:]}>\r\n" if name.startswith("*") else ""
        head = (
            f'Content-Type: {content_type}; name="{name}"\r\nContent-Transfer-Encoding: {encoding}\r\n{inline}'
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
        )
        parts.append(head.encode() + body)
    top = b'From: a@b.test\r\nSubject: Files / and "more"\r\nMIME-Version: 1.0\r\n'
    top += b"Content-Type: multipart/mixed; boundary=XXX\r\n\r\n"
    return top + b"".join(b"--XXX\r\n" + part + b"\r\n" for part in parts) + b"--XXX--\r\n"


@pytest.fixture
def bob() -> User:
    return make_user("bob")


@pytest.fixture
def page(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def url_of(message: Message, part: str = "2", name: str = "x") -> str:
    return f"/m/{message.pk}/part/{part}/{name}"


def content_of(response: object) -> bytes:
    pieces: Iterator[bytes] = response.streaming_content if response.streaming else [response.content]  # type: ignore[attr-defined]
    return b"".join(pieces)


def test_a_file_goes_out_to_be_saved(page: Client, bob: User) -> None:
    message = store(bob, attached(("report.pdf", "application/pdf", b"%PDF-1.7 " * 1000)))
    response = page.get(url_of(message))
    assert response.status_code == 200
    assert content_of(response) == b"%PDF-1.7 " * 1000
    expected = {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="report.pdf"',
        "Content-Length": "9000",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Accept-Ranges": "bytes",
    }
    assert {name: response.headers[name] for name in expected} == expected


def test_a_stranger_gets_404(client: Client, bob: User) -> None:
    message = store(bob, attached(("a.txt", "text/plain", b"x"), ("*c", "image/png", PNG)))
    client.force_login(make_user("eve"))
    urls = [url_of(message), f"/cid/{message.pk}/3", f"/m/{message.pk}/attachments.zip"]
    for url in [*urls, f"/m/{message.pk}/source", f"/m/{message.pk}/eml"]:
        assert client.get(url).status_code == 404, url


def test_what_is_not_there_is_404(page: Client, bob: User) -> None:
    message = store(bob, attached(("a.txt", "text/plain", b"x")))
    for part in ("9", "1.1", "..", "2 or 1=1"):
        assert page.get(url_of(message, part)).status_code == 404
    Message.objects.filter(pk=message.pk).update(raw=None)
    assert page.get(url_of(message)).status_code == 404


@pytest.mark.parametrize(
    ("content_type", "data", "served", "inline"),
    [
        ("image/png", PNG, "image/png", True),
        ("application/octet-stream", PNG, "image/png", True),
        ("image/png", b"<svg onload=alert(1)>", "image/png", False),
        ("image/svg+xml", b"<svg onload=alert(1)>", "application/octet-stream", False),
        ("text/html", b"<script>alert(1)</script>", "application/octet-stream", False),
        ("application/xhtml+xml", b"<html>", "application/octet-stream", False),
        ("text/xml", b"<x>", "application/octet-stream", False),
        ("application/javascript", b"alert(1)", "application/octet-stream", False),
        ("message/rfc822", b"From: x\r\n\r\n<script>", "message/rfc822", False),
        ("text/plain", b"<script>alert(1)</script>", "text/plain; charset=utf-8", True),
        ("application/pdf", b"%PDF-", "application/pdf", False),
        ("video/mp4", b"....ftyp", "video/mp4", False),
    ],
)
def test_only_harmless_types_are_inline(
    page: Client, bob: User, content_type: str, data: bytes, served: str, inline: bool
) -> None:
    encoding = "8bit" if content_type == "message/rfc822" else "base64"
    message = store(bob, attached(("x.bin", content_type, data), encoding=encoding))
    path = "2" if page.get(url_of(message, "2")).status_code == 200 else "1"
    response = page.get(url_of(message, path) + "?inline=1")
    assert response.headers["Content-Type"].partition(";")[0] == served.partition(";")[0]
    assert response.headers["Content-Disposition"].startswith("inline" if inline else "attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == POLICY
    assert page.get(url_of(message, path)).headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("encoding", ["base64", "8bit"])
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, 5000),
        ("bytes=-7", 4993, 5000),
        ("bytes=4990-9999", 4990, 5000),
        ("bytes=-99999", 0, 5000),
    ],
)
def test_ranges(page: Client, bob: User, encoding: str, asked: str, start: int, end: int) -> None:
    data = bytes(32 + n % 90 for n in range(5000))
    message = store(bob, attached(("a.bin", "application/octet-stream", data), encoding=encoding))
    response = page.get(url_of(message), headers={"Range": asked})
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/5000"
    assert response.headers["Content-Length"] == str(end - start)
    assert content_of(response) == data[start:end]


@pytest.mark.parametrize("asked", ["bytes=5000-", "bytes=9-3", "bytes=99999-999999"])
def test_a_range_outside_is_refused(page: Client, bob: User, asked: str) -> None:
    message = store(bob, attached(("a.bin", "application/octet-stream", b"x" * 5000)))
    response = page.get(url_of(message), headers={"Range": asked})
    assert response.status_code == 416
    assert response.headers["Content-Range"] == "bytes */5000"


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes=x-y"])
def test_what_is_no_single_range_gets_all(page: Client, bob: User, asked: str) -> None:
    message = store(bob, attached(("a.bin", "application/octet-stream", b"x" * 5000)))
    assert page.get(url_of(message), headers={"Range": asked}).status_code == 200


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("plain.txt", 'filename="plain.txt"'),
        ('a"b.txt', 'filename="a\\"b.txt"'),
        ("übung.txt", "filename*=utf-8''%C3%BCbung.txt"),
        ("../../etc/passwd", 'filename="'),
        ("invoice\u202efdp.exe", 'filename="invoicefdp.exe"'),
    ],
)
def test_names(page: Client, bob: User, name: str, written: str) -> None:
    """RFC 6266; no directions, no folders, no line ends."""
    message = store(bob, attached(("x", "application/octet-stream", b"x")))
    parts = message.parts
    assert parts is not None
    parts["k"][1]["n"] = name
    Message.objects.filter(pk=message.pk).update(parts=parts)
    header = page.get(url_of(message)).headers["Content-Disposition"]
    assert header.startswith("attachment; ")
    assert written in header
    assert "/" not in header
    assert "\u202e" not in header


def test_a_picture_of_the_message(page: Client, bob: User) -> None:
    raw = attached(
        ("*logo", "image/png", PNG), ("*page", "image/png", b"<svg onload=alert(1)>"), html='<img src="cid:logo">'
    )
    message = store(bob, raw)
    shown = page.get(f"/m/{message.pk}/body").content.decode()
    assert f'src="/cid/{message.pk}/2"' in shown
    response = page.get(f"/cid/{message.pk}/2")
    assert (response.status_code, content_of(response)) == (200, PNG)
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Content-Security-Policy"] == POLICY
    assert page.get(f"/cid/{message.pk}/3").status_code == 404
    assert page.get(f"/cid/{message.pk}/1").status_code == 404


def test_source_and_eml(page: Client, bob: User) -> None:
    raw = attached(("a.txt", "text/plain", b"<script>x</script>"))
    message = store(bob, raw)
    source = page.get(f"/m/{message.pk}/source")
    text = re.search(r'<pre [^>]*id="source">(.*?)</pre>', source.text, re.DOTALL)
    assert text
    assert unescape(text[1]).encode() == raw
    assert f'href="/m/{message.pk}/eml" download' in source.text
    eml = page.get(f"/m/{message.pk}/eml")
    assert content_of(eml) == raw
    assert eml.headers["Content-Type"] == "message/rfc822"
    assert eml.headers["Content-Disposition"] == 'attachment; filename="Files _ and _more.eml"'


def test_all_files_as_one_zip(page: Client, bob: User) -> None:
    files = [("a.txt", "text/plain", b"one"), ("a.txt", "text/plain", b"two"), ("ü.bin", "x/y", bytes(range(256)) * 99)]
    message = store(bob, attached(*files))
    response = page.get(f"/m/{message.pk}/attachments.zip")
    assert response.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(content_of(response)))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == {
        "a.txt": b"one",
        "a (2).txt": b"two",
        "ü.bin": bytes(range(256)) * 99,
    }


def test_no_files_no_zip(page: Client, bob: User) -> None:
    assert page.get(f"/m/{store(bob, attached()).pk}/attachments.zip").status_code == 404


#: What comes along with a conversation, so that most of them need not ask for their text.
_BEGINNING = re.compile(r"substring\(data FROM 1 FOR (\d+)\)")


class RawReads:
    """How many bytes of messages leave the database, from the statements that ask for them."""

    def __init__(self) -> None:
        self.count = self.size_bytes = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # Elsewhere a column that is merely named would be all of it.
        assert 'mailsync_rawmessage"."data' not in sql
        if "substring(data" in sql:
            self.count += 1
            beginning = _BEGINNING.search(sql)
            self.size_bytes += int(beginning[1]) if beginning else params[1]
        return execute(sql, params, many, context)


@pytest.fixture
def large(bob: User) -> Message:
    """50 MB in 40 files of a regular encoding, as mail programs write it."""
    block = bytes(range(256)) * 3_600  # 0.9 MB, 1.25 MB in base64
    raw = attached(*((f"f{number}.bin", "application/octet-stream", block) for number in range(40)))
    assert len(raw) > 49_000_000
    return store(bob, raw)


def test_a_large_message_takes_little_memory(page: Client, large: Message) -> None:
    """One file, a range, the zip and the whole each hold a few pieces at most."""
    last = url_of(large, "41")
    tracemalloc.start()
    try:
        response = page.get(f"/m/{large.pk}/attachments.zip")
        size = sum(len(piece) for piece in response.streaming_content)
        sum(len(piece) for piece in page.get(last).streaming_content)
        sum(len(piece) for piece in page.get(last, headers={"Range": "bytes=9-99"}).streaming_content)
        sum(len(piece) for piece in page.get(f"/m/{large.pk}/eml").streaming_content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 40 * 900_000
    assert peak < 20 * 1024 * 1024


def test_a_large_message_is_opened_by_reading_its_text(page: Client, large: Message) -> None:
    """Its page, its body and a range of a file read what they show, and not what lies beside it."""
    opened = RawReads()
    with connection.execute_wrapper(opened):
        shown = page.get(f"/m/{large.pk}/")
        page.get(f"/m/{large.pk}/body")
    assert shown.content.count(b'class="file"') == 40
    assert (opened.count, opened.size_bytes < 17_000) == (2, True)

    url = url_of(large, "20")
    content_of(page.get(url, headers={"Range": "bytes=0-9"}))  # measures the part, once
    ranged = RawReads()
    with connection.execute_wrapper(ranged):
        got = content_of(page.get(url, headers={"Range": "bytes=900000-900099"}))
    assert got == (bytes(range(256)) * 3_600)[900_000:900_100]
    assert ranged.size_bytes <= CHUNK_BYTES + 500  # the beginning, which tells its type, and the range
