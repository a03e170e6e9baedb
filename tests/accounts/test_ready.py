"""A query that is made ready gives what its queryset gives, whatever the numbers."""

import pytest
from django.db import DataError, connection, transaction
from django.db.models.functions import Upper
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.ready import ReadyQuery, any_of, prepared_cursor
from mailsync.models import Folder, Message
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


def test_rows_are_those_of_the_queryset_with_what_stands_beside_them() -> None:
    ready = ReadyQuery(lambda pk, user: Folder.objects.select_related("account").filter(pk=pk, account__user=user))
    folders = [make_folder(make_account(make_user(name))) for name in ("ann", "bob")]
    for folder in folders:
        owner = folder.account.user_id
        with CaptureQueriesContext(connection) as asked:
            found = ready.one(folder.pk, owner)
            assert found is not None
            assert vars(found.account).keys() == vars(folder.account).keys()
        assert len(asked) == 1
        expected = Folder.objects.select_related("account").get(pk=folder.pk)
        values = {name: value for name, value in vars(expected).items() if name != "_state"}
        assert {name: value for name, value in vars(found).items() if name != "_state"} == values
        assert not found._state.adding
    assert ready.one(folders[0].pk, folders[1].account.user_id) is None
    assert ready.one(10**30, 1) is None


def test_what_a_column_holds_is_converted() -> None:
    ready = ReadyQuery(lambda pk: Message.objects.filter(pk=pk))
    message = make_message(make_folder(), recipients={"to": [["Ann", "ann@x.test"]]}).message
    found = ready.one(message.pk)
    assert found is not None
    assert found.recipients == {"to": [["Ann", "ann@x.test"]]}


def test_all_rows_of_a_list_of_keys_come_in_the_order_asked_for() -> None:
    ready = ReadyQuery(
        lambda ids, user: Folder.objects.filter(any_of("mailsync_folder.id", ids), account__user=user).order_by("-id")
    )
    account = make_account()
    ids = [make_folder(account, path=f"F{number}").pk for number in range(12)]
    make_folder(make_account(make_user("bob")))
    for wanted in (ids, ids[:1], [], [ids[3], 10**15]):
        found = ready.all(wanted, account.user_id)
        assert [folder.pk for folder in found] == sorted(set(wanted) & set(ids), reverse=True)
    assert ready.all(ids, account.user_id + 1000) == []


def test_a_moment_is_read_as_django_reads_it() -> None:
    message = make_message(make_folder()).message
    moment = Message.objects.get(pk=message.pk).received_at
    with prepared_cursor() as cursor:
        cursor.execute("SELECT received_at, NULL::timestamptz FROM mailsync_message WHERE id = %s", [message.pk])
        ((read, nothing),) = cursor.fetchall()
    assert (read, read.tzinfo, nothing) == (moment, moment.tzinfo, None)


def test_a_user_by_key_is_read_each_time_and_among_ones_own() -> None:
    user = make_user("ann")
    assert User.objects.get(pk=user.pk).is_active
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not User.objects.get(pk=user.pk).is_active
    with pytest.raises(User.DoesNotExist):
        User.objects.get(pk=user.pk + 1)
    with pytest.raises(User.DoesNotExist):
        User.objects.filter(is_active=True).get(pk=user.pk)


def test_a_prepared_statement_is_planned_once_for_a_connection(db: None) -> None:
    statement = "SELECT %s::bigint + 1, current_setting('server_version_num') AS heron_prepared"
    for number in range(8):
        with prepared_cursor() as cursor:
            cursor.execute(statement, [number])
            assert cursor.fetchone()[0] == number + 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(generic_plans + custom_plans), count(*) FROM pg_prepared_statements"
            " WHERE statement LIKE '%%heron_prepared%%'"
        )
        assert cursor.fetchone() == (8, 1)


def test_a_log_of_queries_says_what_was_asked(db: None) -> None:
    with CaptureQueriesContext(connection) as asked, prepared_cursor() as cursor:
        cursor.execute("SELECT %s::bigint", [17])
    assert [one["sql"] for one in asked.captured_queries] == ["SELECT 17::bigint"]


def test_what_the_database_refuses_is_raised_as_django_names_it(db: None) -> None:
    with pytest.raises(DataError), transaction.atomic(), prepared_cursor() as cursor:
        cursor.execute("SELECT %s::int / 0", [1])


def test_what_is_worked_out_beside_the_columns_comes_with_each_row() -> None:
    ready = ReadyQuery(
        lambda user: Folder.objects.annotate(loud=Upper("name")).filter(account__user=user).order_by("name")
    )
    account = make_account()
    for name in ("b", "a"):
        make_folder(account, path=name, name=name)
    assert [(folder.name, folder.loud) for folder in ready.all(account.user_id)] == [("a", "A"), ("b", "B")]
