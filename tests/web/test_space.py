"""What takes the space: every heap counts each message once, and leads to the list of just these messages."""

import html
import re
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailsync.models import Folder, Message
from mailsync.store import space
from mailsync.store.audit import recount_sums
from mailsync.store.space import find_space, load_space
from tests.factories import make_account, make_folder, make_message, make_user, place
from tests.store.big_folder import fill
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    cache.clear()
    return make_folder(make_account(anna))


def sized(folder: Folder, size: int, sender: str = "ann@shop.test", year: int = 2024, **fields: object) -> Message:
    at = datetime(year, 5, 1, tzinfo=UTC)
    return make_message(folder, size_bytes=size, from_address=sender, received_at=at, **fields).message


def test_each_message_counts_once_and_nobody_elses(inbox: Folder, anna: User) -> None:
    archive = make_folder(inbox.account, "Archive", role="archive")
    large = sized(inbox, 5000)
    place(archive, large)
    sized(archive, 700, "Bob@Club.test", 2025)
    sized(archive, 300, "bob@club.test", 2025)
    sized(inbox, 9_000_000, shown=False)
    Message.objects.filter(pk=sized(inbox, 8_000_000).pk).update(raw=None)
    sized(make_folder(make_account()), 7_000_000)
    found = load_space(anna.pk)
    assert [(one.name, one.count, one.size_bytes) for one in found.senders] == [
        ("ann@shop.test", 1, 5000),
        ("bob@club.test", 2, 1000),
    ]
    assert [(one.name, one.size_bytes) for one in found.years] == [("2025", 1000), ("2024", 5000)]
    assert [(pk, one.count, one.size_bytes) for pk, one in found.folders] == [
        (archive.pk, 3, 6000),
        (inbox.pk, 1, 5000),
    ]
    assert [one.size_bytes for one in found.largest] == [5000, 700, 300]


def test_the_lines_lead_to_lists_of_just_these(browser: Client, inbox: Folder) -> None:
    for number in range(3):
        sized(inbox, 1000 + number, subject=f"Offer {number}")
    sized(inbox, 10, "eve@else.test", 2020, subject="Hello")
    page = browser.get(reverse("settings_space")).content.decode()
    links = {html.unescape(link) for link in re.findall(r'class="name" href="([^"]+)"', page)}
    searches = sorted(link for link in links if link.startswith("/search/"))
    assert len(searches) == 4
    for link in searches:
        rows = browser.get(link).content.decode()
        is_shop = "shop.test" in link or "2024" in link
        assert ("Offer 1" in rows, "Hello" in rows) == (is_shop, not is_shop)
    assert f"/f/{inbox.pk}/?sort=largest" in links


def test_it_is_counted_once_in_ten_minutes(inbox: Folder, anna: User, django_assert_num_queries: object) -> None:
    sized(inbox, 10)
    load_space(anna.pk)
    with django_assert_num_queries(0):  # type: ignore[operator]
        load_space(anna.pk)


def test_with_much_mail_the_page_is_there_before_it_is_counted(
    browser: Client, inbox: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = reverse("settings_space")
    sized(inbox, 10, subject="Large")
    monkeypatch.setattr(space, "COUNTED_AT_ONCE", 0)
    page = browser.get(url).content.decode()
    assert "Large" not in page
    assert page.count(f'hx-get="{url}?count=1"') == 1
    assert f'<noscript><a class="btn" href="{url}?count=1"' in page
    part = browser.get(url, {"count": 1}, headers={"HX-Request": "true"}).content.decode()
    assert "Large" in part
    assert "<h1" not in part
    assert re.search(r"Counted: .*\d\d:\d\d", part)
    # Counted, it is there at once.
    assert "Large" in browser.get(url).content.decode()
    cache.clear()
    assert "Large" in browser.get(url, {"count": 1}).content.decode()


def test_of_much_mail_nothing_is_read_for_the_page(anna: User) -> None:
    cache.clear()
    fill(make_account(anna), "INBOX", space.COUNTED_AT_ONCE + 1)
    list(recount_sums())
    found, read = rows_touched(lambda: find_space(anna.pk))
    assert found is None
    assert 1 <= read <= 20


def test_of_neighbours_with_much_mail_nothing_is_read(inbox: Folder, anna: User) -> None:
    fill(make_account(), "INBOX", 20_000)
    for number in range(100):
        sized(inbox, number)
    for _ in range(2):
        cache.clear()
        found, read = rows_touched(lambda: load_space(anna.pk))
        assert sum(heap.count for heap in found.senders) == 100
        # Each with its placement, and the largest once more.
        assert read <= 300
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE mailsync_message, mailsync_placement")


def test_an_empty_mailbox_and_a_stranger_see_nothing(browser: Client, inbox: Folder) -> None:
    assert "No mail is kept here yet." in browser.get(reverse("settings_space")).content.decode()
    sized(inbox, 10, subject="Secret")
    stranger = Client()
    stranger.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Secret" not in stranger.get(reverse("settings_space")).content.decode()
