"""A search over very many folders names those that it can meet, and finds the same."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailsync.models import Folder, MessageText, Placement
from mailsync.plan import search_steps
from mailsync.store import search_near
from mailsync.store.search import prepare_search
from mailsync.store.search_among import backtest
from mailsync.store.search_near import folders_near
from tests.factories import make_account, make_folder, make_message, place
from tests.store.big_folder import fill
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> list[Folder]:
    """Each message is newer than those of the folders before; the last folder is empty."""
    monkeypatch.setattr(search_near, "FEW", 3)
    account = make_account()
    made = [make_folder(account, f"Folder {number}") for number in range(13)]
    for number, folder in enumerate(made[:-1]):
        for _ in range(3):
            make_message(folder, subject="Rota" if number % 2 else "Minutes", seen=number != 1)
    # Old mail lies in the newest folder too, and new mail in the oldest.
    place(made[11], Placement.objects.filter(folder=made[0])[0].message, seen=True)
    make_message(made[0], subject="Rota", seen=True)
    assert MessageText.objects.count() == 37
    return made


def test_those_whose_newest_is_newest_are_met(folders: list[Folder]) -> None:
    ids = [folder.pk for folder in folders]
    assert folders_near(ids, "", {}, 3) == [ids[0], ids[11], ids[10]]
    assert len(folders_near(ids, "", {}, 100)) == 12
    assert folders_near(ids, " AND NOT p.seen", {}, 3) == [ids[1]]
    assert folders_near(ids, " AND p.flagged", {}, 3) == ids[:1]
    assert folders_near(ids[:3], "", {}, 1) == ids[:3], "few are taken as they are"
    newest = Placement.objects.filter(folder=folders[4]).latest("received_at").received_at
    assert folders_near(ids, " AND p.received_at <= %(at)s", {"at": newest}, 2) == [ids[4], ids[3]]


def test_of_each_folder_a_row_is_read(folders: list[Folder]) -> None:
    large = fill(folders[0].account, "Large", 3000, analyze=False)
    near, read = rows_touched(lambda: folders_near([one.pk for one in (*folders, large)], "", {}, 200))
    assert len(near) == 13
    assert read <= 100


@pytest.mark.parametrize(
    "query", ["rota ", "minutes ", "is:unread", "rota -minutes", "absent ", "in:anywhere", "from:ada"]
)
def test_the_same_is_found_page_after_page(folders: list[Folder], monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    def pages() -> list[int]:
        search, found, before = prepare_search(folders[0].account.user_id, query), [], None
        while True:
            page = search.page(before=before, limit=4)
            found += [row.message_id for row in page.rows]
            if page.next is None:
                return found
            before = page.next

    expected = list(dict.fromkeys(pages()))
    monkeypatch.setattr(search_steps, "FIRST", 5)
    monkeypatch.setattr(search_steps, "WALK", 10)
    with CaptureQueriesContext(connection) as queries:
        assert pages() == expected
    walks = [one["sql"] for one in queries.captured_queries if "WITH walked" in one["sql"]]
    assert walks
    assert all(sql.count("UNION ALL") < 12 for sql in walks)
    assert walks[0].count("UNION ALL") < 5
    monkeypatch.setattr(search_near, "FEW", 100)
    assert pages() == expected


def test_a_rule_is_tried_on_the_same(folders: list[Folder], monkeypatch: pytest.MonkeyPatch) -> None:
    search = prepare_search(folders[0].account.user_id, "rota ")
    tried = backtest(search, size=9, limit=5)
    monkeypatch.setattr(search_near, "FEW", 100)
    assert backtest(search, size=9, limit=5) == tried
    assert tried.looked_at == 9
