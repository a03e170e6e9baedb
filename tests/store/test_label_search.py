"""A search for a label reads what carries it, and finds what reading all mail would find."""

import random
from datetime import timedelta

import pytest

from accounts.models import User
from mailsync.models import Folder
from mailsync.store import search_walk
from mailsync.store.search import prepare_search
from tests.factories import START, make_account, make_folder, make_message, make_user, place
from tests.store.test_labels import large as large  # a fixture
from tests.store.test_listing_size import kept_plans as kept_plans  # a fixture
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("query", ["label:rare", "label:rare is:unread", "label:rare smaller:1M", "label:Often"])
def test_a_search_for_a_label_walks_what_carries_it(large: tuple[User, Folder], kept_plans: None, query: str) -> None:
    """Of 30,000 messages the oldest eighty are rare, and the newest 20,000 are not."""
    user, _folder = large
    page, read = rows_touched(lambda: prepare_search(user.pk, query).page(limit=10))
    assert len(page.rows) == 10
    assert read <= 1500
    then, read = rows_touched(lambda: prepare_search(user.pk, query).page(before=page.next, limit=10))
    assert read <= 1500
    keys = [(row.received_at, row.placement_id) for row in (*page.rows, *then.rows)]
    assert keys == sorted(keys, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        *("label:travel", "label:Travel_2026", 'label:"travel 2026"', "label:$travel_2026", "-label:travel"),
        *(
            "label:travel OR label:forwarded",
            "label:travel label:old",
            "label:forwarded",
            "label:$MDNSent",
            "label:old",
        ),
        *("label:travel is:unread", "label:travel before:2026-03-02", "label:travel in:work", "label:none"),
        *("label:travel in:anywhere", "label:travel is:flagged"),
    ],
)
def test_a_search_for_a_label_finds_what_reading_all_mail_finds(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    user = make_user()
    account = make_account(user)
    folders = [make_folder(account, path) for path in ("INBOX", "Work")] + [make_folder(account, "Bin", role="trash")]
    words = ["Travel", "travel_2026", "$Travel_2026", "$Forwarded", "$MDNSent", "Old", "$old"]
    for number in range(30):
        marks = {"seen": chance.random() < 0.5, "flagged": chance.random() < 0.3}
        at = START + timedelta(hours=number)
        one = make_message(folders[number % 3], received_at=at, keywords=chance.sample(words, 2), **marks)
        if number % 4 == 0:
            place(folders[(number + 1) % 3], one.message, keywords=chance.sample(words, 3), **marks)

    def found() -> list[int]:
        rows: list[int] = []
        before = None
        while True:
            page = prepare_search(user.pk, query).page(before=before, limit=4)
            rows += [row.message_id for row in page.rows]
            before = page.next
            if before is None:
                return rows

    by_lines = found()
    monkeypatch.setattr(search_walk, "_listed_as", lambda _part: ())
    assert by_lines == found()
    assert bool(by_lines) is (query != "label:none")
