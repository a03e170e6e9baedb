"""Browsers told of what their person wanted to be reminded of, against the push service of the tests."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from mailsync import actions
from mailsync.engine import reminding, waking
from mailsync.engine.tell_device import tell_device
from mailsync.models import Device, Folder, FollowUp, Outgoing, Placement, Snooze
from mailsync.store import device_reminders, devices, follow_ups
from tests.engine.test_tell_device import arrive, look, service, subscribe, told
from tests.factories import make_account, make_folder, make_message
from tests.protocol.push_receiver import PushService

__all__ = ["service"]

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["imap", "pop3"])
def inbox(request: pytest.FixtureRequest) -> Folder:
    account = make_account(protocol=request.param)
    return make_folder(account, role="inbox", is_local=request.param == "pop3")


@pytest.fixture
def user(inbox: Folder) -> User:
    preferences.save(inbox.account.user, push_details=True)
    return inbox.account.user


def put_off(*placements: Placement) -> None:
    """Until now: they are due at once."""
    user_id = placements[0].account.user_id
    actions.snooze(user_id, [one.pk for one in placements], timezone.now() + timedelta(hours=1))
    Snooze.objects.update(until=timezone.now() - timedelta(seconds=1))


def come_back(folder: Folder) -> None:
    """The clock, and a second worker right behind the first."""
    waking.wake(folder.account_id)
    waking.wake(folder.account_id)


def wait(user: User, subject: str = "The hall", *, answered: bool = False) -> FollowUp:
    """A message that left four days ago, whose Sent copy is here and which is to be answered within three."""
    account = user.mail_accounts.get()
    draft = actions.start_draft(user.pk, to="Bo Ek <bo@work.test>", subject=subject, body="<p>Is it free?</p>")
    draft = actions.save_draft(user.pk, draft.pk, draft.version, remind_days=3)
    outgoing = actions.send(user.pk, draft.pk, hold_seconds=0)
    Outgoing.objects.filter(pk=outgoing.pk).update(state=Outgoing.State.DONE, finished_at=timezone.now())
    sent = Folder.objects.filter(account=account, role="sent").first() or make_folder(account, "Sent", role="sent")
    make_message(sent, subject=subject, message_id=outgoing.message_id, seen=True)
    FollowUp.objects.filter(outgoing=outgoing).update(due_at=timezone.now() - timedelta(seconds=1))
    return FollowUp.objects.get(outgoing=outgoing)


def test_what_comes_back_from_snooze_is_told_once_and_leads_to_its_conversation(
    service: PushService, inbox: Folder, user: User
) -> None:
    mail = make_message(inbox, subject="Rota", from_name="Bo")
    device, browser = subscribe(service, user)
    put_off(mail)
    come_back(inbox)
    look()
    look()
    (text,) = told(service, browser)
    assert (text["title"], text["body"]) == ("A message is back from snooze", "Bo: Rota")
    assert text["url"] == f"/f/{inbox.pk}/t/{mail.thread_id}/"
    device.refresh_from_db()
    assert (device.snooze_ids, device.due_at) == ([], None)
    assert device.told_at is not None


def test_without_consent_a_reminder_names_nobody(service: PushService, inbox: Folder, user: User) -> None:
    preferences.save(user, push_details=False)
    _device, browser = subscribe(service, user, language="de")
    put_off(make_message(inbox, subject="Secret", from_name="Bo"))
    come_back(inbox)
    wait(user, "Secret too")
    reminding.remind(user.pk)
    look()
    back, unanswered = told(service, browser)
    assert (back["title"], back["body"]) == ("Eine Nachricht ist aus der Wiedervorlage zurück", "")
    assert (unanswered["title"], unanswered["body"]) == ("Auf Ihre Nachricht hat niemand geantwortet", "")


def test_several_are_one_word_and_new_mail_another(service: PushService, inbox: Folder, user: User) -> None:
    _device, browser = subscribe(service, user)
    put_off(make_message(inbox, subject="Rota", from_name="Bo"), make_message(inbox, subject="Keys", from_name="Mia"))
    come_back(inbox)
    arrive(inbox, subject="Lunch", from_name="Ann")
    look()
    back, news = told(service, browser)
    assert back["title"] == "2 messages are back from snooze"
    assert back["url"] == f"/f/{inbox.pk}/"
    # What came back is not counted among what is new.
    assert (news["title"], news["body"]) == ("Ann", "Lunch")
    assert back["tag"] != news["tag"]


def test_what_is_read_deleted_muted_or_put_off_again_meanwhile_is_not_told(
    service: PushService, inbox: Folder, user: User
) -> None:
    read, deleted, muted, again, moved = (make_message(inbox, subject=f"Rota {n}") for n in range(5))
    device, _browser = subscribe(service, user)
    put_off(read, deleted, muted, again, moved)
    come_back(inbox)
    here = {one.message_id: one for one in inbox.placements.filter(shown=True)}
    actions.mark_read(user.pk, [here[read.message_id].pk])
    actions.trash(user.pk, [here[deleted.message_id].pk])
    type(muted.thread).objects.filter(pk=muted.thread_id).update(muted=True)
    actions.snooze(user.pk, [here[again.message_id].pk], timezone.now() + timedelta(hours=1))
    actions.snooze(user.pk, [here[moved.message_id].pk], timezone.now() + timedelta(hours=1))
    look()
    assert service.got == []
    device.refresh_from_db()
    assert (device.snooze_ids, device.due_at) == ([], None)


def test_what_has_left_its_snooze_by_itself_is_not_told(service: PushService, inbox: Folder, user: User) -> None:
    subscribe(service, user)
    put_off(make_message(inbox))
    Placement.objects.filter(folder__role="snoozed").update(folder=inbox)
    come_back(inbox)
    look()
    assert service.got == []


def test_what_nobody_has_answered_is_told_once_and_leads_to_its_conversation(
    service: PushService, inbox: Folder, user: User
) -> None:
    _device, browser = subscribe(service, user)
    row = wait(user)
    for _worker in range(2):
        reminding.remind(user.pk)
    look()
    look()
    (text,) = told(service, browser)
    assert (text["title"], text["body"]) == ("Nobody has answered your message", "“The hall” to bo@work.test")
    copy = Placement.objects.get(message__message_id=row.outgoing.message_id)
    assert text["url"] == f"/f/{copy.folder_id}/t/{copy.thread_id}/"


def test_several_without_an_answer_lead_to_their_page(service: PushService, inbox: Folder, user: User) -> None:
    _device, browser = subscribe(service, user)
    wait(user)
    wait(user, "The piano")
    reminding.remind(user.pk)
    look()
    (text,) = told(service, browser)
    assert (text["title"], text["url"]) == ("Nobody has answered 2 of your messages", "/waiting/")


def test_what_is_answered_before_the_word_leaves_is_not_told(service: PushService, inbox: Folder, user: User) -> None:
    device, _browser = subscribe(service, user)
    row = wait(user)
    reminding.remind(user.pk)
    follow_ups.wait_no_more(row.outgoing_id)
    look()
    assert service.got == []
    device.refresh_from_db()
    assert device.follow_up_ids == []


def test_who_wants_no_reminders_gets_none_and_new_mail_all_the_same(
    service: PushService, inbox: Folder, user: User
) -> None:
    preferences.save(user, push_reminders=False)
    device, browser = subscribe(service, user)
    put_off(make_message(inbox))
    come_back(inbox)
    wait(user)
    reminding.remind(user.pk)
    arrive(inbox, from_name="Ann")
    look()
    assert [text["title"] for text in told(service, browser)] == ["Ann"]
    device.refresh_from_db()
    assert (device.snooze_ids, device.follow_up_ids) == ([], [])


def test_reminders_come_where_only_contacts_are_told_of(service: PushService, inbox: Folder, user: User) -> None:
    preferences.save(user, push_about="rules")
    subscribe(service, user)
    put_off(make_message(inbox))
    come_back(inbox)
    arrive(inbox)
    look()
    assert len(service.got) == 1


def test_each_device_is_told_and_nobody_elses(service: PushService, inbox: Folder, user: User) -> None:
    subscribe(service, user)
    subscribe(service, user)
    subscribe(service, make_account().user)
    put_off(make_message(inbox))
    come_back(inbox)
    look()
    assert sorted(path for path, _headers, _content in service.got) == ["/0", "/1"]


def test_a_service_in_trouble_is_asked_again_and_what_it_took_is_not_said_twice(
    service: PushService, inbox: Folder, user: User
) -> None:
    device, browser = subscribe(service, user)
    put_off(make_message(inbox))
    come_back(inbox)
    arrive(inbox, from_name="Ann")
    service.answers = [503, 201, 503]
    for _ in range(3):
        look()
    titles = [text["title"] for text in told(service, browser)]
    back = "A message is back from snooze"
    assert titles == [back, back, "Ann", "Ann"]
    service.answers = [500] * 10
    wait(user)
    reminding.remind(user.pk)
    for _ in range(10):
        look()
    # Given up after four tries, and not taken up again by what comes later.
    assert len(service.got) == 4 + 4
    device.refresh_from_db()
    assert (device.follow_up_ids, device.due_at) == ([], None)


def test_what_comes_back_while_the_device_is_told_is_told_next(service: PushService, inbox: Folder, user: User) -> None:
    device, browser = subscribe(service, user)
    put_off(make_message(inbox, subject="Late", from_name="Bo"))
    arrive(inbox, from_name="Ann")
    Device.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    def send(*_what: Any) -> int:
        come_back(inbox)
        return 201

    tell_device(device.pk, send=send)
    device.refresh_from_db()
    assert device.due_at is not None
    look()
    assert [text["body"] for text in told(service, browser)] == ["Bo: Late"]


def test_a_device_that_signs_out_while_it_is_reminded_hears_no_more(
    service: PushService, inbox: Folder, user: User
) -> None:
    device, _browser = subscribe(service, user)
    put_off(make_message(inbox))
    come_back(inbox)
    arrive(inbox)
    Device.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    sent = []

    def send(*what: Any) -> int:
        sent.append(what)
        Device.objects.all().delete()
        return 201

    tell_device(device.pk, send=send)
    assert len(sent) == 1
    assert not Device.objects.exists()


def test_nothing_to_note_asks_the_database_nothing(user: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        device_reminders.note(user.pk, "snoozed", [])
    assert devices.due_devices() == []
