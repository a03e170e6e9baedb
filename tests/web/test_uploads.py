"""Big files: refused before they travel, sent in pieces from where they were, given as a link that ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingServer, User
from mailsync import actions
from mailsync.models import Blob, Draft, DraftAttachment, Upload, UploadPiece
from mailsync.store import room, uploads
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db
FILE = bytes(range(256)) * 10_000  # 2.56 MB: three pieces


@pytest.fixture
def draft(writer: User) -> Draft:
    return actions.start_draft(writer.pk, subject="Film")


def begin(client: Client, draft: Draft, data: bytes = FILE, status: int = 200, **more: Any) -> dict[str, Any]:
    said = {"name": "film.mov", "type": "video/quicktime", "size": len(data), "fingerprint": "film 1", **more}
    response = client.post(reverse("draft_upload", args=[draft.pk]), said)
    assert response.status_code == status, response.content
    answer: dict[str, Any] = response.json()
    return answer


def send(client: Client, begun: dict[str, Any], at: int, data: bytes) -> dict[str, Any]:
    response = client.post(f"{begun['url']}?at={at}", data, content_type="application/octet-stream")
    answer: dict[str, Any] = {"status": response.status_code, **response.json()}
    return answer


def send_all(client: Client, begun: dict[str, Any], data: bytes = FILE) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for at in range(begun["received"], len(data), begun["piece"]):
        answer = send(client, begun, at, data[at : at + begun["piece"]])
    return answer


def test_a_file_comes_in_pieces_and_becomes_an_attachment(client: Client, draft: Draft) -> None:
    begun = begin(client, draft)
    assert (begun["received"], begun["piece"]) == (0, uploads.PIECE_BYTES)
    answer = send_all(client, begun)
    assert "film.mov" in answer["html"]
    row = DraftAttachment.objects.get(draft=draft)
    assert (row.name, row.content_type, bytes(row.blob.data)) == ("film.mov", "video/quicktime", FILE)
    assert not Upload.objects.exists()
    assert not UploadPiece.objects.exists()


def test_one_that_was_cut_short_goes_on_from_where_it_was(client: Client, draft: Draft) -> None:
    first = begin(client, draft)
    send(client, first, 0, FILE[: uploads.PIECE_BYTES])
    # The answer to this piece was lost, so it comes twice; a gap is not taken either.
    assert send(client, first, 0, FILE[: uploads.PIECE_BYTES])["received"] == uploads.PIECE_BYTES
    assert send(client, first, 2 * uploads.PIECE_BYTES, b"x")["received"] == uploads.PIECE_BYTES
    again = begin(client, draft)
    assert (again["url"], again["received"]) == (first["url"], uploads.PIECE_BYTES)
    send_all(client, again)
    assert bytes(DraftAttachment.objects.get(draft=draft).blob.data) == FILE


def test_another_file_of_the_same_name_begins_anew(client: Client, draft: Draft) -> None:
    first = begin(client, draft)
    send(client, first, 0, FILE[:1000])
    assert begin(client, draft, fingerprint="film 2")["received"] == 0


def test_bytes_that_were_not_announced_are_refused(client: Client, draft: Draft) -> None:
    begun = begin(client, draft, b"abc")
    for data in (b"abcd", b""):
        assert send(client, begun, 0, data)["status"] == 413
    assert send(client, begun, 0, b"abc")["html"]


def test_the_same_bytes_are_kept_once_for_all_drafts(client: Client, writer: User, draft: Draft) -> None:
    other = actions.start_draft(writer.pk, subject="The same film")
    for one in (draft, other):
        send_all(client, begin(client, one))
    assert DraftAttachment.objects.count() == 2
    assert Blob.objects.count() == 1


def test_what_the_server_would_not_take_is_told_before_a_byte_travels(client: Client, draft: Draft) -> None:
    server = OutgoingServer.objects.get()
    server.size_limit_bytes = 3_000_000
    server.save()
    answer = begin(client, draft, status=413)
    assert "3.0 MB is the most that your outgoing server takes" in answer["error"]
    assert answer["link"] is True
    assert not Upload.objects.exists()
    # As base64 a message grows by a third and its line ends (RFC 2045 §6.8), and 64 kB are left for the letter.
    assert room.files_limit(draft) == int((3_000_000 - 65536) * 57 / 78)
    assert begin(client, draft, FILE[: room.files_limit(draft)])["received"] == 0


def test_a_draft_that_filled_up_meanwhile_takes_no_more(client: Client, draft: Draft) -> None:
    OutgoingServer.objects.update(size_limit_bytes=6_000_000)
    begun = [begin(client, draft, fingerprint=name) for name in ("one", "two")]
    assert "html" in send_all(client, begun[0])
    answer = send_all(client, begun[1])
    assert (answer["status"], answer["link"]) == (413, True)
    assert draft.attachments.count() == 1


def test_a_quota_holds_for_drafts_and_links_together(client: Client, draft: Draft, settings: Any) -> None:
    settings.HERON_FILES_QUOTA_BYTES = 2 * len(FILE)
    send_all(client, begin(client, draft))
    begin(client, draft, fingerprint="another", link="1")
    answer = begin(client, draft, fingerprint="a third", status=413)
    assert "is the most" in answer["error"]
    assert answer["link"] is False


def shared(client: Client, draft: Draft) -> str:
    answer = send_all(client, begin(client, draft, link="1"))
    assert "film.mov" in answer["link"]["text"]
    url: str = answer["link"]["html"].split('href="')[1].split('"')[0]
    return url.removeprefix("http://testserver")


def test_a_link_opens_without_sign_in_and_gives_the_file(client: Client, draft: Draft) -> None:
    url = shared(client, draft)
    assert not draft.attachments.exists()
    stranger = Client()
    page = stranger.get(url)
    assert (page.status_code, page["Referrer-Policy"]) == (200, "no-referrer")
    assert "film.mov" in page.content.decode()
    assert "Stop sharing" not in page.content.decode()
    whole = stranger.get(f"{url}file")
    assert b"".join(whole.streaming_content) == FILE
    assert whole["Content-Disposition"] == 'attachment; filename="film.mov"'
    assert whole["Content-Type"] == "application/octet-stream"
    for wanted, start, end in (("bytes=1048570-1048590", 1048570, 1048591), ("bytes=-10", len(FILE) - 10, len(FILE))):
        some = stranger.get(f"{url}file", headers={"Range": wanted})
        assert some.status_code == 206
        assert b"".join(some.streaming_content) == FILE[start:end]
    assert stranger.get(f"{url}file", headers={"Range": f"bytes={len(FILE)}-"}).status_code == 416


def test_a_link_ends_with_its_time_and_its_bytes_go(client: Client, draft: Draft) -> None:
    url = shared(client, draft)
    assert uploads.sweep_uploads() == 0
    Upload.objects.update(expires_at=timezone.now() - timedelta(days=1, seconds=1))
    assert Client().get(url).status_code == Client().get(f"{url}file").status_code == 404
    assert uploads.sweep_uploads() > 0
    assert not UploadPiece.objects.exists()


def test_a_link_of_somebody_who_was_shut_out_leads_nowhere(client: Client, writer: User, draft: Draft) -> None:
    link = shared(client, draft)
    writer.is_active = False
    writer.save()
    assert {Client().get(link).status_code, Client().get(f"{link}file").status_code} == {404}


def test_who_made_a_link_stops_it_and_nobody_else(client: Client, draft: Draft) -> None:
    url = shared(client, draft)
    stranger = Client()
    stranger.force_login(make_user("mallory"))
    assert stranger.post(f"{url}stop").status_code == 404
    assert "Stop sharing" in client.get(url).content.decode()
    assert client.post(f"{url}stop").status_code == 302
    assert client.get(url).status_code == 404


def test_a_changed_token_leads_nowhere(client: Client, draft: Draft) -> None:
    url = shared(client, draft)
    token = url.split("/")[2]
    for wrong in (token[:-2] + "xx", "1", "a:b"):
        assert Client().get(f"/get/{wrong}/").status_code == 404
        assert Client().get(f"/get/{wrong}/file").status_code == 404


def test_a_link_outlives_its_sent_draft_but_not_a_discarded_one(client: Client, writer: User, draft: Draft) -> None:
    sent = shared(client, draft)
    actions.save_draft(writer.pk, draft.pk, draft.version, to="bob@x.test")
    actions.send(writer.pk, draft.pk, 0)
    other = actions.start_draft(writer.pk)
    discarded = shared(client, other)
    done = actions.discard_draft(writer.pk, other.pk)
    assert Client().get(sent).status_code == 200
    assert Client().get(discarded).status_code == 404
    uploads.sweep_uploads()
    actions.undo(writer.pk, done.group)
    assert Client().get(discarded).status_code == 200


def test_an_upload_that_nobody_goes_on_with_is_swept(client: Client, draft: Draft) -> None:
    send(client, begin(client, draft), 0, b"x")
    assert uploads.sweep_uploads() == 0
    Upload.objects.update(updated_at=timezone.now() - timedelta(days=3))
    uploads.sweep_uploads()
    assert not Upload.objects.exists()


def test_cancelled_it_leaves_nothing(client: Client, draft: Draft) -> None:
    begun = begin(client, draft)
    send(client, begun, 0, FILE[:1000])
    assert client.post(f"{begun['url']}/cancel").status_code == 204
    assert not UploadPiece.objects.exists()


def test_a_stranger_gets_404(client: Client, draft: Draft) -> None:
    begun = begin(client, draft)
    stranger = Client()
    stranger.force_login(make_user("mallory"))
    said = {"name": "a", "size": "3", "fingerprint": "x"}
    assert stranger.post(reverse("draft_upload", args=[draft.pk]), said).status_code == 404
    mine = actions.start_draft(make_account(make_user("mallory2")).user_id)
    stranger.force_login(mine.user)
    for url in (begun["url"], reverse("draft_upload_piece", args=[mine.pk, Upload.objects.get().pk])):
        piece = stranger.post(f"{url}?at=0", b"x", content_type="application/octet-stream")
        assert piece.status_code == 404
        assert stranger.post(f"{url}/cancel").status_code == 404
    assert client.post(reverse("draft_upload", args=[draft.pk]), {**said, "size": "-1"}).status_code == 404
