"""The best matches first: in stretches of the newest, on from any page, whatever a link has become."""

from datetime import UTC, datetime

import pytest

from mailsync.models import Placement
from mailsync.store.list_keys import Cursor
from mailsync.store.relevance import load_relevant
from mailsync.store.search import prepare_search
from tests.factories import make_folder, make_message

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("stretch", "limit"), [(1000, 3), (4, 3), (4, 4), (5, 10), (1, 1)])
def test_the_best_matches_go_on_without_a_gap(monkeypatch: pytest.MonkeyPatch, stretch: int, limit: int) -> None:
    monkeypatch.setattr("mailsync.store.relevance.WEIGHED", stretch)
    folder = make_folder()
    made = []
    for number in range(11):
        at = datetime(2026, 3, 1, number // 2, tzinfo=UTC)
        # Every third says it in the subject.
        subject = f"Tide {number}" if number % 3 == 0 else f"Other {number}"
        made.append(make_message(folder, subject=subject, preview="tide", received_at=at))
    newest_first = made[::-1]
    wanted = []
    for first in range(0, len(made), stretch):
        part = newest_first[first : first + stretch]
        wanted += sorted(part, key=lambda one: not one.message.subject.startswith("Tide"))
    search_made = prepare_search(folder.account.user_id, "tide ")
    seen, before = [], None
    for _ in range(30):
        page = load_relevant(search_made, before, limit)
        assert page.rows
        seen += [row.placement_id for row in page.rows]
        if page.next is None:
            break
        before = str(page.next)
    assert seen == [one.pk for one in wanted]


def test_what_comes_or_goes_between_two_pages_leaves_out_none_of_the_best() -> None:
    box = make_folder()
    made = [make_message(box, subject="Tide", received_at=datetime(2026, 3, 2, n, tzinfo=UTC)).pk for n in range(4)]
    search_made = prepare_search(box.account.user_id, "tide ")
    first = load_relevant(search_made, limit=2)
    Placement.objects.filter(pk=first.rows[0].placement_id).update(shown=False)
    make_message(box, subject="Tide", received_at=datetime(2026, 3, 3, tzinfo=UTC))
    second = load_relevant(search_made, first.next, limit=2)
    assert [row.placement_id for row in (*first.rows, *second.rows)] == made[::-1]


@pytest.mark.parametrize("key", ["no rank", "0.5", "0.5 x", "nan MS4x", "1e999 MS4x", "1e-310 MS4x", "1e-310 \0"])
def test_a_mangled_link_shows_the_best_matches_from_the_beginning_or_none(key: str) -> None:
    box = make_folder()
    make_message(box, subject="Lunch on Friday")
    for before in ("nonsense", str(Cursor(datetime(2026, 3, 4, tzinfo=UTC), 1, key))):
        page = load_relevant(prepare_search(box.account.user_id, "lunch "), before)
        assert [row.subject for row in page.rows] in (["Lunch on Friday"], [])
