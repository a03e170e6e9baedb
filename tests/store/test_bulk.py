"""Rows by COPY: the same as Django would write, with their keys; a conflict is told, or passed over."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from accounts.models import MailAccount
from mailsync.models import Folder, Message, Placement, Thread
from mailsync.store.bulk import copy_new_rows, copy_rows
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
#: What the text of a COPY has to escape, and what JSON and arrays do.
ODD = "tab\t newline\n return\r backslash\\ \\N quote\" 'apostrophe' {brace} null NULL , ü 🛶"


@pytest.fixture
def account() -> MailAccount:
    return make_account(make_user("anna"), address="anna@nordlicht.example")


def message(account: MailAccount, thread: Thread, subject: str = ODD, **columns: Any) -> Message:
    return Message(
        account=account,
        thread=thread,
        received_at=AT,
        subject=subject,
        header_sha256=b"\x00\\\t\n\xff" * 6,
        references=[ODD, "", "a@b"],
        recipients={"to": [[ODD, "bo@boats.example"]]},
        facts={"odd": ODD, "none": None, "number": 1.5},
        defects=[],
        size_bytes=2**40,
        **columns,
    )


def stored(one: models.Model) -> dict[str, Any]:
    """The row's columns, but for those that differ from row to row."""
    row = type(one)._default_manager.values().get(pk=one.pk)
    return {
        name: bytes(value) if isinstance(value, memoryview) else value
        for name, value in row.items()
        if name not in ("id", "created_at")
    }


def test_rows_are_as_django_writes_them(account: MailAccount) -> None:
    thread = Thread.objects.create(account=account, base_subject="odd")
    theirs, ours = message(account, thread), message(account, thread)
    Message.objects.bulk_create([theirs])
    copy_rows([ours])
    assert stored(ours) == stored(theirs)
    assert ours.created_at is not None
    assert not ours._state.adding
    ours.subject = "changed"
    ours.save()
    assert Message.objects.get(pk=ours.pk).subject == "changed"


def test_keys_follow_the_order_and_go_on(account: MailAccount) -> None:
    threads = [Thread(account=account, base_subject=str(number)) for number in range(700)]
    copy_rows(threads)
    assert list(Thread.objects.order_by("pk").values_list("pk", "base_subject")) == [
        (one.pk, one.base_subject) for one in threads
    ]
    assert Thread.objects.create(account=account).pk > threads[-1].pk


def test_nothing_asks_nothing(account: MailAccount, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        copy_rows([])
        copy_new_rows([])


def placements(account: MailAccount, *uids: int) -> list[Placement]:
    folder, _ = Folder.objects.get_or_create(account=account, path="INBOX", name="INBOX")
    thread = Thread.objects.create(account=account, base_subject="odd")
    one = message(account, thread)
    copy_rows([one])
    return [
        Placement(account=account, folder=folder, message=one, thread=thread, epoch=1, uid=uid, received_at=AT)
        for uid in uids
    ]


def test_a_conflict_is_told(account: MailAccount) -> None:
    copy_rows(placements(account, 1, 2))
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_rows(placements(account, 3, 2))
    assert Placement.objects.count() == 2


def test_what_is_there_already_is_passed_over(account: MailAccount) -> None:
    copy_rows(placements(account, 1, 2))
    kept = set(Placement.objects.values_list("pk", flat=True))
    copy_new_rows(placements(account, 2, 3))
    assert set(Placement.objects.values_list("uid", flat=True)) == {1, 2, 3}
    assert kept < set(Placement.objects.values_list("pk", flat=True))
