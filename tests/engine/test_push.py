"""What the user did reaches the server once, whatever breaks on the way, and failures are undone and told."""

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected, Unavailable
from mailsync.models import AccountSync, Change, Folder, Placement
from mailsync.store import leases, pushing
from tests.engine.pushed_box import Mailbox
from tests.factories import make_folder, make_message, raw_message

pytestmark = pytest.mark.django_db


def test_flags_leave_in_one_command_per_kind() -> None:
    box = Mailbox()
    rows = [box.add() for _ in range(3)]
    actions.mark_read(box.user_id, [row.pk for row in rows], True)
    actions.flag(box.user_id, [rows[0].pk], True)
    box.push()
    assert box.server.log.count("store_flags") == 2
    flags = [sorted(stored.flags) for stored in box.server.boxes["INBOX"].messages.values()]
    assert flags == [["\\Flagged", "\\Seen"], ["\\Seen"], ["\\Seen"]]
    box.agree()
    rows[0].refresh_from_db()
    assert rows[0].server_flags == ["\\Flagged", "\\Seen"]
    assert AccountSync.objects.get(account=box.account).push_due_at is None


def test_flags_that_cancel_out_never_leave() -> None:
    box = Mailbox()
    row = box.add()
    actions.flag(box.user_id, [row.pk], True)
    actions.flag(box.user_id, [row.pk], False)
    box.push()
    assert box.server.connections == 0
    box.agree()


def test_a_label_that_the_folder_cannot_keep_is_taken_back() -> None:
    box = Mailbox()
    row = box.add()
    box.server.boxes["INBOX"].permanent = ("\\Seen", "\\Flagged")
    actions.set_keyword(box.user_id, [row.pk], "$Work", True)
    actions.flag(box.user_id, [row.pk], True)
    box.push()
    row.refresh_from_db()
    assert row.keywords == []
    failed = Change.objects.get(state="failed")
    assert "does not allow" in failed.error
    assert "LOGIN" in failed.transcript


def test_a_move_adopts_the_new_uid() -> None:
    box = Mailbox("Work")
    row = box.add()
    box.server.boxes["Work"].uidnext = 40
    actions.move(box.user_id, [row.pk], box.folders["Work"].pk)
    box.push()
    assert Placement.objects.get(folder=box.folders["Work"]).uid == 40
    box.agree()


def test_a_held_move_waits_for_the_toast() -> None:
    box = Mailbox("Work")
    result = actions.move(box.user_id, [box.add().pk], box.folders["Work"].pk)
    push_changes(box.account.pk, open_source=box.server.connect)
    assert box.server.log == []
    due = AccountSync.objects.get(account=box.account).push_due_at
    assert due is not None
    assert due > timezone.now()
    actions.undo(box.user_id, result.group)
    box.push()
    assert box.server.log == []
    box.agree()


@pytest.mark.parametrize("capabilities", [("MOVE", "UIDPLUS"), ("MOVE",), ("UIDPLUS",), ()])
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"move": ["after"]},
        {"move": ["before"]},
        {"copy": ["after"]},
        {"copy": ["before"]},
        {"store_flags": ["before"]},
        {"store_flags": ["after"]},
        {"expunge": ["before"]},
        {"expunge": ["after"]},
        {"status": ["before"]},
        {"select": ["before"]},
        {"move": ["after"], "fetch_headers": ["before"]},
        {"copy": ["after"], "search_uids": ["before"]},
    ],
)
def test_a_move_is_done_once_whatever_breaks(capabilities: tuple[str, ...], faults: dict[str, list[str]]) -> None:
    box = Mailbox("Work", capabilities=capabilities)
    rows = [box.add() for _ in range(3)]
    stays = box.add()
    for method, how in faults.items():
        box.server.fail(method, *how)
    actions.move(box.user_id, [row.pk for row in rows], box.folders["Work"].pk)
    for _ in range(5):
        box.push()
    assert box.ids("Work") == sorted(row.message.message_id for row in rows)
    assert box.shown("INBOX") == [stays.message.message_id]
    if "UIDPLUS" in capabilities:
        assert box.ids("INBOX") == [stays.message.message_id]
    box.agree()


