"""Attachments are read in the background, found by their words, and named as what has matched."""

import base64

import pytest
from django.db import connection

from mailsync.actions.mail import flag, mark_read
from mailsync.engine.read_files import read_files
from mailsync.extract.indexed import message_text
from mailsync.message.parse import parse_message
from mailsync.models import FileText, MessageText, Placement
from mailsync.store import leases
from mailsync.store.excerpts import load_excerpts
from mailsync.store.file_texts import accounts_with_unread_files
from mailsync.store.search import Coverage, prepare_search
from mailsync.store.text_index import index_texts
from tests.extract.files import DOCX, MESSAGE, pdf
from tests.factories import make_folder
from tests.web.mail import store

pytestmark = pytest.mark.django_db


def message_with_files(**files: bytes) -> bytes:
    head = (
        "From: Ada <ada@example.test>\r\nSubject: Papers\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    )
    parts = ["--b\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n"]
    for name, data in files.items():
        name = name.replace("_", ".")
        parts.append(
            f"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n{base64.encodebytes(data).decode()}\r\n'
        )
    return (head + "".join(parts) + "--b--\r\n").encode()


@pytest.fixture
def papers():  # type: ignore[no-untyped-def]
    folder = make_folder()
    raw = message_with_files(lease_docx=DOCX, plan_pdf=pdf("Keel and mast"), broken_pdf=b"none", photo_jpg=b"\xff\xd8")
    message = store(folder.account.user, raw, folder)
    index_texts(folder.account_id, [message_text(message.pk, parse_message(raw))])
    return message


def test_files_are_found_by_their_words_and_named(papers) -> None:  # type: ignore[no-untyped-def]
    user = papers.account.user_id
    assert accounts_with_unread_files(limit=10) == [papers.account_id]
    assert prepare_search(user, "boathouse").coverage() == Coverage(0, 1), "what is not read yet is said"
    assert read_files(papers.account_id) is False
    assert accounts_with_unread_files(limit=10) == []
    for query, name in (("boathouse ", "lease.docx"), ('"keel and mast"', "plan.pdf")):
        search = prepare_search(user, query)
        assert [row.message_id for row in search.page().rows] == [papers.pk], query
        excerpt = load_excerpts([papers.pk], search.term)[papers.pk]
        assert (excerpt.where, excerpt.file) == ("attachment", name)
        assert any(piece.hit for piece in excerpt.pieces)
    assert prepare_search(user, '"boathouse one two keel"').page().rows == (), "no phrase spans two files"
    assert prepare_search(user, "body:boathouse").page().rows == ()
    assert prepare_search(user, "boathouse").coverage().is_complete
    problems = dict(FileText.objects.values_list("filename", "problem"))
    assert problems["broken.pdf"]
    assert problems["plan.pdf"] == ""
    assert "photo.jpg" not in problems


def test_reading_again_changes_nothing(papers) -> None:  # type: ignore[no-untyped-def]
    read_files(papers.account_id)
    before = sorted(FileText.objects.values_list("part", "text"))
    MessageText.objects.update(files_waiting=True)
    read_files(papers.account_id)
    assert sorted(FileText.objects.values_list("part", "text")) == before


def test_one_worker_an_account(papers) -> None:  # type: ignore[no-untyped-def]
    lease = leases.claim(papers.account_id, "files")
    assert lease is not None
    assert read_files(papers.account_id) is False
    assert not FileText.objects.exists()


def test_a_flag_change_touches_no_text_index(papers) -> None:  # type: ignore[no-untyped-def]
    before = _row_versions()
    placements = list(Placement.objects.values_list("id", flat=True))
    mark_read(papers.account.user_id, placements)
    flag(papers.account.user_id, placements)
    assert _row_versions() == before


def _row_versions() -> list[tuple[str, str]]:
    """Where each row of the index lies and who wrote it: any update changes both."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text, xmin::text FROM mailsync_messagetext")
        return cursor.fetchall()


def test_what_stands_in_an_attached_message_is_found() -> None:
    folder = make_folder()
    message = store(folder.account.user, MESSAGE, folder)
    index_texts(folder.account_id, [message_text(message.pk, parse_message(MESSAGE))])
    read_files(folder.account_id)
    search = prepare_search(folder.account.user_id, '"buoy fünf"')
    assert [row.message_id for row in search.page().rows] == [message.pk]
    excerpt = load_excerpts([message.pk], search.term)[message.pk]
    assert (excerpt.where, excerpt.file) == ("attachment", "Moorings.eml")
