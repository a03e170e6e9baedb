"""Snooze, mute and pin: what they do at once, what the scheduler does later, and how they are taken back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine import waking
from mailsync.models import Act, Folder, Placement, Snooze, Thread
from mailsync.store import muting, snoozing
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db

TOMORROW = timedelta(days=1)


@pytest.fixture(params=["imap", "pop3"])
def account(request: pytest.FixtureRequest) -> MailAccount:
    return make_account(protocol=request.param)


@pytest.fixture
def inbox(account: MailAccount) -> Folder:
    return make_folder(account, is_local=account.protocol == "pop3")


def subjects(folder: Folder) -> list[str]:
    folder.refresh_from_db()
    rows = folder.thread_rows.order_by("-newest_at", "-id")
    found = list(rows.values_list("newest__message__subject", flat=True))
    assert folder.total == folder.placements.filter(shown=True).count()
    return found


def due(account: MailAccount) -> None:
    Snooze.objects.filter(account=account).update(until=timezone.now() - timedelta(seconds=1))


def test_what_is_snoozed_comes_back_unread_and_on_top(account: MailAccount, inbox: Folder) -> None:
    old = make_message(inbox, subject="Old", seen=True)
    make_message(inbox, subject="New")
    result = actions.snooze(account.user_id, [old.pk], timezone.now() + TOMORROW)
    assert (result.count, result.label) == (1, "1 message snoozed")
    snoozed = Folder.objects.get(account=account, role="snoozed")
    assert (subjects(inbox), subjects(snoozed)) == (["New"], ["Old"])
    assert snoozing.due_accounts() == []
    due(account)
    assert snoozing.due_accounts() == [account.pk]
    waking.wake(account.pk)
    waking.wake(account.pk)
    assert (subjects(inbox), subjects(snoozed)) == (["Old", "New"], [])
    back = Placement.objects.get(folder=inbox, shown=True, message=old.message)
    assert not back.seen
    assert snoozing.due_accounts() == []
    assert Snooze.objects.get().woken_at is not None


def test_a_snooze_is_put_off_again_and_taken_back(account: MailAccount, inbox: Folder) -> None:
    mail = make_message(inbox, subject="Rota")
    first = actions.snooze(account.user_id, [mail.pk], timezone.now() + TOMORROW)
    snoozed = Folder.objects.get(account=account, role="snoozed")
    waiting = Placement.objects.get(folder=snoozed, shown=True)
    actions.snooze(account.user_id, [waiting.pk], timezone.now() + 2 * TOMORROW)
    snooze = Snooze.objects.get()
    assert snooze.source_id == inbox.pk
    assert snooze.until > timezone.now() + TOMORROW
    assert actions.undo(account.user_id, first.group)
    assert subjects(inbox) == ["Rota"]


def test_what_was_moved_out_by_hand_is_let_go(account: MailAccount, inbox: Folder) -> None:
    mail = make_message(inbox, subject="Rota")
    actions.snooze(account.user_id, [mail.pk], timezone.now() + TOMORROW)
    waiting = Placement.objects.get(folder__role="snoozed", shown=True)
    actions.archive(account.user_id, [waiting.pk])
    due(account)
    waking.wake(account.pk)
    assert subjects(inbox) == []
    assert subjects(Folder.objects.get(account=account, role="archive")) == ["Rota"]


def test_a_folder_in_which_mail_waits_is_not_deleted(account: MailAccount, inbox: Folder) -> None:
    rota = make_message(inbox, subject="Rota")
    actions.snooze(account.user_id, [rota.pk], timezone.now() + TOMORROW)
    place = Folder.objects.get(account=account, role="snoozed")
    # Another program has renamed it, and with its name its purpose went.
    Folder.objects.filter(pk=place.pk).update(name="Waiting", role="")
    with pytest.raises(actions.CannotDo, match="In “Waiting”, 1 snoozed message waits for its time"):
        actions.delete_folder(account.user_id, place.pk, mail_to_trash=True)
    assert subjects(place) == ["Rota"]
    due(account)
    waking.wake(account.pk)
    assert subjects(inbox) == ["Rota"]
    actions.delete_folder(account.user_id, place.pk, mail_to_trash=True)


def test_times_and_folders_that_make_no_sense_are_refused(account: MailAccount, inbox: Folder) -> None:
    mail = make_message(inbox)
    binned = make_message(make_folder(account, "Trash", role="trash"))
    with pytest.raises(actions.CannotDo, match="still to come"):
        actions.snooze(account.user_id, [mail.pk], timezone.now() - TOMORROW)
    with pytest.raises(actions.CannotDo, match="cannot be snoozed"):
        actions.snooze(account.user_id, [binned.pk], timezone.now() + TOMORROW)
    with pytest.raises(actions.NotYours):
        actions.snooze(make_user().pk, [mail.pk], timezone.now() + TOMORROW)
    assert not Snooze.objects.exists()


def test_a_muted_conversation_leaves_the_inbox_and_so_does_its_new_mail(account: MailAccount, inbox: Folder) -> None:
    mail = make_message(inbox, subject="Party")
    make_message(inbox, subject="Rota")
    result = actions.mute(account.user_id, [mail.pk])
    assert result.label == "Conversation muted"
    assert subjects(inbox) == ["Rota"]
    assert muting.file_muted(inbox) == []
    make_message(inbox, subject="Re: Party", thread=mail.thread)
    counts = muting.file_muted(inbox)
    assert {one.folder_id for one in counts} >= {inbox.pk}
    assert subjects(inbox) == ["Rota"]
    assert Folder.objects.get(account=account, role="archive").total == 2
    actions.mute(account.user_id, [Placement.objects.filter(thread=mail.thread, shown=True)[0].pk], False)
    make_message(inbox, subject="Re: Party", thread=mail.thread)
    assert muting.file_muted(inbox) == []
    assert subjects(inbox) == ["Re: Party", "Rota"]


def test_mute_and_pin_are_taken_back(account: MailAccount, inbox: Folder) -> None:
    mail = make_message(inbox, subject="Party")
    muted = actions.mute(account.user_id, [mail.pk])
    assert actions.undo(account.user_id, muted.group)
    assert subjects(inbox) == ["Party"]
    mail = Placement.objects.get(folder=inbox, shown=True)
    pinned = actions.pin(account.user_id, [mail.pk])
    assert Thread.objects.get(pk=mail.thread_id).pinned
    assert actions.pin(account.user_id, [mail.pk]).count == 0
    assert actions.undo(account.user_id, pinned.group)
    thread = Thread.objects.get(pk=mail.thread_id)
    assert not thread.pinned
    assert not thread.muted
    with pytest.raises(actions.NotYours):
        actions.undo(make_user().pk, pinned.group)


def test_split_and_merge_are_taken_back_and_stay_their_owner_s(account: MailAccount, inbox: Folder) -> None:
    first = make_message(inbox, subject="Party")
    answer = make_message(inbox, subject="Cake", thread=first.thread, references=[first.message.message_id])
    other = make_message(inbox, subject="Rota")
    user = account.user_id
    divided = actions.split(user, [answer.pk])
    assert (divided.count, divided.label) == (1, "1 message split off")
    assert subjects(inbox) == ["Rota", "Cake", "Party"]
    merged = actions.merge(user, [answer.pk, other.pk])
    assert (merged.count, merged.label) == (2, "2 conversations merged")
    assert subjects(inbox) == ["Rota", "Party"]
    for stranger in (
        lambda: actions.split(make_user().pk, [answer.pk]),
        lambda: actions.undo(make_user().pk, merged.group),
    ):
        with pytest.raises(actions.NotYours):
            stranger()
    assert actions.undo(user, merged.group)
    assert actions.undo(user, divided.group)
    assert subjects(inbox) == ["Rota", "Cake"]
    assert [act.verb for act in Act.objects.filter(user=user).order_by("pk")] == ["split", "merge"]


def test_what_cannot_be_split_or_merged_says_why(account: MailAccount, inbox: Folder) -> None:
    first = make_message(inbox, subject="Party")
    other = make_message(inbox, subject="Rota")
    elsewhere = make_message(make_folder(make_account(account.user)), subject="Work")
    user = account.user_id
    with pytest.raises(actions.CannotDo, match="nothing would be left"):
        actions.split(user, [first.pk])
    with pytest.raises(actions.CannotDo, match="of one conversation"):
        actions.split(user, [first.pk, other.pk])
    with pytest.raises(actions.CannotDo, match="two or more"):
        actions.merge(user, [first.pk])
    with pytest.raises(actions.CannotDo, match="different mailboxes"):
        actions.merge(user, [first.pk, elsewhere.pk])
    assert not Act.objects.exists()