def test_others_deleted_marks_survive_a_move_without_move() -> None:
    box = Mailbox("Work", capabilities=("UIDPLUS",))
    marked = box.add()
    box.server.boxes["INBOX"].messages[marked.uid or 0].flags.add("\\Deleted")
    actions.move(box.user_id, [box.add().pk], box.folders["Work"].pk)
    box.push()
    assert box.ids("INBOX") == [marked.message.message_id]


def test_a_refused_copy_leaves_the_source_alone() -> None:
    box = Mailbox("Work", capabilities=("UIDPLUS",))
    row = box.add()
    box.server.fail("copy", Rejected("no", code="OVERQUOTA", line="NO [OVERQUOTA] full"))
    actions.move(box.user_id, [row.pk], box.folders["Work"].pk)
    box.push()
    assert box.shown("INBOX") == box.ids("INBOX") == [row.message.message_id]
    assert "full" in Change.objects.get().error
    box.agree()


@pytest.mark.parametrize("count", [1, 4])
def test_where_a_copy_is_made_and_the_original_may_not_go_both_are_shown_and_told(count: int) -> None:
    """RFC 4314 §4: a folder of others may be read and copied from, but nothing deleted in it."""
    box = Mailbox("Work", capabilities=("UIDPLUS",))
    rows = [box.add() for _ in range(count)]
    refusal = Rejected("no", code="NOPERM", line="NO [NOPERM] Permission denied")
    box.server.fail("store_flags", *[refusal] * 50)
    result = actions.move(box.user_id, [row.pk for row in rows], box.folders["Work"].pk)
    for _ in range(3):
        box.push()
    names = sorted(row.message.message_id for row in rows)
    assert box.ids("Work") == box.ids("INBOX") == names
    assert box.shown("Work") == box.shown("INBOX") == names
    errors = set(Change.objects.filter(group=result.group).values_list("state", "error"))
    ((state, words),) = errors
    assert state == "failed"
    assert "copied" in words
    assert "taken back" not in words
    box.agree()


def test_an_original_that_cannot_go_just_now_is_not_copied_again() -> None:
    box = Mailbox("Work", capabilities=("UIDPLUS",))
    rows = [box.add() for _ in range(4)]
    busy = Unavailable("The mail server cannot do this just now.")
    # A step that has been tried before is parted.
    box.server.fail("copy", busy)
    box.server.fail("store_flags", *[busy] * 3)
    actions.move(box.user_id, [row.pk for row in rows], box.folders["Work"].pk)
    for _ in range(6):
        box.push()
    assert box.ids("Work") == sorted(row.message.message_id for row in rows)
    assert box.ids("INBOX") == []
    box.agree()


def test_an_original_that_may_be_marked_and_not_expunged_is_marked_and_hidden() -> None:
    box = Mailbox("Work", capabilities=("UIDPLUS",))
    row = box.add()
    box.server.fail("expunge", *[Rejected("no", code="NOPERM", line="NO [NOPERM] Permission denied")] * 9)
    actions.move(box.user_id, [row.pk], box.folders["Work"].pk)
    for _ in range(3):
        box.push()
    assert box.ids("Work") == box.shown("Work") == [row.message.message_id]
    assert box.server.boxes["INBOX"].messages[row.uid or 0].flags == {"\\Deleted"}
    assert Change.objects.get().error == ""
    box.agree()


def test_a_poisoned_message_does_not_hold_up_the_others() -> None:
    box = Mailbox("Work")
    rows = [box.add() for _ in range(4)]
    refusal = Rejected("no", code="", line="NO message 1 is cursed")
    # All four, the first two, the first alone: refused; the rest is taken.
    box.server.fail("move", refusal, refusal, refusal)
    actions.move(box.user_id, [row.pk for row in rows], box.folders["Work"].pk)
    box.push()
    assert Change.objects.filter(state="failed").count() == 1
    assert len(box.ids("Work")) == 3
    box.agree()


