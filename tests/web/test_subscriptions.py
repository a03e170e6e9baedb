"""The mailing lists that write to a reader: who, how often, how much of it is read, and a way out of each."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mailsync.models import Folder, Message, Placement, Unsubscription
from tests.factories import make_account, make_folder, make_user
from tests.web.mail import html_message, store
from tests.web.test_unsubscribe import ONE_CLICK

pytestmark = pytest.mark.django_db
HOME = "/settings/lists/"


@pytest.fixture
def anna(client: Client) -> User:
    user = make_user("anna")
    client.force_login(user)
    return user


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna, address="anna@club.test"), role="inbox")


def letter(folder: Folder, sender: str, *, days: float = 1, seen: bool = False, **headers: str) -> Message:
    offered = {"List_Unsubscribe": f"<https://{sender.partition('@')[2]}/leave>"}
    raw = html_message(f"<p>News of {days} days ago</p>", From=sender, **{**offered, **headers})
    message = store(folder.account.user, raw, folder)
    at = timezone.now() - timedelta(days=days)
    Message.objects.filter(pk=message.pk).update(received_at=at)
    Placement.objects.filter(message=message).update(received_at=at, seen=seen)
    return message


def lines(client: Client) -> list[str]:
    shown = client.get(HOME).text
    found = re.findall(r"<article.*?</article>", shown, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", one)).split()) for one in found]


def test_who_writes_most_comes_first_and_how_much_is_read_is_told(client: Client, inbox: Folder) -> None:
    letter(inbox, "Shop <News@shop.test>", seen=True)
    letter(inbox, "Shop <news@SHOP.test>", days=2)
    letter(inbox, "Shop <news@shop.test>", days=3)
    letter(inbox, "club@club.test", days=5)
    letter(inbox, "Ann <ann@people.test>", List_Unsubscribe="")
    first, second = lines(client)
    assert "3 messages, 1 opened" in first
    assert "1 message, none opened" in second
    assert second.startswith("C club@club.test ")


def test_a_list_that_several_people_write_to_is_one(client: Client, inbox: Folder) -> None:
    about = {"List_Id": "Rowing talk <rowing.talk.example>", "List_Unsubscribe": "<https://talk.example/leave>"}
    for days, sender in enumerate(("Ann <ann@people.test>", "Bob <bob@people.test>", "Ann <ann@people.test>"), 1):
        newest = letter(inbox, sender, days=4 - days, seen=days == 1, **about)
    letter(inbox, "Ann <ann@people.test>", days=9, List_Unsubscribe="<https://people.test/leave>")
    (line,) = (one for one in lines(client) if "Rowing talk" in one)
    assert "Rowing talk rowing.talk.example" in line
    assert "messages" in line
    page = client.get(HOME).content.decode()
    assert "q=list%3A%22rowing.talk.example%22" in page
    assert f"/settings/rules/add/?message={newest.pk}" in page
    Unsubscription.objects.create(
        user=inbox.account.user,
        list_key="rowing.talk.example",
        state="done",
        asked_at=timezone.now() - timedelta(days=3, hours=12),
        url="x",
    )
    (line,) = (one for one in lines(client) if "Rowing talk" in one)
    assert "1 message has come since. A rule can put them away." in line
    assert "Block" not in line


def test_what_came_long_ago_is_named_but_not_counted(client: Client, inbox: Folder) -> None:
    letter(inbox, "old@shop.test", days=400)
    ((line),) = lines(client)
    assert "message" not in line
    assert "last on" in line


def test_junk_the_bin_and_others_mailboxes_are_left_out(client: Client, anna: User, inbox: Folder) -> None:
    letter(make_folder(inbox.account, "Junk", role="junk"), "win@spam.test")
    letter(make_folder(inbox.account, "Bin", role="trash"), "gone@shop.test")
    letter(make_folder(make_account(make_user("bob"))), "bob@shop.test")
    gone = letter(inbox, "hidden@shop.test")
    Placement.objects.filter(message=gone).update(shown=False)
    assert lines(client) == []
    assert "No mailing list writes to you." in client.get(HOME).text


def test_each_account_has_its_own_line(client: Client, anna: User, inbox: Folder) -> None:
    letter(inbox, "news@shop.test")
    other = make_folder(make_account(anna, address="anna@work.test"), role="inbox")
    letter(other, "news@shop.test")
    assert {account for line in lines(client) for account in ("club.test", "work.test") if f"to anna@{account}" in line}
    assert len(lines(client)) == 2


def test_a_list_is_left_from_here(client: Client, inbox: Folder) -> None:
    message = letter(
        inbox, **{"sender": "News <news@shop.test>", **{k: v for k, v in ONE_CLICK.items() if k != "From"}}
    )
    shown = client.get(HOME).text
    assert f'action="/m/{message.pk}/unsubscribe"' in shown
    left = client.post(f"/m/{message.pk}/unsubscribe", {"next": HOME}, follow=True)
    assert left.redirect_chain == [(HOME, 302)]
    assert "is being told to remove you" in left.text
    assert "/unsubscribe" not in left.text


def test_a_list_without_a_quick_way_out_leads_to_its_page(client: Client, inbox: Folder) -> None:
    letter(inbox, "news@shop.test")
    shown = client.get(HOME).text
    assert re.search(r'href="https://shop.test/leave" target="_blank" rel="noopener noreferrer nofollow"', shown)


def left_on(user: User, days: int, **fields: object) -> Unsubscription:
    return Unsubscription.objects.create(
        user=user, list_key="news@shop.test", asked_at=timezone.now() - timedelta(days=days), **fields
    )


def test_a_list_that_goes_on_writing_is_held_against_it(client: Client, anna: User, inbox: Folder) -> None:
    letter(inbox, "news@shop.test", days=1)
    letter(inbox, "news@shop.test", days=9.5)  # within the time it takes to heed
    letter(inbox, "news@shop.test", days=30)
    left_on(anna, 10, state="done")
    (line,) = lines(client)
    assert "and 1 message has come since" in line
    letter(make_folder(inbox.account, "Junk", role="junk"), "news@shop.test", days=0.5)  # once blocked
    assert "and 1 message has come since" in lines(client)[0]
    assert "Block" in line


def test_one_that_has_been_left_is_told_and_not_left_again(client: Client, anna: User, inbox: Folder) -> None:
    letter(inbox, "news@shop.test", days=30)
    left_on(anna, 10, state="done")
    (line,) = lines(client)
    assert "You left this mailing list on" in line
    assert "Block" not in line
    assert "Unsubscribe" not in line


def test_what_could_not_be_left_may_be_tried_again(client: Client, anna: User, inbox: Folder) -> None:
    letter(inbox, "news@shop.test", List_Unsubscribe="<mailto:leave@shop.test>")
    left_on(anna, 1, state="failed", error="The server answered 500.")
    (line,) = lines(client)
    assert "could not be left. The server answered 500." in line
    assert "Try again" in line


def test_what_stands_here_of_a_sender_is_found(client: Client, inbox: Folder) -> None:
    letter(inbox, "news+a@shop.test")
    assert 'href="/search/?q=from%3Anews%2Ba%40shop.test+"' in client.get(HOME).text
