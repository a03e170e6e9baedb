"""Lines of lists that are not drawn again: only those that would look the same."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from mailsync import actions
from mailsync.models import Folder, Placement, ThreadRow
from tests.factories import make_account, make_folder, make_message
from tests.web.conftest import Part
from webmail.present import rows


@pytest.fixture
def inbox(anna: User) -> Folder:
    folder = make_folder(make_account(anna), "INBOX", role="inbox")
    for number in range(5):
        at = timezone.now() - timedelta(minutes=number, days=40)
        make_message(folder, f"Message-ID: <{number}@a.test>\r\n\r\n".encode(), subject=f"No. {number}", received_at=at)
    return folder


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    rows._drawn.cache_clear()


def drawn(browser: Client, folder: Folder, path: str = "") -> tuple[int, str]:
    """How many lines were drawn for a list, and the list."""
    before = rows._drawn.cache_info().misses
    page = browser.get(path or f"/f/{folder.pk}/", **Part("rows")).content.decode()
    assert page.count('class="row') == 5
    return rows._drawn.cache_info().misses - before, page


def test_a_list_that_has_not_changed_is_drawn_of_what_is_kept(browser: Client, inbox: Folder) -> None:
    first, page = drawn(browser, inbox)
    assert first == 5
    assert drawn(browser, inbox) == (0, page)


def test_what_has_changed_is_drawn_anew_and_nothing_else(browser: Client, anna: User, inbox: Folder) -> None:
    _count, before = drawn(browser, inbox)
    placement = Placement.objects.select_related("message").get(message__subject="No. 3")
    for act in (
        lambda: actions.mark_read(anna.pk, [placement.pk]),
        lambda: actions.flag(anna.pk, [placement.pk]),
        lambda: actions.set_keyword(anna.pk, [placement.pk], "Garden"),
        lambda: actions.mark_read(anna.pk, [placement.pk], read=False),
    ):
        act()
        count, after = drawn(browser, inbox)
        assert (count, after == before) == (1, False)
        before = after


def test_a_pinned_line_moves_the_others_and_says_so(browser: Client, anna: User, inbox: Folder) -> None:
    drawn(browser, inbox)
    placement = Placement.objects.get(message__subject="No. 4")
    actions.pin(anna.pk, [placement.pk])
    _count, page = drawn(browser, inbox)
    assert page.index("data-pinned") < page.index("No. 0")


@pytest.mark.parametrize("change", [{"language": "de"}, {"timezone": "Asia/Tokyo"}])
def test_another_language_and_another_clock_have_lines_of_their_own(
    browser: Client, anna: User, inbox: Folder, change: dict[str, str]
) -> None:
    _count, before = drawn(browser, inbox)
    User.objects.filter(pk=anna.pk).update(**change)
    count, after = drawn(browser, inbox)
    assert count == 5
    assert after != before


def test_the_next_day_tells_times_otherwise(browser: Client, inbox: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    ThreadRow.objects.update(newest_at=now)
    _count, before = drawn(browser, inbox)
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=1))
    count, after = drawn(browser, inbox)
    assert count == 5
    assert "Yesterday" in after
    assert "Yesterday" not in before


def test_without_conversations_the_lines_are_others(browser: Client, anna: User, inbox: Folder) -> None:
    _count, before = drawn(browser, inbox)
    preferences.save(anna, conversations=False)
    count, after = drawn(browser, inbox)
    assert count == 5
    assert after != before


def test_the_line_that_the_reading_pane_shows_is_marked(browser: Client, inbox: Folder) -> None:
    drawn(browser, inbox)
    thread = Placement.objects.get(message__subject="No. 2").thread_id
    page = browser.get(f"/f/{inbox.pk}/t/{thread}/").content.decode()
    assert page.count(' current"') == 1
    assert f' current" role="row" id="t{inbox.pk}-{thread}"' in page
    assert ' current"' not in drawn(browser, inbox)[1]


def test_what_a_search_found_is_drawn_with_its_words_each_time(browser: Client, inbox: Folder) -> None:
    for _ in range(2):
        count, page = drawn(browser, inbox, "/search/?q=no")
        assert count == 0
        assert page.count("<mark>") == 5


@pytest.mark.parametrize(
    ("subject", "preview", "shown"),
    [
        ("Your week in Kiel", "Your week in Kiel Mostly west", "Mostly west"),
        ("Your week in Kiel", "YOUR WEEK IN KIEL – Mostly west", "Mostly west"),
        ("Your week in Kiel", "Your week in Kielce begins", "Your week in Kielce begins"),
        ("Your week in Kiel", "Your week in Kiel…", "Your week in Kiel…"),
        ("Your week in Kiel", "Mostly west", "Mostly west"),
        # A greeting, not a title
        ("Hi Anna", "Hi Anna, are you there?", "Hi Anna, are you there?"),
        ("", "Mostly west", "Mostly west"),
    ],
)
def test_the_first_words_do_not_say_the_subject_again(subject: str, preview: str, shown: str) -> None:
    assert rows._beyond(subject, preview) == shown


def test_nor_do_they_in_a_list(browser: Client, anna: User) -> None:
    folder = make_folder(make_account(anna), "INBOX", role="inbox")
    make_message(folder, subject="Your week in Kiel", preview="Your week in Kiel Mostly west")
    assert ">Mostly west<" in browser.get(f"/f/{folder.pk}/", **Part("rows")).text