def test_a_message_that_the_server_cannot_move_just_now_does_not_hold_up_the_others() -> None:
    """Seen in practice: NO [SERVERBUG] for the whole MOVE, as one message's file is broken."""
    box = Mailbox("Work")
    rows = [box.add() for _ in range(4)]
    busy = Unavailable("The mail server cannot do this just now.")
    box.server.fail("move", busy)
    actions.move(box.user_id, [row.pk for row in rows], box.folders["Work"].pk)
    box.push()
    assert box.ids("Work") == []
    # The second time it is parted: all four, the first two, the first alone.
    box.server.fail("move", busy, busy, busy)
    Change.objects.update(due_at=None)
    box.push()
    assert len(box.ids("Work")) == 3
    assert set(Change.objects.filter(finished_at=None).values_list("state", flat=True)) == {"queued"}
    Change.objects.update(due_at=None)
    box.push()
    assert len(box.ids("Work")) == 4
    box.agree()


def test_a_server_that_can_do_nothing_just_now_is_not_asked_a_thousand_times() -> None:
    box = Mailbox("Work")
    rows = [box.add() for _ in range(60)]
    busy = Unavailable("The mail server cannot do this just now.")
    actions.move(box.user_id, [row.pk for row in rows], box.folders["Work"].pk)
    Change.objects.update(attempts=1)
    box.server.fail("move", *[busy] * 500)
    box.push()
    assert box.server.log.count("move") < 60
    box.server.faults.clear()
    Change.objects.update(due_at=None)
    box.push()
    assert len(box.ids("Work")) == 60
    box.agree()


def test_a_message_that_another_program_moved_is_dropped_and_told() -> None:
    box = Mailbox("Work")
    gone, stays = box.add(), box.add()
    del box.server.boxes["INBOX"].messages[gone.uid or 0]
    actions.move(box.user_id, [gone.pk, stays.pk], box.folders["Work"].pk)
    box.push()
    assert box.shown("Work") == [stays.message.message_id]
    assert Change.objects.get(message=gone.message).error == "The message had gone from the server."
    box.agree()


def test_a_move_that_moved_nothing_promises_nothing() -> None:
    box = Mailbox("Work", "Archive")
    row = box.add()
    del box.server.boxes["INBOX"].messages[row.uid or 0]
    actions.move(box.user_id, [row.pk], box.folders["Work"].pk)
    arrived = Placement.objects.get(folder=box.folders["Work"])
    actions.move(box.user_id, [arrived.pk], box.folders["Archive"].pk)
    # RFC 6851 §3.3: the answer is OK, and names no UID.
    box.push()
    box.push()
    assert set(Change.objects.values_list("error", flat=True)) == {"The message had gone from the server."}
    assert box.shown("Work") == box.shown("Archive") == []
    assert not Change.objects.filter(finished_at=None).exists()


def test_a_change_to_what_only_an_earlier_numbering_knew_is_dropped_and_told() -> None:
    box = Mailbox()
    row = box.add()
    actions.flag(box.user_id, [row.pk], True)
    Folder.objects.filter(pk=box.folders["INBOX"].pk).update(epoch=2)
    Placement.objects.filter(pk=row.pk).update(gone_phase=1, shown=False)
    box.push()
    assert (Change.objects.get().state, box.server.connections) == ("done", 0)
    assert "gone" in Change.objects.get().error


def test_a_folder_that_was_renamed_elsewhere_is_looked_for_before_a_change_is_given_up() -> None:
    box = Mailbox("Work")
    row = box.add("Work")
    actions.flag(box.user_id, [row.pk], True)
    box.server.boxes["Job"] = box.server.boxes.pop("Work")
    box.push()
    assert Change.objects.get().state == "queued"
    assert AccountSync.objects.get().due_at is not None, "its folders are listed"
    Folder.objects.filter(pk=box.folders["Work"].pk).update(path="Job", path_raw=b"Job")
    box.push()
    assert box.server.boxes["Job"].messages[row.uid or 0].flags == {"\\Flagged"}


