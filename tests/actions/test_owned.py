"""Whose it is, and locked: what every verb begins with, on few placements in one statement and on many in several."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.ready import PREPARED_ROWS
from mailsync.actions.owned import NotYours, own_conversation, own_placements
from mailsync.models import Folder, Placement
from mailsync.store.locking import Markable
from mailsync.types import OneConversation
from tests.factories import make_account, make_folder, make_message

MANY = PREPARED_ROWS + 1


def is_locked(folder_id: int) -> bool:
    """Whether another connection would have to wait for the folder."""

    def ask() -> bool:
        with closing(connection):
            try:
                with transaction.atomic():
                    Folder.objects.select_for_update(no_key=True, nowait=True).get(pk=folder_id)
            except DatabaseError:
                return True
            return False

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result(timeout=20)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, MANY])
def test_the_folders_they_lie_in_are_locked(count: int) -> None:
    account = make_account()
    one, two, other = (make_folder(account, name) for name in ("One", "Two", "Other"))
    rows = [make_message(folder) for folder in (one, two) for _ in range(count)]
    with transaction.atomic():
        found = own_placements(account.user_id, [row.pk for row in rows])
        assert [row.pk for row in found] == sorted(row.pk for row in rows)
        assert {row.folder.account.pk for row in found} == {account.pk}
        assert [is_locked(folder.pk) for folder in (one, two, other)] == [True, True, False]
    assert not is_locked(one.pk)


@pytest.mark.django_db(transaction=True)
def test_a_conversation_is_locked_with_its_folder_as_far_as_it_is_shown_there() -> None:
    account = make_account()
    one, two = (make_folder(account, name) for name in ("One", "Two"))
    first = make_message(one)
    rows = [
        first,
        *(make_message(one, thread=first.thread) for _ in range(MANY)),
        make_message(two, thread=first.thread),
    ]
    Placement.objects.filter(pk=rows[1].pk).update(shown=False)
    wanted = OneConversation(one.pk, first.thread_id)
    with transaction.atomic():
        found = own_conversation(account.user_id, wanted)
        assert found == [Markable.of(row) for row in rows[:1] + rows[2:-1]]
        assert [row.id for row in found] == sorted(row.id for row in found)
        assert [is_locked(folder.pk) for folder in (one, two)] == [True, False]
    with transaction.atomic(), pytest.raises(NotYours):
        own_conversation(make_account().user_id, wanted)
    Placement.objects.update(shown=False)
    with transaction.atomic(), pytest.raises(NotYours):
        own_conversation(account.user_id, wanted)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, MANY])
def test_one_of_anothers_refuses_all(count: int) -> None:
    mine, hers = make_folder(make_account()), make_folder(make_account())
    rows = [*(make_message(mine) for _ in range(count)), make_message(hers)]
    with transaction.atomic(), pytest.raises(NotYours):
        own_placements(mine.account.user_id, [row.pk for row in rows])


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, MANY])
def test_one_of_anothers_that_no_list_shows_refuses_all_too(count: int) -> None:
    mine, hers = make_folder(make_account()), make_folder(make_account())
    rows = [*(make_message(mine) for _ in range(count)), make_message(hers)]
    Placement.objects.filter(pk=rows[-1].pk).update(shown=False)
    with transaction.atomic(), pytest.raises(NotYours):
        own_placements(mine.account.user_id, [row.pk for row in rows])


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, MANY])
def test_what_has_gone_is_left_out_and_nothing_at_all_is_not_yours(count: int) -> None:
    folder = make_folder(make_account())
    rows = [make_message(folder) for _ in range(count + 1)]
    gone = rows.pop().pk
    Placement.objects.filter(pk=gone).delete()
    with transaction.atomic():
        found = own_placements(folder.account.user_id, [gone, *(row.pk for row in rows)])
    assert [row.pk for row in found] == [row.pk for row in rows]
    with transaction.atomic(), pytest.raises(NotYours):
        own_placements(folder.account.user_id, [gone])
