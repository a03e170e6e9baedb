"""Snoozed and muted mail on a real Dovecot: other programs see it where it is, and it comes back by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.engine.pull import pull_account
from mailsync.engine.push import push_changes
from mailsync.engine.waking import wake
from mailsync.models import Change, Folder, Placement, Snooze
from tests.engine.boxes import dovecot_account, shown
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]


def push(account_id: int) -> None:
    """All that waits, without its hold."""
    Change.objects.update(hold_until=None)
    push_changes(account_id)


def test_snoozed_mail_moves_on_the_server_and_comes_back_unread(mailbox: Mailbox) -> None:
    for subject in ("Rota", "Minutes"):
        mailbox.append(raw_message(subject), flags="\\Seen")
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    rota = Placement.objects.get(message__subject="Rota")
    actions.snooze(account.user_id, [rota.pk], timezone.now() + timedelta(days=1))
    push(account.pk)
    push(account.pk)
    pull_account(account.pk)
    assert shown(account, "Snoozed") == ["Rota"]
    assert len(mailbox.raws("Snoozed")) == 1
    assert Folder.objects.get(account=account, path="Snoozed").role == "snoozed"
    Snooze.objects.update(until=timezone.now() - timedelta(seconds=1))
    wake(account.pk)
    push(account.pk)
    pull_account(account.pk)
    assert sorted(shown(account)) == ["Minutes", "Rota"]
    assert len(mailbox.raws()) == 2
    assert mailbox.raws("Snoozed") == []
    inbox = Folder.objects.get(account=account, role="inbox")
    first = inbox.thread_rows.order_by("-newest_at").first()
    assert first is not None
    assert (first.newest.message.subject, first.unread_count) == ("Rota", 1)


def test_new_mail_of_a_muted_conversation_skips_the_inbox(mailbox: Mailbox) -> None:
    mailbox.append(raw_message("Party", Message_ID="<party@example.test>"))
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    actions.mute(account.user_id, [Placement.objects.get().pk])
    push(account.pk)
    mailbox.deliver(raw_message("Re: Party", In_Reply_To="<party@example.test>", References="<party@example.test>"))
    mailbox.deliver(raw_message("Minutes"))
    pull_account(account.pk)
    assert shown(account) == ["Minutes"]
    push(account.pk)
    assert len(mailbox.raws()) == 1
    assert len(mailbox.raws("Archive")) == 2


def test_snoozed_mail_comes_back_from_where_its_folder_was_renamed_to(mailbox: Mailbox) -> None:
    for subject in ("Rota", "Minutes"):
        mailbox.append(raw_message(subject), flags="\\Seen")
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    rota, minutes = (Placement.objects.get(message__subject=subject) for subject in ("Rota", "Minutes"))
    actions.snooze(account.user_id, [rota.pk], timezone.now() + timedelta(days=1))
    for _ in range(2):
        push(account.pk)
    pull_account(account.pk)
    with mailbox.client() as client:
        client.rename("Snoozed", "Waiting")
    for _ in range(2):
        pull_account(account.pk)
    assert shown(account, "Waiting") == ["Rota"]
    # What is snoozed from now on goes into a folder of that name.
    actions.snooze(account.user_id, [minutes.pk], timezone.now() + timedelta(days=1))
    for _ in range(2):
        push(account.pk)
    pull_account(account.pk)
    Snooze.objects.update(until=timezone.now() - timedelta(seconds=1))
    wake(account.pk)
    push(account.pk)
    pull_account(account.pk)
    assert sorted(shown(account)) == ["Minutes", "Rota"]
    assert len(mailbox.raws()) == 2
    assert shown(account, "Waiting") == []
