"""A mark is one statement that does what recording flags and counting anew do in several."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import MailAccount, Protocol
from accounts.ready import PREPARED_ROWS
from mailsync.models import (
    ONLY_HERE_EPOCH,
    AccountSync,
    Act,
    ByMessage,
    Change,
    Folder,
    MessageRow,
    Placement,
    ThreadRow,
)
from mailsync.store.changes import record_flags
from mailsync.store.journal import line_of
from mailsync.store.locking import Markable, lock_placements
from mailsync.store.marking import COUNTED, differing, mark
from mailsync.store.summary import FolderCounts, lock_folders, recount_marks, refresh
from mailsync.types import ActionResult
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


def mailboxes(chance: random.Random, count: int) -> list[Placement]:
    """Of one person with a mailbox of either protocol: conversations of several, hidden ones, and some only here."""
    first = make_account()
    accounts = [first, make_account(first.user, protocol=Protocol.POP3)]
    made = []
    for account in accounts:
        for folder in (make_folder(account), make_folder(account, "Archive")):
            alone = [make_message(folder, seen=chance.random() < 0.5) for _ in range(count)]
            made += [*alone, make_message(folder, thread=alone[0].thread, flagged=True)]
            make_message(folder, thread=alone[0].thread)
    Placement.objects.filter(pk=made[1].pk).update(epoch=ONLY_HERE_EPOCH, uid=made[1].pk, kept=True)
    hidden = made.pop()
    Placement.objects.filter(pk=hidden.pk).update(shown=False)
    refresh((one.folder_id, one.thread_id) for one in Placement.objects.all())
    return made


def everything() -> dict[str, Any]:
    """All that a mark writes, but for when it was."""
    changes = Change.objects.order_by("placement").values()
    return {
        "placements": list(Placement.objects.order_by("pk").values()),
        "changes": [one | {"id": 0, "created_at": 0, "finished_at": one["finished_at"] is None} for one in changes],
        "due": [one.push_due_at is None for one in AccountSync.objects.order_by("pk")],
        "folders": list(Folder.objects.order_by("pk").values()),
        "rows": list(ThreadRow.objects.order_by("pk").values()),
        "lines": list(MessageRow.objects.order_by("placement").values()),
    }


def in_several(placements: list[Placement], flag: str, on: bool, group: UUID) -> tuple[set[int], list[FolderCounts]]:
    touched = record_flags(placements, add=[flag] if on else (), remove=() if on else [flag], group=group)
    return {row.pk for row in touched}, recount_marks((row.folder_id, row.thread_id) for row in touched)


@pytest.mark.parametrize("by_message", [False, True])
@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("flag", COUNTED)
@pytest.mark.parametrize("count", [2, PREPARED_ROWS])
def test_it_does_what_several_statements_do(count: int, flag: str, on: bool, by_message: bool) -> None:
    chance = random.Random(count)
    placements = mailboxes(chance, count)
    if by_message:
        ByMessage.objects.create(user=MailAccount.objects.all()[0].user, wanted=True)
        refresh((one.folder_id, one.thread_id) for one in placements)
    before, group = everything(), uuid4()
    ids = [one.pk for one in placements if chance.random() < 0.7]

    with transaction.atomic():
        lock_folders(one.folder_id for one in placements)
        touched, counts = in_several(lock_placements(ids), flag, on, group)
        expected = everything()
        transaction.set_rollback(True)
    assert everything() == before != expected

    lock_folders(one.folder_id for one in placements)
    rows = lock_placements(ids)
    wanted = differing([Markable.of(row) for row in rows], flag, on)
    assert {row.id for row in wanted} == touched
    told = mark(wanted, flag, on, group=group)
    assert everything() == expected
    assert sorted(told, key=lambda one: one.folder_id) == counts
    assert differing([Markable.of(row) for row in lock_placements(ids)], flag, on) == []
    assert mark([], flag, on, group=uuid4()) == []
    assert everything() == expected


def test_what_is_due_sooner_stays_due() -> None:
    folder = make_folder(make_account())
    row = make_message(folder)
    sync = AccountSync.objects.get(account=folder.account)
    for due in (timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(minutes=1)):
        AccountSync.objects.filter(pk=sync.pk).update(push_due_at=due)
        mark(list(map(Markable.of, lock_placements([row.pk]))), "\\Seen", due < timezone.now(), group=uuid4())
        sync.refresh_from_db()
        assert sync.push_due_at == due or timezone.now() - timedelta(seconds=20) < sync.push_due_at < due
        assert (sync.push_due_at == due) is (due < timezone.now() - timedelta(seconds=30))


def test_the_line_of_the_journal_is_written_once_with_what_it_tells() -> None:
    rows = [Markable.of(row) for row in lock_placements(row.pk for row in mailboxes(random.Random(1), 2))]
    assert len({row.account_id for row in rows}) == 2
    wanted = differing(rows, "\\Seen", True)
    result = ActionResult(uuid4(), len(wanted), "Read")
    mark(wanted, "\\Seen", True, group=result.group, line=line_of(rows[0].user_id, "mark_read", result))
    act = Act.objects.get()
    assert (act.group, act.user_id, act.verb, act.label) == (result.group, rows[0].user_id, "mark_read", "Read")
    assert (act.count, act.state, act.detail) == (len(wanted), Act.State.DONE, {})
    assert set(Change.objects.values_list("group", flat=True)) == {act.group}
