"""A verb that lost a deadlock begins anew; any other failure is told as it is."""

import threading

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from mailsync.actions.verb import verb
from mailsync.models import Folder
from tests.factories import make_account, make_folder


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
