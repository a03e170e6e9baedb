"""Labels: given and taken by the act view, counted in the column, each with a page of its own."""

from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import User
from mailsync.models import Placement
from mailsync.store.labels import label_rows, load_labels
from tests.factories import make_account, make_folder, make_message, make_user
from webmail.present.labels import is_label, keyword_of, label_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return make_user("anna")


def labelled(user: User, *keywords: str, path: str = "INBOX", role: str = "inbox", **more: object) -> Placement:
    account = user.mail_accounts.first() or make_account(user)
    folder = account.folders.filter(path=path).first() or make_folder(account, path, role=role)
    message = make_message(folder, **more)  # type: ignore[arg-type]
    placement = message if isinstance(message, Placement) else message.placements.get()
    Placement.objects.filter(pk=placement.pk).update(keywords=list(keywords))
    return placement


@pytest.mark.parametrize("name", ["Travel", "Grüße aus Bremen", "R&D", "日本語", "a – b"])
def test_a_name_goes_to_the_server_and_comes_back(name: str) -> None:
    keyword = keyword_of(name)
    assert keyword.isascii()
    assert not set(keyword) & set(' (){%*"\\]')
    assert label_of(keyword).text == name
    assert is_label(keyword)


def test_labels_are_counted_without_case_junk_and_the_notes_of_programs(anna: User) -> None:
    labelled(anna, "Travel", "$Forwarded")
    labelled(anna, "travel", seen=True)
    labelled(anna, "NonJunk")
    labelled(anna, "Travel", path="Junk", role="junk")
    found = {one.keyword.lower(): (one.total, one.unread) for one in load_labels(anna.pk) if is_label(one.keyword)}
    assert found == {"travel": (2, 1)}
    assert load_labels(make_user("bob").pk) == []


def test_a_label_is_listed_in_pages(anna: User) -> None:
    placements = [labelled(anna, "Travel") for _ in range(5)]
    labelled(anna, "Other")
    folders = [placements[0].folder_id]
    seen: list[int] = []
    before = None
    while True:
        page = label_rows(folders, "TRAVEL", before=before, limit=2)
        seen += [row.placement_id for row in page.rows]
        before = page.next
        if before is None:
            break
    assert sorted(seen) == sorted(one.pk for one in placements)
    assert len(set(seen)) == 5


def test_the_page_of_a_label_shows_ones_own_mail_only(anna: User, client: Client) -> None:
    labelled(anna, "Travel", subject="Tickets to Bremen")
    labelled(make_user("bob"), "Travel", subject="Bob’s own journey")
    client.force_login(anna)
    page = client.get("/label/Travel/").content.decode()
    assert "Tickets to Bremen" in page
    assert "Bob’s own journey" not in page
    assert 'href="/label/Travel/"' in page


def test_labels_are_given_by_name_and_taken_away(anna: User, client: Client) -> None:
    placement = labelled(anna)
    client.force_login(anna)
    fields = {"do": "label", "on": f"p{placement.pk}", "named": "Grüße vom Kai"}
    answer = client.post("/act/", fields, headers={"HX-Request": "true"})
    assert "Labelled Grüße vom Kai" in answer.content.decode()
    placement.refresh_from_db()
    (keyword,) = placement.keywords
    assert client.get(f"/label/{quote(keyword)}/").status_code == 200
    client.post("/act/", {"unlabel": keyword, "on": f"p{placement.pk}"})
    placement.refresh_from_db()
    assert placement.keywords == []


def test_a_label_without_a_name_is_refused_in_words(anna: User, client: Client) -> None:
    placement = labelled(anna)
    client.force_login(anna)
    fields = {"do": "label", "on": f"p{placement.pk}", "named": "  "}
    answer = client.post("/act/", fields, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert answer.content.decode() == "Give the label a name."


def test_nobody_labels_anothers_mail(anna: User, client: Client) -> None:
    placement = labelled(make_user("bob"))
    client.force_login(anna)
    assert client.post("/act/", {"label": "Mine", "on": f"p{placement.pk}"}).status_code == 404


def test_the_list_with_files_holds_nothing_else(anna: User, client: Client) -> None:
    from mailsync.store.summary import refresh

    plain, filed = labelled(anna, subject="Just words"), labelled(anna, subject="The plan, attached")
    type(filed.message).objects.filter(pk=filed.message_id).update(attachment_count=1)
    refresh([(one.folder_id, one.thread_id) for one in (plain, filed)])
    client.force_login(anna)
    page = client.get(f"/f/{filed.folder_id}/?show=files").content.decode()
    assert "The plan, attached" in page
    assert "Just words" not in page
