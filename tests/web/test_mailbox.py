"""The lists: folders, all inboxes, flagged, search; pages, parts, filters, and how many queries they take."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts import preferences
from accounts.models import MailAccount, User
from mailsync.models import AccountSync, Folder
from mailsync.store.by_message import tend_message_rows
from tests.factories import START, make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna, address="anna@nordlicht.example"))


def subjects(answer: Any) -> list[str]:
    links = re.findall(r'<a class="subj[^"]*"[^>]*>(.*?)</a>', answer.content.decode(), re.DOTALL)
    return [re.sub("<[^>]*>", "", link).strip() for link in links]


def test_the_buttons_of_rows_come_once_with_the_page(browser: Client, inbox: Folder, part: Any) -> None:
    make_message(inbox, subject="The keys")
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    kept = page[page.index('<template id="rowacts">') :].partition("</template>")[0]
    assert re.findall('value="([a-z]+)"', kept) == ["archive", "trash", "unflag", "flag", "read", "unread"]
    assert page.count('name="one"') == 6
    assert b'name="one"' not in browser.get(f"/f/{inbox.pk}/", **part("list")).content


def test_home_leads_to_the_only_inbox(browser: Client, inbox: Folder) -> None:
    assert browser.get("/").headers["Location"] == f"/f/{inbox.pk}/"


def test_home_of_two_accounts_is_all_inboxes(browser: Client, anna: User, inbox: Folder) -> None:
    make_folder(make_account(anna))
    assert browser.get("/").headers["Location"] == "/all/"


@pytest.mark.parametrize("page", ["home", "unified"])
def test_without_an_account_one_is_offered_to_connect(browser: Client, page: str) -> None:
    assert browser.get(reverse(page)).headers["Location"].endswith("/settings/accounts/add/")


def test_a_folder_is_a_whole_page_and_parts_of_it(browser: Client, inbox: Folder, part: Any) -> None:
    make_message(inbox, subject="The keys")
    page = browser.get(f"/f/{inbox.pk}/")
    assert page.content.startswith(b"<!doctype html>")
    assert subjects(page) == ["The keys"]
    pane = browser.get(f"/f/{inbox.pk}/", **part("list"))
    assert b"<html" not in pane.content
    assert b'id="listform"' in pane.content
    rows = browser.get(f"/f/{inbox.pk}/", **part("rows"))
    assert b'id="listform"' not in rows.content
    assert subjects(rows) == ["The keys"]
    for answer in (page, pane, rows):
        assert "HX-Target" in answer.headers["Vary"]
        assert "private" in answer.headers["Cache-Control"]


def test_a_row_says_all_that_it_shows_to_those_who_do_not_see(browser: Client, inbox: Folder) -> None:
    make_message(
        inbox,
        subject="",
        from_name="Priya Raman",
        flagged=True,
        answered=True,
        attachment_count=2,
        keywords=["Travel"],
        preview="The hall is ours",
    )
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    for said in ("Unread.", 'aria-label="Replied"', 'aria-label="Has attachment"', 'aria-label="Flagged"'):
        assert said in page
    assert "(no subject)" in page
    assert "The hall is ours" in page
    assert re.search(r'<span class="chip h\d+" dir="auto">Travel</span>', page)
    assert re.search(r'role="grid"[^>]*aria-multiselectable="true" aria-rowcount="1"', page)


def test_text_of_strangers_is_escaped(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="<script>alert(1)</script>", from_name='"><img src=x>', preview="<b>bold</b>")
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>bold</b>" not in page


def test_pages_follow_each_other_without_gap_or_repetition(browser: Client, inbox: Folder, part: Any) -> None:
    for number in range(7):
        make_message(inbox, subject=f"M{number}")
    seen: list[str] = []
    url = f"/f/{inbox.pk}/?limit=3"
    indexes: list[int] = []
    while url:
        rows = browser.get(url, **part("rows"))
        seen += subjects(rows)
        indexes += [int(index) for index in re.findall(rb'aria-rowindex="(\d+)"', rows.content)]
        more = re.search(r'data-more>.*?href="([^"]*)"', rows.content.decode())
        url = more[1].replace("&amp;", "&") + "&limit=3" if more and more[1] else ""
    assert seen == [f"M{number}" for number in range(6, -1, -1)]
    assert indexes == list(range(1, 8))


def test_a_mangled_cursor_shows_the_first_page(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Here")
    assert subjects(browser.get(f"/f/{inbox.pk}/?before=nonsense&start=x&limit=-1")) == ["Here"]


def test_filters(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Read", seen=True)
    make_message(inbox, subject="New")
    make_message(inbox, subject="Marked", seen=True, flagged=True)
    assert subjects(browser.get(f"/f/{inbox.pk}/?show=unread")) == ["New"]
    assert subjects(browser.get(f"/f/{inbox.pk}/?show=flagged")) == ["Marked"]
    assert browser.get(f"/f/{inbox.pk}/?show=everything").status_code == 404


def test_a_list_is_sorted_and_says_so_without_a_script(browser: Client, inbox: Folder) -> None:
    for subject, name, size in (("Beta", "Zoe", 10_000), ("Alpha", "Ann", 2_000_000), ("Gamma", "Mia", 300)):
        make_message(inbox, subject=subject, from_name=name, size_bytes=size)
    way = f"/f/{inbox.pk}/?sort="
    assert subjects(browser.get(f"{way}oldest")) == ["Beta", "Alpha", "Gamma"]
    assert subjects(browser.get(f"{way}sender")) == ["Alpha", "Gamma", "Beta"]
    assert subjects(browser.get(f"{way}subject")) == ["Alpha", "Beta", "Gamma"]
    largest = browser.get(f"{way}largest")
    assert subjects(largest) == ["Alpha", "Beta", "Gamma"]
    page = largest.content.decode()
    assert "2.0 MB" in page
    # No spans of time between what is not sorted by it, and the way to each order is a link.
    assert 'data-group="all"' in page
    assert re.findall(r'role="menuitemradio" aria-checked="true" href="([^"]*)"', page) == [f"{way}largest"]
    assert f'href="/f/{inbox.pk}/?sort=sender"' in page
    # A conversation opened from it stands beside the same list.
    assert re.search(r'<a class="subj"[^>]*href="/f/[^"]*/t/[^"]*\?sort=largest"', page)
    assert subjects(browser.get(f"{way}nonsense")) == ["Gamma", "Alpha", "Beta"]


def test_a_list_is_narrowed_and_in_an_order_of_its_own_together(browser: Client, inbox: Folder) -> None:
    for name in ("Zoe", "Ann", "Mia"):
        make_message(inbox, subject=name, from_name=name)
    make_message(inbox, subject="Read", from_name="Bob", seen=True)
    page = browser.get(f"/f/{inbox.pk}/?show=unread&sort=oldest").content.decode()
    assert f'href="/f/{inbox.pk}/?sort=sender&amp;show=unread"' in page
    assert f'href="/f/{inbox.pk}/?show=unread"' in page
    assert f'href="/f/{inbox.pk}/?sort=oldest&amp;show=flagged"' in page
    assert subjects(browser.get(f"/f/{inbox.pk}/?show=unread&sort=sender")) == ["Ann", "Mia", "Zoe"]


def test_to_me_with_and_without_conversations(browser: Client, anna: User, inbox: Folder) -> None:
    make_message(inbox, subject="Mine", recipients={"cc": [["Anna", "Anna@nordlicht.example"]]})
    make_message(inbox, subject="A list's")
    way = f"/f/{inbox.pk}/?show=to-me"
    assert subjects(browser.get(way)) == ["Mine"]
    assert "To me" in browser.get(f"/f/{inbox.pk}/").content.decode()
    preferences.save(anna, conversations=False)
    # Until the lines of single messages are there, what needs them is not offered, and an old address breaks nothing.
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert "show=to-me" not in page
    assert "sort=sender" not in page
    assert "sort=oldest" in page
    assert len(subjects(browser.get(f"{way}&sort=sender"))) == 2
    while tend_message_rows(anna.pk):
        pass
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert "show=to-me" in page
    assert "sort=sender" in page
    assert subjects(browser.get(way)) == ["Mine"]
    assert subjects(browser.get(f"{way}&sort=subject")) == ["Mine"]


def test_nothing_to_me_says_so(browser: Client, inbox: Folder) -> None:
    assert "Nothing here is to you" in browser.get(f"/f/{inbox.pk}/?show=to-me").content.decode()


def test_conversations_and_messages(browser: Client, anna: User, inbox: Folder) -> None:
    first = make_message(inbox, subject="Rota", seen=True)
    make_message(inbox, subject="Re: Rota", thread=first.thread)
    page = browser.get(f"/f/{inbox.pk}/")
    assert subjects(page) == ["Re: Rota"]
    assert f'id="t{inbox.pk}-{first.thread_id}"' in page.content.decode()
    preferences.save(anna, conversations=False)
    page = browser.get(f"/f/{inbox.pk}/")
    assert subjects(page) == ["Re: Rota", "Rota"]
    assert f'id="p{first.pk}"' in page.content.decode()


def test_all_inboxes_name_the_account(browser: Client, anna: User, inbox: Folder) -> None:
    MailAccount.objects.filter(pk=inbox.account_id).update(label="Work")
    other = make_folder(make_account(anna, label="Home"))
    make_message(inbox, subject="At work")
    make_message(other, subject="At home")
    page = browser.get("/all/")
    assert subjects(page) == ["At home", "At work"]
    assert ">Work</span>" in page.content.decode()
    assert "?in=all" in page.content.decode()


def test_flagged_looks_everywhere_but_in_the_bin(browser: Client, inbox: Folder) -> None:
    account = inbox.account
    make_message(inbox, subject="Keep", flagged=True)
    make_message(make_folder(account, "Archive", role="archive"), subject="Old", flagged=True)
    make_message(make_folder(account, "Trash", role="trash"), subject="Gone", flagged=True)
    make_message(inbox, subject="Plain")
    assert subjects(browser.get("/flagged/")) == ["Old", "Keep"]


def test_search_is_a_list_like_any_other(browser: Client, inbox: Folder) -> None:
    found = make_message(inbox, subject="Tide charts for Laboe")
    make_message(inbox, subject="Minutes")
    page = browser.get("/search/?q=laboe")
    assert subjects(page) == ["Tide charts for Laboe"]
    assert f"/m/{found.message_id}/?in=search&amp;q=laboe" in page.content.decode()
    assert "Nothing found for “whale”" in browser.get("/search/?q=whale").content.decode()
    assert browser.get("/search/").status_code == 200
    assert browser.get("/search/?q=%00%22%28").status_code == 200


def test_empty_lists_say_so(browser: Client, anna: User, inbox: Folder) -> None:
    assert "You are all caught up" in browser.get(f"/f/{inbox.pk}/").content.decode()
    assert "Nothing here is unread" in browser.get(f"/f/{inbox.pk}/?show=unread").content.decode()
    assert "Nothing is flagged" in browser.get("/flagged/").content.decode()
    folder = make_folder(inbox.account, "Receipts")
    assert "This folder is empty" in browser.get(f"/f/{folder.pk}/").content.decode()


def test_a_first_pull_shows_how_far_it_is(browser: Client, anna: User) -> None:
    inbox = make_folder(make_account(anna), header_cursor=900, exists_seen=41902, total=12480)
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert "12,480 of 41,902" in page
    assert '<progress class="bar big" max="41902" value="12480"' in page


def test_an_account_in_trouble_says_what_and_how_to_mend_it(browser: Client, inbox: Folder) -> None:
    reason = "The server refused the password. Enter the new one."
    MailAccount.objects.filter(pk=inbox.account_id).update(state="needs_user", state_reason=reason)
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert reason in page
    assert f'href="/settings/accounts/{inbox.account_id}/"' in page
    assert "anna@nordlicht.example is not connected." in page


def test_the_column_counts_and_points(browser: Client, inbox: Folder) -> None:
    drafts = make_folder(inbox.account, "Drafts", role="drafts")
    make_message(inbox)
    make_message(drafts, seen=True)
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    current = re.search(r"<a class=\"item has d0\"[^>]*aria-current=\"page\"[^>]*>.*?</a>", page, re.DOTALL)
    assert current
    assert 'class="cnt">1<' in current[0]
    waiting = re.search(rf'<a class="item d0"[^>]*data-folder="{drafts.pk}".*?</a>', page, re.DOTALL)
    assert waiting
    assert 'class="cnt">1<' in waiting[0]
    column = browser.get(f"/tree/?at={inbox.pk}").content.decode()
    assert "<html" not in column
    assert 'aria-current="page"' in column


@pytest.mark.parametrize("rows", [3, 60])
def test_a_list_takes_the_same_queries_however_long_it_is(
    rows: int, browser: Client, inbox: Folder, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(rows):
        make_message(inbox, received_at=START + timedelta(hours=number))
    # All is well with the account, so that there is nothing to say above the list.
    AccountSync.objects.filter(account=inbox.account).update(last_success_at=START)
    browser.get(f"/f/{inbox.pk}/")
    for target, most in (("", 12), ("list", 3), ("rows", 3)):
        with django_assert_max_num_queries(most):
            assert len(subjects(browser.get(f"/f/{inbox.pk}/", headers=part(target)))) == min(rows, 50)


def part(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target} if target else {}
