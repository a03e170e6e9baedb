"""Browsers told of new mail while no page is open, against a push service on loopback that decrypts what it got."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from mailsync.engine import rules
from mailsync.engine.tell_device import tell_device
from mailsync.message.push_text import public_key
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Act, Arrival, Device, Folder, Placement, RuleHit
from mailsync.protocol import egress
from mailsync.store import devices
from mailsync.store.arrivals import note_arrivals
from mailsync.store.contacts import keep_card
from mailsync.store.egress import set_switch, switches
from tests.engine.ruled import make_rule
from tests.factories import make_account, make_folder, make_message
from tests.protocol.push_receiver import PushService, Receiver, check_authorization, push_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    settings.HERON_ALLOW_PRIVATE_HOSTS = ["all"]
    settings.HERON_BASE_URL = "https://heron.example"
    with push_service() as running:
        yield running


@pytest.fixture
def inbox() -> Folder:
    return make_folder(role="inbox")


def session_of(user: User) -> str:
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session.save()
    return str(session.session_key)


def subscribe(service: PushService, user: User, **about: Any) -> tuple[Device, Receiver]:
    browser = Receiver()
    to = browser.subscription(f"{service.url}/{Device.objects.count()}")
    about = {"session_key": session_of(user), "user_agent": "", "language": "en", **about}
    return devices.record_device(user, to, **about), browser


def arrive(folder: Folder, **about: Any) -> Placement:
    """What the intake does once a message is stored."""
    about = {"received_at": timezone.now(), **about}
    placement = make_message(folder, **about)
    rules.settle(folder.account, folder, (), has_new=True)
    return placement


def look() -> None:
    """The clock some seconds later."""
    Device.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))
    for device_id in devices.due_devices():
        tell_device(device_id)


def told(service: PushService, browser: Receiver) -> list[dict[str, str]]:
    return [json.loads(browser.read(content)) for _path, _headers, content in service.got]


def test_several_messages_are_one_word_that_names_nobody(service: PushService, inbox: Folder) -> None:
    device, browser = subscribe(service, inbox.account.user)
    for number in range(3):
        arrive(inbox, subject=f"Secret {number}", from_name="Bob")
    assert devices.due_devices() == []  # It is gathered for some seconds.
    look()
    look()
    ((path, headers, content),) = service.got
    assert path == "/0"
    (text,) = told(service, browser)
    assert text == {"title": "3 new messages", "body": "", "url": f"/f/{inbox.pk}/", "tag": f"heron-{inbox.pk}"}
    assert (headers["Content-Encoding"], headers["TTL"]) == ("aes128gcm", "43200")
    assert b"Secret" not in content
    claims, _key = check_authorization(headers["Authorization"])
    assert (claims["aud"], claims["sub"]) == (service.url, "https://heron.example")
    device.refresh_from_db()
    assert device.told_at is not None
    assert device.due_at is None


def test_sender_and_subject_only_where_they_are_wanted(service: PushService, inbox: Folder) -> None:
    user = inbox.account.user
    preferences.save(user, push_details=True)
    _device, browser = subscribe(service, user, language="de")
    arrive(inbox, subject="Élan", from_name="Bob")
    look()
    arrive(inbox, subject="One", from_name="Ann")
    arrive(inbox, subject="Two" * 200, from_name="Mia")
    look()
    one, two = told(service, browser)
    assert (one["title"], one["body"]) == ("Bob", "Élan")
    assert (two["title"], two["body"][:9], len(two["body"])) == ("2 neue Nachrichten", "Mia: TwoT", 200)


def test_what_is_not_worth_a_word(service: PushService, inbox: Folder) -> None:
    user = inbox.account.user
    old = make_message(inbox, received_at=timezone.now())
    subscribe(service, user)
    account = inbox.account
    junk = make_folder(account, "Junk", role="junk")
    muted = arrive(inbox)
    muted.thread.muted = True
    muted.thread.save()
    arrive(inbox, seen=True)
    arrive(inbox, received_at=timezone.now() - timedelta(days=3))
    arrive(junk)
    moved = arrive(inbox)
    Placement.objects.filter(pk=moved.pk).update(folder=junk)
    arrive(make_folder(role="inbox"))  # Somebody else's.
    look()
    assert service.got == []
    assert not Placement.objects.get(pk=old.pk).seen
    assert not Device.objects.filter(due_at__isnull=False).exists()


def test_a_rule_is_waited_for(service: PushService, inbox: Folder) -> None:
    subscribe(service, inbox.account.user)
    placement = arrive(inbox)
    waiting = Arrival.objects.create(placement_id=placement.pk, account=inbox.account, ran=[], due_at=timezone.now())
    look()
    assert service.got == []
    waiting.delete()
    look()
    assert len(service.got) == 1


def come_in(folder: Folder, **about: Any) -> Placement:
    """As ``arrive``, and rules see it."""
    placement = make_message(folder, **{"received_at": timezone.now(), **about})
    note_arrivals(folder.pk, placement.epoch, [placement.uid])
    rules.settle(folder.account, folder, (), has_new=True)
    return placement


def test_a_rule_tells_of_what_it_files_elsewhere_and_of_nothing_twice(service: PushService, inbox: Folder) -> None:
    user = inbox.account.user
    preferences.save(user, push_details=True)
    work = make_folder(inbox.account, "Work")
    make_rule(user, "subject:rota", ("move", str(work.pk)), "tell", name="Rota")
    make_rule(user, "subject:minutes", ("move", str(work.pk)))
    _device, browser = subscribe(service, user)
    for subject in ("Rota of May", "Minutes"):
        come_in(inbox, subject=subject)
    look()
    look()
    come_in(inbox, subject="Lunch")
    look()
    (first, second) = told(service, browser)
    assert (first["body"], first["url"]) == ("Rota of May", f"/f/{work.pk}/")
    assert (second["body"], second["url"]) == ("Lunch", f"/f/{inbox.pk}/")


def test_what_stays_in_the_inbox_and_is_told_by_a_rule_counts_once(service: PushService, inbox: Folder) -> None:
    user = inbox.account.user
    make_rule(user, "subject:rota", "tell")
    _device, browser = subscribe(service, user)
    come_in(inbox, subject="Rota")
    come_in(inbox, subject="Lunch")
    look()
    look()
    (text,) = told(service, browser)
    assert text["title"] == "2 new messages"
    # It has changed nothing: there is nothing to take back, and the message says why it was told of.
    assert not Act.objects.exists()
    assert RuleHit.objects.get().tells


@pytest.mark.parametrize(
    ("about", "expected"), [("all", ["Bob", "Known", "Shop"]), ("known", ["Known", "Shop"]), ("rules", ["Shop"])]
)
def test_a_person_chooses_what_is_told_beside_rules(
    service: PushService, inbox: Folder, about: str, expected: list[str]
) -> None:
    user = inbox.account.user
    preferences.save(user, push_details=True, push_about=about)
    keep_card(user.pk, VCard("Known", addresses=(Labelled("Known@example.org"),)))
    make_rule(user, "from:shop", "tell")
    _device, browser = subscribe(service, user)
    for name, address in (("Bob", "bob@example.org"), ("Known", "known@Example.org"), ("Shop", "shop@example.org")):
        come_in(inbox, from_name=name, from_address=address)
        look()
    assert [text["title"] for text in told(service, browser)] == expected
    # What was passed over is not made up for.
    preferences.save(user, push_about="all")
    come_in(inbox, from_name="Eve", from_address="eve@example.org")
    look()
    assert [text["title"] for text in told(service, browser)] == [*expected, "Eve"]


def test_a_contact_is_not_lost_in_a_burst_of_others(service: PushService, inbox: Folder) -> None:
    user = inbox.account.user
    preferences.save(user, push_details=True, push_about="known")
    keep_card(user.pk, VCard("Known", addresses=(Labelled("known@example.org"),)))
    _device, browser = subscribe(service, user)
    arrive(inbox, from_name="Known", from_address="known@example.org")
    for number in range(devices.MOST_COUNTED + 1):
        make_message(inbox, received_at=timezone.now(), from_address=f"{number}@example.org")
    look()
    look()
    assert [text["title"] for text in told(service, browser)] == ["Known"]


def test_a_rule_does_not_tell_of_what_is_read_deleted_muted_or_old(service: PushService, inbox: Folder) -> None:
    user = inbox.account.user
    preferences.save(user, push_about="rules")
    make_rule(user, "subject:rota", "tell")
    subscribe(service, user)
    bin_ = make_folder(inbox.account, "Trash", role="trash")
    read, deleted, muted = (come_in(inbox, subject=f"Rota {n}") for n in range(3))
    come_in(inbox, subject="Rota of old", received_at=timezone.now() - timedelta(days=3))
    Placement.objects.filter(pk=read.pk).update(seen=True)
    Placement.objects.filter(pk=deleted.pk).update(folder=bin_)
    type(muted.thread).objects.filter(pk=muted.thread_id).update(muted=True)
    assert RuleHit.objects.filter(tells=True).count() == 4
    look()
    assert service.got == []


def test_a_device_may_sign_out_while_it_is_told(service: PushService, inbox: Folder) -> None:
    device, _browser = subscribe(service, inbox.account.user)
    arrive(inbox)
    Device.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    def send(*_what: object) -> int:
        Device.objects.all().delete()
        return 201

    tell_device(device.pk, send=send)
    assert not Device.objects.exists()


def test_what_a_rule_tells_of_is_not_lost_in_a_flood(
    service: PushService, inbox: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = inbox.account.user
    preferences.save(user, push_details=True, push_about="rules")
    make_rule(user, "subject:rota", "tell")
    monkeypatch.setattr(devices, "MOST_COUNTED", 2)
    second = make_folder(make_account(user), role="inbox")
    _device, browser = subscribe(service, user)
    come_in(inbox, subject="Rota")
    for folder in (inbox, inbox, inbox, second, second, second):
        come_in(folder, subject="Lunch", received_at=timezone.now() + timedelta(minutes=1))
    look()
    assert [text["body"] for text in told(service, browser)] == ["Rota"]


@pytest.mark.parametrize("status", [404, 410, 403])
def test_a_subscription_that_has_ended_is_forgotten(service: PushService, inbox: Folder, status: int) -> None:
    subscribe(service, inbox.account.user)
    service.answers = [status]
    arrive(inbox)
    look()
    assert not Device.objects.exists()


def test_a_service_in_trouble_is_asked_again_and_given_up(service: PushService, inbox: Folder) -> None:
    device, browser = subscribe(service, inbox.account.user)
    service.answers = [503, 429]
    arrive(inbox)
    for _ in range(3):
        look()
    assert len(service.got) == 3
    service.answers = [500] * 10
    arrive(inbox)
    for _ in range(10):
        look()
    assert len(service.got) == 3 + 4
    service.answers = []
    arrive(inbox)
    look()
    # What was given up is no news any more.
    assert told(service, browser)[-1]["title"] == "1 new message"
    assert Device.objects.filter(pk=device.pk).exists()


def test_it_ends_with_its_session(service: PushService, inbox: Folder) -> None:
    user = inbox.account.user
    device, _browser = subscribe(service, user)
    subscribe(service, user)
    assert len(devices.load_devices(user.pk)) == 2
    Session.objects.filter(session_key=device.session_key).delete()
    assert [one.pk for one in devices.load_devices(user.pk)] != [device.pk]
    arrive(inbox)
    look()
    assert [path for path, _headers, _content in service.got] == ["/1"]
    assert not Device.objects.filter(pk=device.pk).exists()
    User.objects.filter(pk=user.pk).update(is_active=False)
    arrive(inbox)
    look()
    assert len(service.got) == 1
    assert not Device.objects.exists()


def test_the_administrator_shuts_it(service: PushService, inbox: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "guard", switches.check)
    subscribe(service, inbox.account.user)
    set_switch("push", True)
    arrive(inbox)
    look()
    assert service.got == []
    set_switch("push", False)
    look()
    assert len(service.got) == 1


def test_the_key_is_the_operators_or_kept(service: PushService, inbox: Folder, settings: Any) -> None:
    subscribe(service, inbox.account.user)
    keys = []
    for given in ("", "", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"):
        settings.HERON_PUSH_KEY = given
        arrive(inbox)
        look()
        keys.append(check_authorization(service.got[-1][1]["Authorization"])[1])
    assert keys[0] == keys[1]
    assert keys[2] == public_key(bytes(range(32)))


def test_two_workers_tell_once(service: PushService, inbox: Folder) -> None:
    device, _browser = subscribe(service, inbox.account.user)
    arrive(inbox)
    Device.objects.update(due_at=timezone.now())
    tell_device(device.pk)
    tell_device(device.pk)
    assert len(service.got) == 1


def test_old_devices_give_way(service: PushService, inbox: Folder) -> None:
    first, _browser = subscribe(service, inbox.account.user)
    for number in range(devices.MOST_DEVICES):
        to = Receiver().subscription(f"{service.url}/more/{number}")
        devices.record_device(inbox.account.user, to, session_key="x", user_agent="", language="en")
    assert Device.objects.count() == devices.MOST_DEVICES
    assert not Device.objects.filter(pk=first.pk).exists()
