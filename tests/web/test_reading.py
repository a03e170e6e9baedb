"""Reading: what is open, what becomes read by it, what stands around a body, and how many queries it takes."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts import preferences
from accounts.models import TrustedSender, User
from mailsync.models import Folder, Message, Placement, RawMessage, ThreadRow
from mailsync.store.conversation import MOST_MESSAGES
from mailsync.store.summary import refresh
from mailsync.store.threads import refresh_threads
from tests.factories import make_account, make_folder, make_message, make_user
from tests.store.big_folder import fill
from tests.store.test_listing_size import rows_touched
from tests.web.mail import html_message, store
from webmail.present.cards import MOST_OPEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna, address="anna@nordlicht.example"))


def url_of(placement: Placement) -> str:
    return f"/f/{placement.folder_id}/t/{placement.thread_id}/"


def cards(answer: Any) -> list[tuple[str, bool]]:
    """Each message on the page as (id, is it open)."""
    found = re.findall(r'<article class="msg( closed)?(?: unread)?" id="m(\d+)"', answer.content.decode())
    return [(pk, not closed) for closed, pk in found]


def test_unread_messages_and_the_newest_are_open(browser: Client, inbox: Folder) -> None:
    first = make_message(inbox, subject="Rota", seen=True)
    second = make_message(inbox, thread=first.thread, subject="Re: Rota")
    third = make_message(inbox, thread=first.thread, subject="Re: Rota", seen=True)
    last = make_message(inbox, thread=first.thread, subject="Re: Rota", seen=True)
    expected = [(first, False), (second, True), (third, False), (last, True)]
    page = browser.get(url_of(first))
    assert cards(page) == [(str(placement.message_id), is_open) for placement, is_open in expected]
    assert '<h1 tabindex="-1" id="subject" dir="auto">Rota</h1>' in page.content.decode()
    asked = browser.get(f"{url_of(first)}?open={third.message_id}")
    assert (str(third.message_id), True) in cards(asked)


def test_of_very_many_unread_the_oldest_are_open(browser: Client, inbox: Folder) -> None:
    first = make_message(inbox, subject="Rota", seen=True)
    for _ in range(MOST_OPEN + 3):
        make_message(inbox, thread=first.thread, subject="Re: Rota")
    page = browser.get(url_of(first))
    assert [is_open for _, is_open in cards(page)] == [False, *[True] * MOST_OPEN, False, False, True]
    assert page.content.decode().count('<article class="msg closed unread"') == 2
    assert Placement.objects.filter(thread=first.thread, seen=False).count() == 2
    # The next time they are.
    assert [is_open for _, is_open in cards(browser.get(url_of(first)))][-3:] == [True, True, True]


def test_opening_marks_what_is_open_as_read(browser: Client, inbox: Folder) -> None:
    placement = make_message(inbox)
    browser.get(url_of(placement))
    placement.refresh_from_db()
    inbox.refresh_from_db()
    assert placement.seen
    assert inbox.unread == 0


def test_the_page_of_what_was_unread_counts_the_same_above_its_list_as_in_the_column(
    browser: Client, inbox: Folder
) -> None:
    make_message(inbox)
    page = browser.get(url_of(make_message(inbox))).content.decode()
    assert page.count('<span class="badge" id="unreadbadge">1</span>') == 1
    assert 'data-unread="1"' in page


def test_fetching_ahead_of_a_click_marks_nothing(browser: Client, inbox: Folder, part: Any) -> None:
    placement = make_message(inbox)
    browser.get(url_of(placement), **part("main", **{"HX-Preloaded": "true"}))
    browser.get(url_of(placement), headers={"Sec-Purpose": "prefetch;prerender"})
    placement.refresh_from_db()
    assert not placement.seen


def test_a_reader_may_mark_as_read_by_hand(browser: Client, anna: User, inbox: Folder) -> None:
    preferences.save(anna, mark_read_seconds=None)
    placement = make_message(inbox)
    browser.get(url_of(placement))
    placement.refresh_from_db()
    assert not placement.seen


def test_the_pane_alone_and_the_whole_page_say_the_same(browser: Client, inbox: Folder, part: Any) -> None:
    placement = make_message(inbox, subject="Keys")
    page = browser.get(url_of(placement)).content.decode()
    pane = browser.get(url_of(placement), **part("main")).content.decode()
    assert page.startswith("<!doctype html>")
    assert "<html" not in pane
    assert 'data-view="read"' in page
    for said in (f'id="m{placement.message_id}"', f'data-row="t{inbox.pk}-{placement.thread_id}"', "Reply to Ada"):
        assert said in page
        assert said in pane
    assert re.search(rf'class="row current"[^>]*id="t{inbox.pk}-{placement.thread_id}"', page)


def test_a_conversation_opened_from_a_list_keeps_that_list_beside_it(browser: Client, inbox: Folder) -> None:
    placement = make_message(inbox, flagged=True, subject="Kept")
    make_message(inbox, subject="Other")
    page = browser.get(f"{url_of(placement)}?in=flagged").content.decode()
    assert "<h1>Flagged</h1>" in page
    assert ">Other</a>" not in page
    assert 'href="/flagged/" data-back' in page


def test_the_frame_runs_nothing(browser: Client, inbox: Folder) -> None:
    placement = make_message(inbox)
    page = browser.get(url_of(placement)).content.decode()
    frame = re.search(r"<iframe [^>]*>", page)
    assert frame
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in frame[0]
    assert f'src="/m/{placement.message_id}/body' in frame[0]
    assert 'title="Message from Ada"' in frame[0]


def test_recipients_open_to_full_addresses(browser: Client, inbox: Folder) -> None:
    people = {"to": [["Anna Berg", "anna@nordlicht.example"], ["", "club@x.test"]], "cc": [["Noor", "noor@x.test"]]}
    placement = make_message(inbox, recipients=people)
    page = browser.get(url_of(placement)).content.decode()
    assert "to you, club@x.test and Noor" in page
    assert "Noor &lt;noor@x.test&gt;" in page
    assert "Reply to everyone" in page


def test_copies_in_the_bin_show_only_in_the_bin(browser: Client, inbox: Folder) -> None:
    bin_ = make_folder(inbox.account, "Trash", role="trash")
    kept = make_message(inbox, seen=True)
    thrown = make_message(bin_, thread=kept.thread, seen=True)
    assert [pk for pk, _ in cards(browser.get(url_of(kept)))] == [str(kept.message_id)]
    both = [str(kept.message_id), str(thrown.message_id)]
    assert [pk for pk, _ in cards(browser.get(url_of(thrown)))] == both


def test_a_body_that_has_not_come_says_so(browser: Client, inbox: Folder) -> None:
    placement = make_message(inbox, preview="Dear Anna")
    placement.message.raw = None
    placement.message.save()
    page = browser.get(url_of(placement)).content.decode()
    assert f'data-waiting="{placement.message_id}"' in page
    assert "is being fetched" in page
    assert "<iframe" not in page


def test_one_message_by_itself_offers_its_conversation(browser: Client, inbox: Folder) -> None:
    first = make_message(inbox, seen=True)
    second = make_message(inbox, thread=first.thread)
    page = browser.get(f"/m/{first.message_id}/")
    assert [pk for pk, _ in cards(page)] == [str(first.message_id)]
    assert "Show the conversation with 1 more message" in page.content.decode()
    second.refresh_from_db()
    assert not second.seen


def test_a_draft_is_written_on_not_answered(browser: Client, inbox: Folder) -> None:
    drafts = make_folder(inbox.account, "Drafts", role="drafts")
    placement = make_message(drafts, draft=True)
    page = browser.get(url_of(placement)).content.decode()
    assert f"/compose/?edit={placement.message_id}" in page
    assert "Reply to" not in page


def test_a_folder_of_another_account_is_not_found(browser: Client, anna: User, inbox: Folder) -> None:
    other = make_folder(make_account(anna))
    placement = make_message(inbox)
    assert browser.get(f"/f/{other.pk}/t/{placement.thread_id}/").status_code == 404


def test_a_conversation_that_has_emptied_is_not_found(browser: Client, inbox: Folder) -> None:
    placement = make_message(inbox)
    Placement.objects.filter(pk=placement.pk).update(shown=False)
    assert browser.get(url_of(placement)).status_code == 404
    assert browser.get(f"/m/{placement.message_id}/").status_code == 404


def test_the_page_for_print_has_every_message_open_and_nothing_to_click(browser: Client, inbox: Folder) -> None:
    first = make_message(inbox, subject="Rota", seen=True)
    make_message(inbox, thread=first.thread, seen=True)
    page = browser.get(f"/m/{first.message_id}/print").content.decode()
    assert page.count("<iframe") == 2
    assert "<button" not in page
    assert browser.get(f"/m/{first.message_id}/print?alone").content.decode().count("<iframe") == 1


def test_without_scripts_a_letter_is_printed_by_itself(browser: Client, inbox: Folder, anna: User) -> None:
    sent = store(
        anna, html_message("<p onclick=x>Hello<img src=http://shop.test/a.png><img src=//shop.test/b.png>"), inbox
    )
    url = f"/m/{sent.pk}/letter"
    assert f'<noscript><a class="link" href="{url}"' in browser.get(f"/m/{sent.pk}/print").text
    alone = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
    response = browser.get(url, headers=alone)
    assert "ann@shop.test" in response.text
    assert "<p>Hello<img" in response.text
    assert "/imgproxy" not in response.text
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'none'" in policy
    assert "imgproxy" not in policy
    assert policy.endswith("sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox")
    TrustedSender.objects.create(user=anna, address="@shop.test")
    response = browser.get(url, headers=alone)
    assert response.text.count('src="/imgproxy') == 2
    assert "imgproxy" in response.headers["Content-Security-Policy"]
    assert browser.get(url, headers={**alone, "Sec-Fetch-Site": "cross-site"}).status_code == 403
    browser.force_login(make_user("eve"))
    assert browser.get(url, headers=alone).status_code == 404


def test_on_paper_letters_are_dark_on_white(browser: Client, inbox: Folder) -> None:
    sent = make_message(inbox, seen=True)
    page = browser.get(f"/m/{sent.message_id}/print").content.decode()
    assert f'src="/m/{sent.message_id}/body?theme=light"' in page
    assert "theme=light" not in browser.get(url_of(sent)).content.decode()


def test_on_paper_a_date_does_not_depend_on_the_day_it_is_printed(browser: Client, inbox: Folder) -> None:
    now = timezone.now()
    sent = make_message(inbox, seen=True, received_at=now)
    page = browser.get(f"/m/{sent.message_id}/print").content.decode()
    assert "Today" not in page
    told = timezone.localtime(now, ZoneInfo(inbox.account.user.timezone))
    assert f"{told.day} {told:%b %Y}, " in page


@pytest.mark.parametrize("older", [0, 12])
def test_a_conversation_takes_few_queries_however_long(
    older: int, browser: Client, inbox: Folder, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    last = make_message(inbox, seen=True)
    for _ in range(older):
        make_message(inbox, thread=last.thread, seen=True)
    browser.get(url_of(last))  # notes the session, which is done once a minute
    with django_assert_max_num_queries(21):
        browser.get(url_of(last))
    pane = {"HX-Request": "true", "HX-Target": "main", "Heron-Body": "1"}
    with django_assert_max_num_queries(2):  # who asks, and the conversation with all that is asked beside it
        browser.get(url_of(last), headers=pane)


def test_trackers_that_were_stopped_are_counted(browser: Client, anna: User) -> None:
    html = '<p>News<img src="https://a.test/1.gif" width=1 height=1><img src="https://b.test/2.gif" width=1 height=1>'
    message = store(anna, html_message(html))
    assert "2 trackers were stopped." in browser.get(f"/m/{message.pk}/").content.decode()
    assert "tracker" not in browser.get(f"/m/{store(anna, html_message('<p>News')).pk}/").content.decode()


@pytest.fixture
def long(inbox: Folder) -> list[int]:
    """The messages of a conversation that is longer than what is shown of one, oldest first."""
    folder = fill(inbox.account, "List", MOST_MESSAGES + 20)
    messages = Message.objects.filter(placements__folder=folder).order_by("received_at")
    ids = list(messages.values_list("pk", flat=True))
    thread = messages[0].thread
    messages.update(thread=thread)
    Placement.objects.filter(folder=folder).update(thread=thread, seen=False)
    ThreadRow.objects.filter(folder=folder).delete()
    refresh([(folder.pk, thread.pk)])
    refresh_threads([thread.pk])
    return ids


def test_a_message_is_read_that_is_older_than_what_is_shown_of_its_conversation(
    browser: Client, long: list[int]
) -> None:
    for pk in (long[0], long[-1]):
        page = browser.get(f"/m/{pk}/")
        assert cards(page) == [(str(pk), True)]
        assert f"with {MOST_MESSAGES + 19} more messages" in page.content.decode()
        for asked in ("", "?alone"):
            printed = browser.get(f"/m/{pk}/print{asked}").content.decode()
            assert printed.count("<article") == (MOST_MESSAGES if pk == long[-1] and not asked else 1)


def test_many_messages_that_are_open_are_told_of_together(
    browser: Client, long: list[int], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """How many senders there are decides how much is read, not how many messages of theirs."""
    for n, message in enumerate(Message.objects.filter(pk__in=long)):
        message.from_address = f"p{n % 20}@x.test"
        message.raw = RawMessage.objects.create(
            account_id=message.account_id, sha256=n.to_bytes(32, "big"), size_bytes=10, data=b"A: b\r\n\r\nHi"
        )
        message.parts = {"p": "1", "t": "text/plain", "o": [8, 10, 10]}
        message.save()
    browser.get("/settings/")  # notes the session, which is done once a minute
    with django_assert_max_num_queries(12):
        page, read = rows_touched(lambda: browser.get(f"/m/{long[-1]}/print"))
    assert page.content.decode().count("<iframe") == MOST_MESSAGES
    assert read <= 12 * len(long)
