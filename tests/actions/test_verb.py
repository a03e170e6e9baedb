"""A verb that lost a deadlock begins anew; any other failure is told as it is."""

import threading
from uuid import uuid4

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from mailsync.actions.mail import mark_read, open_message
from mailsync.actions.verb import verb
from mailsync.models import Act, Folder
from mailsync.types import ActionResult, OneConversation
from tests.factories import make_account, make_folder, make_message


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_not_the_users_business() -> None:
    account = make_account()
    one, two = make_folder(account, "One").pk, make_folder(account, "Two").pk
    both_hold_one = threading.Barrier(2, timeout=20)
    tries = []

    def name_both(first: int, second: int) -> None:
        tries.append(first)
        Folder.objects.filter(pk=first).update(name="x")
        if len(tries) <= 2:
            both_hold_one.wait()
        Folder.objects.filter(pk=second).update(name="x")

    def other() -> None:
        try:
            verb(name_both)(two, one)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    verb(name_both)(one, two)
    thread.join(20)
    assert len(tries) >= 3
    assert set(Folder.objects.values_list("name", flat=True)) == {"x"}


@pytest.mark.django_db(transaction=True)
def test_other_failures_are_not_repeated() -> None:
    tries = []

    @verb
    def failing() -> None:
        tries.append(1)
        raise OperationalError("disk full") from psycopg.errors.DiskFull()

    with pytest.raises(OperationalError, match="disk full"):
        failing()
    assert len(tries) == 1


@pytest.mark.django_db(transaction=True)
def test_a_verb_within_a_transaction_leaves_the_repeating_to_it() -> None:
    tries = []

    @verb
    def failing() -> None:
        tries.append(1)
        raise OperationalError("deadlock") from psycopg.errors.DeadlockDetected()

    with transaction.atomic(), pytest.raises(OperationalError):
        failing()
    assert len(tries) == 1


@pytest.mark.django_db
def test_what_a_verb_did_is_noted_once_and_under_the_name_of_the_whole() -> None:
    folder = make_folder(make_account())
    row = make_message(folder)
    user_id = folder.account.user_id

    @verb
    def tidy(user_id: int) -> ActionResult:
        mark_read(user_id, OneConversation(folder.pk, row.thread_id), True)
        return ActionResult(uuid4(), 1, "Tidied")

    with CaptureQueriesContext(connection) as asked:
        mark_read(user_id, OneConversation(folder.pk, row.thread_id), True)
    assert sum("INSERT INTO mailsync_act" in one["sql"] for one in asked) == 1
    assert list(Act.objects.values_list("verb", "count")) == [("mark_read", 1)]
    assert mark_read(user_id, OneConversation(folder.pk, row.thread_id), True).count == 0
    open_message(user_id, row.message_id)
    assert Act.objects.count() == 1
    mark_read(user_id, [row.pk], False)
    tidy(user_id)
    mark_read(user_id, [row.pk], False)
    open_message(user_id, row.message_id)
    assert list(Act.objects.order_by("pk").values_list("verb", flat=True)) == ["mark_read"] * 2 + ["tidy", "mark_read"]