def test_a_rename_finds_rows_of_others_where_it_leads() -> None:
    """Gone folders keep their names for a while, and a pull may have met the new place first."""
    box = Mailbox("Work", "Work/Old", "Work/Met")
    for path in ("Job", "Job/Old"):
        make_folder(box.account, path, missing_since=timezone.now())
    met = make_folder(box.account, "Job/Met")
    make_message(met)
    actions.rename_folder(box.user_id, box.folders["Work"].pk, "Job")
    box.push()
    shown = Folder.objects.filter(account=box.account, missing_since=None).values_list("path", "id")
    assert dict(shown) == {
        "INBOX": box.folders["INBOX"].pk,
        "Job": box.folders["Work"].pk,
        "Job/Old": box.folders["Work/Old"].pk,
        "Job/Met": met.pk,
    }


def test_two_moves_in_a_row_end_where_the_last_one_said() -> None:
    box = Mailbox("Work", "Archive")
    row = box.add()
    actions.move(box.user_id, [row.pk], box.folders["Work"].pk)
    arrived = Placement.objects.get(folder=box.folders["Work"])
    actions.archive(box.user_id, [arrived.pk])
    actions.mark_read(box.user_id, [arrived.pk], True)
    box.push()
    assert box.ids("Archive") == [row.message.message_id]
    assert box.server.boxes["Archive"].messages[1].flags == {"\\Seen"}
    box.agree()


def test_a_pull_that_met_the_message_first_is_joined() -> None:
    box = Mailbox("Work", capabilities=("MOVE",))
    row = box.add()
    actions.move(box.user_id, [row.pk], box.folders["Work"].pk)
    box.server.fail("fetch_headers", "before")
    box.push()
    # The pull places it before the next push looks.
    Placement.objects.filter(folder=box.folders["Work"], uid=None).update(uid=1)
    box.push()
    box.agree()


def test_a_message_met_in_a_conversation_of_its_own_is_counted_once() -> None:
    box = Mailbox("Archive")
    row = box.add()
    actions.mark_read(box.user_id, [row.pk], True)
    actions.move(box.user_id, [row.pk], box.folders["Archive"].pk)
    arrived = Placement.objects.get(folder=box.folders["Archive"])
    # Without a Message-ID to know it by, a pull has placed it as another message, unread.
    make_message(box.folders["Archive"], raw_message(), uid=1, message_id=arrived.message.message_id)
    box.push()
    assert len(box.shown("Archive")) == 1


def test_a_finished_move_takes_no_flags_of_others_along() -> None:
    box, other = Mailbox("Archive"), Mailbox()
    row = box.add()
    actions.move(box.user_id, [row.pk], box.folders["Archive"].pk)
    actions.flag(other.user_id, [other.add().pk], True)
    Change.objects.filter(kind="flags").update(placement=None)
    box.server.fail("move", "after")
    box.push()
    Placement.objects.filter(pk=row.pk).delete()
    lease = leases.claim(box.account.pk, "push")
    assert lease is not None
    move = Change.objects.get(kind="move")
    pushing.finish_moves(lease, {move.pk: None}, uidvalidity=None)
    assert Change.objects.get(kind="flags").placement_id is None


def test_what_was_to_go_after_a_change_that_failed_stays() -> None:
    box = Mailbox("Drafts")
    row = box.add("Drafts")
    actions.delete_for_good(box.user_id, [row.pk])
    failed = Change.objects.create(account=box.account, kind="append", state="failed", finished_at=timezone.now())
    Change.objects.filter(kind="expunge").update(after=failed)
    box.push()
    assert len(box.ids("Drafts")) == 1
    assert box.shown("Drafts") == [row.message.message_id]


def test_deleting_for_good_expunges_only_what_was_asked() -> None:
    box = Mailbox("Trash")
    row, marked = box.add("Trash"), box.add("Trash")
    box.server.boxes["Trash"].messages[marked.uid or 0].flags.add("\\Deleted")
    actions.trash(box.user_id, [row.pk])
    box.server.fail("expunge", "after")
    box.push()
    box.push()
    assert box.ids("Trash") == [marked.message.message_id]
    row.refresh_from_db()
    assert (row.gone_phase, row.shown) == (2, False)


def test_without_uidplus_nothing_is_expunged_and_all_is_hidden() -> None:
    box = Mailbox("Trash", capabilities=("MOVE",))
    row = box.add("Trash")
    actions.trash(box.user_id, [row.pk])
    box.push()
    assert box.server.boxes["Trash"].messages[1].flags == {"\\Deleted"}
    box.agree()
