"""Lists in another order than that of time, and those of what is to the person."""

import pytest

from accounts.models import Identity
from mailsync.message.subject import base_subject
from mailsync.models import Folder, Thread
from mailsync.store.listing import Cursor, ListRow, Sort, list_rows
from tests.factories import START, make_account, make_folder, make_message

pytestmark = pytest.mark.django_db

SORTED = {
    Sort.NEWEST: ["Banner", "apple", "Über", "Zebra", "Re: cherry", "(no) date"],
    Sort.OLDEST: ["(no) date", "Re: cherry", "Zebra", "Über", "apple", "Banner"],
    Sort.SENDER: ["apple", "Über", "(no) date", "Re: cherry", "Banner", "Zebra"],
    Sort.SUBJECT: ["apple", "Banner", "Re: cherry", "(no) date", "Über", "Zebra"],
    Sort.LARGEST: ["Re: cherry", "Banner", "apple", "Über", "Zebra", "(no) date"],
}
#: Subject, sender's address and name, size, and in which of two folders it lies; each newer than the one before.
MADE = [
    ("(no) date", "bob@example.test", "", 10, 1),
    ("Re: cherry", "x@example.test", "Émile", 9000, 0),
    ("Zebra", "x@example.test", "zoe", 20, 0),
    ("Über", "bob@example.test", "", 20, 1),
    ("apple", "ann@example.test", '"Ann"', 20, 0),
    ("Banner", "x@example.test", "emma", 500, 0),
]


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("sort", list(Sort), ids=str)
def test_a_list_is_sorted_over_its_pages_and_folders(sort: Sort, limit: int) -> None:
    account = make_account()
    inbox, other = make_folder(account), make_folder(account, "Other")
    for subject, address, name, size, at in MADE:
        folder = (inbox, other)[at]
        thread = Thread.objects.create(account=account, base_subject=base_subject(subject))
        make_message(folder, thread=thread, subject=subject, from_address=address, from_name=name, size_bytes=size)
    seen: list[str] = []
    before: str | None = None
    while True:
        page = list_rows([inbox.pk, other.pk], by_conversation=True, sort=sort, before=before, limit=limit)
        seen += [row.subject for row in page.rows]
        if page.next is None:
            break
        before = str(page.next)
    assert seen == SORTED[sort]
    # Again by the keys that an outline gives: what lies between two of them is the same, whatever else there is.
    middle = str(list_rows([inbox.pk, other.pk], by_conversation=True, sort=sort, limit=2).next)
    end = str(list_rows([inbox.pk, other.pk], by_conversation=True, sort=sort, limit=4).next)
    part = list_rows([inbox.pk, other.pk], by_conversation=True, sort=sort, before=middle, until=end)
    assert [row.subject for row in part.rows] == SORTED[sort][2:4]
    assert part.next is None


def test_what_was_sent_is_sorted_by_whom_it_went_to_and_a_conversation_weighs_all_it_has() -> None:
    sent = make_folder(path="Sent", role="sent")
    to = [{"to": [[name, f"{name}@example.test"]]} for name in ("carl", "Ada")]
    first = make_message(sent, recipients=to[0], size_bytes=100)
    make_message(sent, recipients=to[1], size_bytes=150)
    assert [row.participants[0].name for row in _sorted(sent, Sort.SENDER)] == ["Ada", "carl"]
    make_message(sent, thread=first.thread, recipients=to[0], size_bytes=60)
    assert [(row.participants[0].name, row.size_bytes) for row in _sorted(sent, Sort.LARGEST)] == [
        ("carl", 160),
        ("Ada", 150),
    ]


def _sorted(folder: Folder, sort: Sort) -> tuple[ListRow, ...]:
    return list_rows([folder.pk], by_conversation=True, sort=sort).rows


@pytest.mark.parametrize("text", ["", "not a cursor", str(Cursor(START, 1)), str(Cursor(START, 1, "x\x00y"))])
def test_a_mangled_place_in_a_sorted_list_breaks_nothing(text: str) -> None:
    folder = make_folder()
    make_message(folder)
    for sort in Sort:
        assert len(list_rows([folder.pk], by_conversation=True, sort=sort, before=text).rows) <= 1


def test_to_me_is_what_names_any_address_of_the_person_in_to_or_cc() -> None:
    account = make_account(address="Me@Example.test")
    Identity.objects.create(user=account.user, account=account, address="alias@example.test")
    other = make_account(user=account.user, address="old@example.test")
    folder = make_folder(account)
    made = {
        "to": {"to": [["Me", "me@example.test"]]},
        "cc": {"to": [["A list", "list@example.test"]], "cc": [["", "ALIAS@example.test"]]},
        "old": {"to": [["", other.address]]},
        "bcc": {"to": [["A list", "list@example.test"]], "bcc": [["Me", "me@example.test"]]},
        "list": {"to": [["A list", "list@example.test"]]},
        "nobody": {},
    }
    for subject, recipients in made.items():
        make_message(folder, subject=subject, recipients=recipients)
    rows = list_rows([folder.pk], by_conversation=True, to_me_only=True).rows
    assert [row.subject for row in rows] == ["old", "cc", "to"]
