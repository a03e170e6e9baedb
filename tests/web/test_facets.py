"""Facets of a search: loaded after the results, counted, and each a link that narrows to what it says."""

import html
import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import User
from mailsync.models import Folder
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db

LINK = re.compile(r'<a href="([^"]+)" title="([^"]+)" data-list><bdi>([^<]*)</bdi> <span class="count">([\d,]+)</span>')


@pytest.fixture
def inbox(anna: User) -> Folder:
    inbox = make_folder(make_account(anna))
    receipts = make_folder(inbox.account, "Receipts & more")
    for number in range(3):
        make_message(inbox, subject=f"Tide {number}", received_at=datetime(2026, 1, 1 + number, tzinfo=UTC))
    make_message(
        receipts,
        subject="Tide and ebb",
        received_at=datetime(2024, 5, 1, tzinfo=UTC),
        from_name="<b>Bob</b>",
        from_address="bob@example.test",
        attachment_count=1,
    )
    return inbox


def facets(browser: Client, query: str) -> dict[str, tuple[str, str, int]]:
    """By their words: address, label and count."""
    answer = browser.get(f"/search/facets/?q={query}", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    found = LINK.findall(answer.content.decode())
    return {html.unescape(words): (html.unescape(url), label, int(count)) for url, words, label, count in found}


@pytest.mark.parametrize(
    ("headers", "opened"),
    [({}, True), ({"HX-Request": "true", "HX-Target": "list"}, True), ({"HX-Request": "true"}, False)],
)
def test_facets_are_unfolded_for_whom_asks_for_them(
    browser: Client, inbox: Folder, headers: dict[str, str], opened: bool
) -> None:
    page = browser.get("/search/facets/?q=tid", headers=headers).content.decode()
    assert ('<details class="facets stool" name="tool" open>' in page) is opened


def test_facets_are_counted_and_each_leads_to_what_it_counts(browser: Client, inbox: Folder) -> None:
    found = facets(browser, "tid")
    assert {words: (label, count) for words, (_, label, count) in found.items()} == {
        "in:inbox": ("Inbox", 3),
        'in:"Receipts & more"': ("Receipts &amp; more", 1),
        "from:ada@example.test": ("Ada", 3),
        "from:bob@example.test": ("&lt;b&gt;Bob&lt;/b&gt;", 1),
        "received:2026": ("2026", 3),
        "received:2024": ("2024", 1),
        "has:attachment": ("With attachment", 1),
    }
    for words, (url, _, count) in found.items():
        narrowed = browser.get(url)
        assert narrowed.context["mistakes"] == [], words
        assert narrowed.content.decode().count("<mark>Tide</mark>") == count, words


def test_results_do_not_wait_for_them_and_without_a_script_they_are_one_step_away(
    browser: Client, inbox: Folder
) -> None:
    shown = browser.get("/search/?q=tide").content.decode()
    assert 'hx-get="/search/facets/?q=tide"' in shown
    assert "in:inbox" not in shown
    whole = browser.get("/search/facets/?q=tide").content.decode()
    assert 'title="in:inbox"' in whole
    assert "<mark>Tide</mark>" in whole


def test_what_all_results_share_is_no_facet(browser: Client, inbox: Folder) -> None:
    assert set(facets(browser, "tide+in:inbox")) == set()
    assert facets(browser, "absent") == facets(browser, "") == {}


def test_a_search_kept_to_a_folder_stays_there(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Tide", from_address="carol@example.test", from_name="Carol")
    url, _, count = facets(browser, f"tide&folder={inbox.pk}")["from:carol@example.test"]
    assert count == 1
    assert url.endswith(f"&folder={inbox.pk}")


def test_a_stranger_sees_nothing_of_it(inbox: Folder) -> None:
    stranger = Client()
    assert stranger.get("/search/facets/?q=tide").status_code == 302
    stranger.force_login(make_folder(make_account(make_user("bob"))).account.user)
    assert facets(stranger, "tide") == facets(stranger, f"tide&folder={inbox.pk}") == {}
