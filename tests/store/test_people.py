"""Whom to offer: those one writes to before those who write, near before long ago, machines and lists never."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsync.message.vcard import Labelled, VCard
from mailsync.store.contacts import keep_card
from mailsync.store.people import KnownPerson, load_people, match_people
from tests.factories import make_account, make_folder, make_message, make_user
from webmail.people import offered_people

pytestmark = pytest.mark.django_db


def test_ranked_by_use_and_by_time() -> None:
    user = make_user()
    account = make_account(user)
    inbox, sent = make_folder(account), make_folder(account, "Sent", role="sent")
    now = timezone.now()
    make_message(inbox, from_name="Old Friend", from_address="old@x.test", received_at=now - timedelta(days=300))
    make_message(inbox, from_name="New Friend", from_address="new@x.test", received_at=now)
    make_message(sent, recipients={"to": [["", "Bo@x.test"]], "cc": [["Cy", "cy@x.test"]]}, received_at=now)
    make_message(inbox, from_name="Bo Day", from_address="bo@x.test", received_at=now)
    make_message(inbox, from_name="Shop", from_address="no-reply@shop.test", received_at=now)
    make_message(inbox, from_name="List", from_address="news@x.test", facts={"list_id": "n"}, received_at=now)
    found = load_people(user.pk)
    assert [one.address.lower() for one in found] == ["bo@x.test", "cy@x.test", "new@x.test", "old@x.test"]
    assert found[0].name == "Bo Day"


def test_nobody_elses_people() -> None:
    make_message(make_folder(make_account(make_user())))
    assert load_people(make_user().pk) == []


def test_it_reads_a_bounded_number_of_rows(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    monkeypatch.setattr("mailsync.store.people.RECEIVED_ROWS", 3)
    user = make_user()
    inbox = make_folder(make_account(user))
    for number in range(6):
        make_message(inbox, from_address=f"p{number}@x.test")
    with django_assert_num_queries(3):
        assert len(load_people(user.pk)) == 3


def test_many_accounts_share_what_is_read(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    monkeypatch.setattr("mailsync.store.people.RECEIVED_ROWS", 8)
    monkeypatch.setattr("mailsync.store.people._LEAST_ROWS", 2)
    user = make_user()
    for account in range(20):
        inbox = make_folder(make_account(user))
        for number in range(4):
            make_message(inbox, from_address=f"p{account}-{number}@x.test")
    with django_assert_num_queries(3):
        found = load_people(user.pk)
    assert {one.address for one in found} == {
        f"p{account}-{number}@x.test" for account in range(20) for number in (2, 3)
    }


def test_a_book_longer_than_what_is_kept_of_it_is_searched_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("mailsync.store.people", "webmail.people"):
        monkeypatch.setattr(f"{module}.CONTACTS", 2)
    user = make_user()
    keep_card(make_user().pk, VCard(name="Anna Stranger", addresses=(Labelled("anna@stranger.test"),)))
    for name, address in (
        ("Anna Berg", "anna@a.test"),
        ("Bo", "bo@a.test"),
        ("Anna Lund", "x@b.test"),
        ("Hanna", "h@b.test"),
    ):
        keep_card(user.pk, VCard(name=name, addresses=(Labelled(address),)))
    assert [one.name for one in offered_people(user.pk, "anna")] == ["Anna Berg", "Anna Lund"]
    assert [one.name for one in offered_people(user.pk, "Lund ann")] == ["Anna Lund"]
    assert [one.name for one in offered_people(user.pk, "ann", limit=1)] == ["Anna Berg"]
    assert offered_people(user.pk, "zoe") == []
    assert len(offered_people(user.pk, "")) == 2


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("an", True), ("BERG", True), ("berg ann", True), ("anna.berg@n", True), ("anna@n", False), ("nordlicht", True),
        ("lena", False),
        ("marie", True), ('"Anna', True), ("anna x", False), ("nna", False),
    ],
)  # fmt: skip
def test_what_matches(typed: str, found: bool) -> None:
    anna = KnownPerson("Anna-Marie Berg", "anna.berg@nordlicht.example", 1.0)
    assert (match_people([anna], typed) == [anna]) is found
