"""Each verb shows its effect at once, writes down what the server must learn, and can be taken back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.models import AccountSync, Act, Change, Folder, Placement, ThreadRow
from tests.factories import make_account, make_folder, make_message, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


@pytest.fixture
def inbox(account: MailAccount) -> Folder:
    return make_folder(account)


def counts(folder: Folder) -> tuple[int, int]:
    folder.refresh_from_db()
    rows = ThreadRow.objects.filter(folder=folder)
    assert sum(row.message_count for row in rows) == folder.total
    assert sum(row.unread_count for row in rows) == folder.unread
    return folder.total, folder.unread


def test_marking_read_changes_only_what_differs(account: MailAccount, inbox: Folder) -> None:
    unread, read = make_message(inbox), make_message(inbox, seen=True)
    result = actions.mark_read(account.user_id, [unread.pk, read.pk], True)
    assert (result.count, result.label) == (1, "1 message marked as read")
    assert counts(inbox) == (2, 0)
    change = Change.objects.get()
    assert (change.placement, change.add_flags, change.state) == (unread, ["\\Seen"], "queued")
    assert AccountSync.objects.get(account=account).push_due_at is not None


def test_undo_of_flags_that_wait_cancels_them(account: MailAccount, inbox: Folder) -> None:
    placement = make_message(inbox, seen=True)
    result = actions.flag(account.user_id, [placement.pk], True)
    assert actions.undo(account.user_id, result.group)
    placement.refresh_from_db()
    assert not placement.flagged
    assert Change.objects.get().state == "cancelled"


def test_undo_of_flags_that_left_pushes_the_inverse(account: MailAccount, inbox: Folder) -> None:
    placement = make_message(inbox)
    result = actions.set_keyword(account.user_id, [placement.pk], "$Work", True)
    Change.objects.update(state="done")
    assert actions.undo(account.user_id, result.group)
    placement.refresh_from_db()
    assert placement.keywords == []
    assert Change.objects.get(state="queued").remove_flags == ["$Work"]


def test_a_move_shows_at_once_and_waits_for_the_toast(account: MailAccount, inbox: Folder) -> None:
    work = make_folder(account, "Work")
    placement = make_message(inbox, flagged=True)
    result = actions.move(account.user_id, [placement.pk], work.pk)
    assert result.label == "1 message moved to Work"
    assert (counts(inbox), counts(work)) == ((0, 0), (1, 1))
    arrived = Placement.objects.get(folder=work)
    assert arrived.uid is None
    assert arrived.flagged
    change = Change.objects.get()
    assert change.hold_until is not None
    assert AccountSync.objects.get(account=account).push_due_at == change.hold_until

    assert actions.undo(account.user_id, result.group)
    assert (counts(inbox), counts(work)) == ((1, 1), (0, 0))
    placement.refresh_from_db()
    assert placement.shown
    assert not Placement.objects.filter(folder=work).exists()


def test_undo_of_a_move_keeps_what_was_flagged_since(account: MailAccount, inbox: Folder) -> None:
    work = make_folder(account, "Work")
    placement = make_message(inbox)
    result = actions.move(account.user_id, [placement.pk], work.pk)
    actions.mark_read(account.user_id, [placement.pk], True)  # an older page still names the old placement
    assert counts(work) == (1, 0)
    assert actions.undo(account.user_id, result.group)
    assert counts(inbox) == (1, 0)
    assert Change.objects.get(kind="flags").placement_id == placement.pk


def test_undo_of_a_move_that_left_moves_back(account: MailAccount, inbox: Folder) -> None:
    work = make_folder(account, "Work")
    placement = make_message(inbox)
    result = actions.move(account.user_id, [placement.pk], work.pk)
    Change.objects.update(state="done")
    placement.delete()
    Placement.objects.filter(folder=work).update(uid=99)
    assert actions.undo(account.user_id, result.group)
    back = Change.objects.get(state="queued")
    assert (back.source_id, back.target_id) == (work.pk, inbox.pk)
    assert (counts(inbox), counts(work)) == ((1, 1), (0, 0))


def test_archive_makes_the_folder_beside_its_siblings(account: MailAccount, inbox: Folder) -> None:
    make_folder(account, "INBOX.Sent", role="sent", delimiter=".")
    result = actions.archive(account.user_id, [make_message(inbox).pk])
    assert result.count == 1
    folder = Folder.objects.get(role="archive")
    assert (folder.path, folder.total) == ("INBOX.Archive", 1)
    assert [change.kind for change in Change.objects.order_by("id")] == ["folder_create", "move"]
    actions.archive(account.user_id, [make_message(inbox).pk])
    assert Folder.objects.filter(role="archive").count() == 1


def test_trash_in_trash_deletes_for_good(account: MailAccount, inbox: Folder) -> None:
    trash = make_folder(account, "Trash", role="trash")
    placement = make_message(inbox)
    actions.trash(account.user_id, [placement.pk])
    assert counts(trash) == (1, 1)
    result = actions.trash(account.user_id, [Placement.objects.get(folder=trash).pk])
    assert result.label == "1 message deleted for good"
    assert counts(trash) == (0, 0)
    assert Change.objects.filter(kind="expunge", state="queued").count() == 1
    assert actions.undo(account.user_id, result.group)
    assert counts(trash) == (1, 1)


def test_only_trash_and_its_kind_are_deleted_for_good(account: MailAccount, inbox: Folder) -> None:
    with pytest.raises(actions.CannotDo):
        actions.delete_for_good(account.user_id, [make_message(inbox).pk])
    with pytest.raises(actions.CannotDo):
        actions.empty_folder(account.user_id, inbox.pk)


def test_junk_says_so_in_keywords(account: MailAccount, inbox: Folder) -> None:
    junk = make_folder(account, "Junk", role="junk")
    actions.junk(account.user_id, [make_message(inbox).pk], True)
    assert Placement.objects.get(folder=junk).keywords == ["$Junk"]
    actions.junk(account.user_id, [Placement.objects.get(folder=junk).pk], False)
    assert Placement.objects.get(folder=inbox, shown=True).keywords == ["$NotJunk"]


def test_pop_accounts_change_only_here() -> None:
    account = make_account(protocol="pop3")
    inbox = make_folder(account, is_local=True)
    placement = make_message(inbox)
    result = actions.archive(account.user_id, [placement.pk])
    placement.refresh_from_db()
    assert placement.folder.role == "archive"
    assert placement.uid == 1
    assert not Change.objects.exclude(state="done").exists()
    assert actions.undo(account.user_id, result.group)
    assert counts(inbox) == (1, 1)


def test_strangers_get_nowhere(account: MailAccount, inbox: Folder) -> None:
    placement = make_message(inbox)
    stranger = make_account()
    ours = make_message(make_folder(stranger))
    result = actions.flag(account.user_id, [placement.pk], True)
    for attempt in (
        lambda: actions.mark_read(stranger.user_id, [placement.pk], True),
        lambda: actions.mark_read(stranger.user_id, [ours.pk, placement.pk], True),
        lambda: actions.move(stranger.user_id, [ours.pk], inbox.pk),
        lambda: actions.trash(stranger.user_id, [placement.pk]),
        lambda: actions.undo(stranger.user_id, result.group),
        lambda: actions.open_message(stranger.user_id, placement.message_id),
        lambda: actions.undo(account.user_id, uuid4()),
    ):
        with pytest.raises(actions.NotYours):
            attempt()
    ours.refresh_from_db()
    assert not ours.seen


def test_opening_marks_seen(account: MailAccount, inbox: Folder) -> None:
    placement = make_message(inbox)
    actions.open_message(account.user_id, placement.message_id)
    assert counts(inbox) == (1, 0)
    assert actions.open_message(account.user_id, placement.message_id).count == 0


def test_undo_leaves_out_what_has_left_for_good(account: MailAccount, inbox: Folder) -> None:
    trash = make_folder(account, "Trash", role="trash")
    first, second = make_message(trash), make_message(trash)
    result = actions.trash(account.user_id, [first.pk, second.pk])
    Change.objects.filter(placement=second).update(state="sent")
    assert actions.undo(account.user_id, result.group)
    assert counts(trash) == (1, 1)
    act = Act.objects.get(group=result.group)
    assert (act.state, act.detail) == ("undone", {"missed": 1})


@pytest.mark.parametrize("is_pushed", [False, True])
def test_undo_leaves_out_what_was_put_elsewhere_since(account: MailAccount, inbox: Folder, is_pushed: bool) -> None:
    archive, work = make_folder(account, "Archive", role="archive"), make_folder(account, "Work")
    rows = [make_message(inbox) for _ in range(5)]
    result = actions.archive(account.user_id, [row.pk for row in rows])
    if is_pushed:
        push_all()
    moved = archive.placements.get(message=rows[1].message, shown=True)
    actions.move(account.user_id, [moved.pk], work.pk)
    assert actions.undo(account.user_id, result.group)
    assert (counts(inbox), counts(archive), counts(work)) == ((4, 4), (0, 0), (1, 1))
    assert Act.objects.get(group=result.group).detail == {"missed": 1}


def test_undo_of_what_has_all_gone_elsewhere_says_so(
    account: MailAccount, inbox: Folder, django_assert_max_num_queries: Any
) -> None:
    archive, work = make_folder(account, "Archive", role="archive"), make_folder(account, "Work")
    result = actions.archive(account.user_id, [make_message(inbox).pk for _ in range(40)])
    actions.move(account.user_id, list(archive.placements.values_list("pk", flat=True)), work.pk)
    with django_assert_max_num_queries(20):
        assert not actions.undo(account.user_id, result.group)
    assert counts(work) == (40, 40)
    assert Act.objects.get(group=result.group).state == "done"


@pytest.mark.parametrize("is_pushed", [(False, False), (True, False), (False, True), (True, True)])
def test_undo_of_a_mark_finds_the_message_where_it_lies_now(
    account: MailAccount, inbox: Folder, is_pushed: tuple[bool, bool]
) -> None:
    work, copies = make_folder(account, "Work"), make_folder(account, "Copies")
    row = make_message(inbox)
    # A copy of old, read for itself.
    place(copies, row.message, seen=True, placed_at=timezone.now() - timedelta(days=1))
    result = actions.mark_read(account.user_id, [row.pk], True)
    if is_pushed[0]:
        push_all()
    actions.move(account.user_id, [row.pk], work.pk)
    if is_pushed[1]:
        push_all()
    assert actions.undo(account.user_id, result.group)
    assert (counts(work), counts(copies)) == ((1, 1), (1, 0))
    inverse = Change.objects.get(kind="flags", state="queued", remove_flags=["\\Seen"])
    assert inverse.placement is not None
    assert inverse.placement.folder == work


def push_all() -> None:
    """The server has done it all: what was moved is gone where it was, and has a number where it is."""
    for change in Change.objects.filter(state="queued").order_by("id"):
        Change.objects.filter(pk=change.pk).update(state="done", finished_at=timezone.now())
        if change.kind == "move":
            Placement.objects.filter(pk=change.target_placement_id).update(uid=1000 + change.pk)
            Placement.objects.filter(pk=change.placement_id).delete()


def test_undo_of_junk_takes_the_word_back_too(account: MailAccount, inbox: Folder) -> None:
    make_folder(account, "Junk", role="junk")
    placement = make_message(inbox)
    result = actions.junk(account.user_id, [placement.pk])
    assert actions.undo(account.user_id, result.group)
    placement.refresh_from_db()
    assert (placement.shown, placement.keywords) == (True, [])
    assert counts(inbox) == (1, 1)


def test_undo_of_a_mixed_group_reverses_what_left_and_cancels_what_waits(account: MailAccount, inbox: Folder) -> None:
    first, second = make_message(inbox), make_message(inbox)
    result = actions.mark_read(account.user_id, [first.pk, second.pk], True)
    Change.objects.filter(placement=second).update(state="sent")
    assert actions.undo(account.user_id, result.group)
    assert counts(inbox) == (2, 2)
    assert Change.objects.get(remove_flags=["\\Seen"]).placement_id == second.pk


def test_many_at_once_take_few_queries(account: MailAccount, inbox: Folder, django_assert_max_num_queries: Any) -> None:
    make_folder(account, "Archive", role="archive")
    ids = [make_message(inbox).pk for _ in range(40)]
    with django_assert_max_num_queries(20):
        actions.mark_read(account.user_id, ids, True)
    with django_assert_max_num_queries(25):
        result = actions.archive(account.user_id, ids)
    with django_assert_max_num_queries(34):
        actions.undo(account.user_id, result.group)
    assert counts(inbox) == (40, 0)
