"""Invitations answered at a click: a letter to the organizer, the choice kept, changes and cancellations understood."""

import email
import email.policy
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accounts.models import Identity, User
from mailsync.engine.deliver import Doors, deliver
from mailsync.message.parse import parse_message
from mailsync.models import EventAnswer, Folder, Message, Outgoing
from mailsync.store.events import record_events
from mailsync.store.raw import read_raw
from tests.engine.fake_sender import FakeSubmission
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder, make_user
from tests.web.mail import store
from tests.web.test_invitation import REQUEST

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(client: Client) -> User:
    user = make_user("bob")
    client.force_login(user)
    return user


@pytest.fixture
def inbox(bob: User) -> Folder:
    return make_folder(make_account(bob, address="bob@people.test"))


def event(folder: Folder, text: str = REQUEST, sender: str = "ann@shop.test") -> Message:
    method = text.partition("METHOD:")[2].partition("\n")[0]
    raw = (
        f"From: Ann <{sender}>\r\nTo: bob@people.test\r\nSubject: Lunch\r\nMessage-ID: <lunch@shop.test>\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n'
        f"Content-Type: text/plain\r\n\r\nLunch?\r\n--b\r\nContent-Type: text/calendar; method={method}\r\n\r\n"
        f"{text}\r\n--b--\r\n"
    ).encode()
    message = store(folder.account.user, raw, folder)
    record_events(folder.account_id, [(message.pk, read_raw(message), parse_message(raw))])
    return message


def page(client: Client, message: Message) -> str:
    return client.get(reverse("message", args=[message.pk])).content.decode()


def say(client: Client, message: Message, choice: str) -> None:
    assert client.post(reverse("answer", args=[message.pk]), {"choice": choice}).status_code == 302


def taken(outgoing: Outgoing) -> tuple[str, tuple[str, ...], bytes]:
    smtp = FakeSubmission()
    Outgoing.objects.filter(pk=outgoing.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    deliver(outgoing.pk, doors=Doors(smtp.open, FakeServer("Sent").connect, lambda: 0.0))
    (one,) = smtp.taken
    return one.mail_from, one.recipients, one.raw


def test_yes_goes_to_the_organizer_and_is_kept(client: Client, bob: User, inbox: Folder) -> None:
    message = event(inbox)
    assert "Accept" in page(client, message)
    assert not Outgoing.objects.exists()  # nothing leaves for looking
    say(client, message, "ACCEPTED")
    sender, recipients, raw = taken(Outgoing.objects.get())
    assert (sender, recipients) == ("bob@people.test", ("ann@shop.test",))
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    assert letter["Subject"] == "Accepted: Lunch"
    assert letter["In-Reply-To"] == f"<{message.message_id}>"
    text, calendar = letter.iter_parts()
    assert "Bob has accepted this invitation." in text.get_content()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar["Content-Type"].params["method"] == "REPLY"
    (answer,) = Calendar.from_ical(calendar.get_content()).walk("VEVENT")
    assert answer["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert "You accepted." in page(client, message)


def test_another_answer_takes_its_place(client: Client, bob: User, inbox: Folder) -> None:
    message = event(inbox)
    say(client, message, "ACCEPTED")
    say(client, message, "DECLINED")
    assert "You declined." in page(client, message)
    assert EventAnswer.objects.get(user=bob).choice == "DECLINED"
    assert Outgoing.objects.count() == 2


def test_a_change_asks_again_and_the_old_version_points_to_it(client: Client, bob: User, inbox: Folder) -> None:
    first = event(inbox)
    say(client, first, "ACCEPTED")
    second = event(inbox, REQUEST.replace("SEQUENCE:3", "SEQUENCE:4"))
    assert "has changed since you accepted" in page(client, second)
    old = page(client, first)
    assert "There is a newer version" in old
    assert reverse("message", args=[second.pk]) in old
    say(client, first, "DECLINED")  # from a page that was open
    assert EventAnswer.objects.get().choice == "ACCEPTED"
    say(client, second, "TENTATIVE")
    assert "You may come." in page(client, second)


def test_a_cancelled_event_is_not_answered(client: Client, bob: User, inbox: Folder) -> None:
    first = event(inbox)
    say(client, first, "ACCEPTED")
    cancelled = event(inbox, REQUEST.replace("METHOD:REQUEST", "METHOD:CANCEL"))
    assert "This event was cancelled. You had accepted." in page(client, cancelled)
    html = page(client, first)
    assert "Open the cancellation" in html
    assert "Decline" not in html
    say(client, first, "DECLINED")
    assert Outgoing.objects.count() == 1


def test_a_stranger_cannot_cancel_for_the_organizer(client: Client, bob: User, inbox: Folder) -> None:
    first = event(inbox)
    event(inbox, REQUEST.replace("METHOD:REQUEST", "METHOD:CANCEL").replace("ann@", "eve@"), sender="eve@evil.test")
    assert "cancelled" not in page(client, first)


def test_the_answer_comes_from_the_address_that_was_invited(client: Client, bob: User, inbox: Folder) -> None:
    Identity.objects.create(
        user=bob, account=inbox.account, name="Eve", address="eve@people.test", verified_at=timezone.now()
    )
    message = event(
        inbox, REQUEST.replace("ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@people.test\n", "")
    )
    say(client, message, "ACCEPTED")
    assert Outgoing.objects.get().mail_from == "eve@people.test"


def test_an_answer_that_came_is_told(client: Client, bob: User, inbox: Folder) -> None:
    reply = REQUEST.replace("METHOD:REQUEST", "METHOD:REPLY").replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=DECLINED")
    html = page(client, event(inbox, reply))
    assert "Bob has declined." in html
    assert 'value="ACCEPTED"' not in html


def test_ones_own_event_is_not_answered(client: Client, bob: User, inbox: Folder) -> None:
    message = event(inbox, REQUEST.replace("mailto:ann@shop.test", "mailto:bob@people.test"))
    assert 'value="ACCEPTED"' not in page(client, message)
    say(client, message, "ACCEPTED")
    assert not Outgoing.objects.exists()


def test_only_an_answer_is_taken_and_only_by_post(client: Client, bob: User, inbox: Folder) -> None:
    url = reverse("answer", args=[event(inbox).pk])
    assert client.post(url, {"choice": "PERHAPS"}).status_code == 404
    assert client.get(url).status_code == 405
    assert not Outgoing.objects.exists()


def test_a_strangers_invitation_is_not_there(client: Client, bob: User) -> None:
    theirs = event(make_folder(make_account(make_user("eve"), address="bob2@people.test")))
    assert client.post(reverse("answer", args=[theirs.pk]), {"choice": "ACCEPTED"}).status_code == 404
    assert not Outgoing.objects.exists()


def test_an_invitation_that_is_only_a_calendar_says_what_it_has_to(client: Client, bob: User, inbox: Folder) -> None:
    text = REQUEST.replace("SUMMARY", "DESCRIPTION:Bring <b>forks</b>\\nhttps://meet.test/1\nSUMMARY")
    head = "From: Ann <ann@shop.test>\nContent-Type: text/calendar; method=REQUEST\n\n"
    message = store(bob, f"{head}{text}".replace("\n", "\r\n").encode(), inbox)
    shown = client.get(f"/m/{message.pk}/body").content.decode()
    assert "Bring &lt;b&gt;forks&lt;/b&gt;" in shown
    assert 'href="https://meet.test/1"' in shown
    paper = client.get(f"/m/{message.pk}/print").content.decode()
    assert "Tuesday, 10 March 2026, 11:30 – 12:30 · every week, 5 times" in paper
    assert "Room 5" in paper
