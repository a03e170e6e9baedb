"""Thread rows and counts follow the placements, and a second refresh changes nothing."""

import random

import pytest
from django.db import transaction

from mailsync.models import Placement, Thread, ThreadRow
from mailsync.store.summary import FolderCounts, join_counts, lock_folders, recount_marks, refresh
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


def test_rows_and_counts_follow_the_placements() -> None:
    account = make_account()
    inbox, archive = make_folder(account), make_folder(account, "Archive")
    thread = Thread.objects.create(account=account)
    first = make_message(inbox, thread=thread, seen=True)
    second = make_message(inbox, thread=thread, attachment_count=1, flagged=True)
    row = ThreadRow.objects.get(folder=inbox)
    assert (row.newest_id, row.message_count, row.unread_count, row.flagged_count) == (second.pk, 2, 1, 1)
    assert row.has_attachment

    with transaction.atomic():
        Placement.objects.filter(pk=second.pk).update(folder=archive)
        Placement.objects.filter(pk=first.pk).update(seen=False)
        counts = refresh([(inbox.pk, thread.pk), (archive.pk, thread.pk)])

    assert [(c.folder_id, c.total, c.unread) for c in counts] == [(inbox.pk, 1, 1), (archive.pk, 1, 1)]
    assert counts[0].user_id == account.user_id
    assert ThreadRow.objects.get(folder=inbox).newest_id == first.pk
    assert not ThreadRow.objects.get(folder=inbox).has_attachment


def test_hidden_placements_do_not_count_and_empty_rows_go() -> None:
    account = make_account()
    inbox = make_folder(account)
    placement = make_message(inbox)
    Placement.objects.filter(pk=placement.pk).update(shown=False)
    (counts,) = refresh([(inbox.pk, placement.thread_id)])
    assert (counts.total, counts.unread) == (0, 0)
    assert not ThreadRow.objects.filter(folder=inbox).exists()


def test_a_second_refresh_changes_nothing() -> None:
    account = make_account()
    inbox = make_folder(account)
    placement = make_message(inbox)
    pair = (inbox.pk, placement.thread_id)
    assert refresh([pair, pair]) == refresh([pair])
    inbox.refresh_from_db()
    assert (inbox.total, inbox.unread) == (1, 1)
    assert refresh([]) == []


@pytest.mark.parametrize("most", [3, 30])
def test_recounted_marks_are_those_of_a_refresh(most: int) -> None:
    """For few rows and for many, in several folders, among messages that are hidden."""
    chance = random.Random(most)
    account = make_account()
    folders = [make_folder(account), make_folder(account, "Archive")]
    placements = [make_message(folder, seen=chance.random() < 0.5) for folder in folders for _ in range(most)]
    thread = placements[0].thread
    placements += [make_message(folder, thread=thread) for folder in folders]
    Placement.objects.filter(pk=placements[1].pk).update(shown=False)
    pairs = sorted({(one.folder_id, one.thread_id) for one in placements})
    refresh(pairs)
    for placement in placements:
        marks = {"seen": chance.random() < 0.5, "flagged": chance.random() < 0.5}
        Placement.objects.filter(pk=placement.pk).update(**marks)

    with transaction.atomic():
        lock_folders(folder.pk for folder in folders)
        counts = recount_marks(pairs)

    rows = list(ThreadRow.objects.order_by("pk").values())
    assert refresh(pairs) == counts
    assert list(ThreadRow.objects.order_by("pk").values()) == rows
    assert [(one.pk, one.total, one.unread) for one in folders] != [
        (one.folder_id, one.total, one.unread) for one in counts
    ]
    assert recount_marks([]) == []


def test_what_is_counted_twice_names_the_conversations_of_both() -> None:
    first = FolderCounts(1, 2, 3, total=5, unread=1, thread_ids=(7, 9))
    again = FolderCounts(1, 2, 3, total=6, unread=2, thread_ids=(8, 9))
    other = FolderCounts(4, 2, 3, total=1, unread=0, thread_ids=(7,))
    joined = join_counts(join_counts({}, [first]), [again, other])
    assert joined == {1: FolderCounts(1, 2, 3, total=6, unread=2, thread_ids=(7, 8, 9)), 4: other}
