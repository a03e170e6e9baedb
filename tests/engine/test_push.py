"""What the user did reaches the server once, whatever breaks on the way, and failures are undone and told."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import MailError, NeedsUser, Rejected, TryLater, TryNow
from mailsync.models import AccountSync, Change, Folder, Placement, ThreadRow
from mailsync.store import leases, pushing
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder, make_message, raw_message

pytestmark = pytest.mark.django_db


class Mailbox:
    """An account here and its server there, with the same mail in both."""

    def __init__(self, *paths: str, capabilities: tuple[str, ...] = ("MOVE", "UIDPLUS")) -> None:
        self.account: MailAccount = make_account()
        self.user_id = self.account.user_id
        self.server = FakeServer("INBOX", *paths, capabilities=capabilities)
        roles = {"Trash": "trash", "Archive": "archive", "Sent": "sent", "Drafts": "drafts"}
        self.folders: dict[str, Folder] = {
            path: make_folder(self.account, path, role=roles.get(path, "inbox" if path == "INBOX" else ""))
            for path in self.server.boxes
        }

    def add(self, path: str = "INBOX", **fields: Any) -> Placement:
        raw = raw_message()
        uid = self.server.boxes[path].add(raw)
        message_id = self.server.boxes[path].messages[uid].message_id
        return make_message(self.folders[path], raw, uid=uid, message_id=message_id, **fields)

    def push(self) -> None:
        """The toast has gone, the backoff is over: push what is there."""
        past = timezone.now() - timedelta(seconds=1)
        Change.objects.filter(hold_until__isnull=False).update(hold_until=past)
        Change.objects.filter(due_at__isnull=False).update(due_at=past)
        push_changes(self.account.pk, open_source=self.server.connect)

    def ids(self, path: str) -> list[str]:
        return self.server.boxes[path].ids()

    def shown(self, path: str) -> list[str]:
        """The Message-IDs that the user sees in a folder; the counts must agree."""
        folder = self.folders[path]
        folder.refresh_from_db()
        found = Placement.objects.filter(folder=folder, shown=True).select_related("message")
        assert folder.total == len(found) == sum(r.message_count for r in ThreadRow.objects.filter(folder=folder))
        assert folder.unread == sum(not row.seen for row in found)
        return sorted(row.message.message_id for row in found)

    def agree(self) -> None:
        """Server and screen show the same; every shown placement has the UID of its message; nothing is open."""
        assert not Change.objects.filter(finished_at=None).exists()
        for path, box in self.server.boxes.items():
            live = {uid: row for uid, row in box.messages.items() if "\\Deleted" not in row.flags}
            assert self.shown(path) == sorted(row.message_id for row in live.values())
            placements = Placement.objects.filter(folder=self.folders[path], shown=True)
            assert {row.uid: row.message.message_id for row in placements} == {
                uid: row.message_id for uid, row in live.items()
            }


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


def test_archive_is_created_before_mail_goes_there() -> None:
    box = Mailbox()
    row = box.add()
    box.server.fail("create_folder", "after")
    actions.archive(box.user_id, [row.pk])
    box.folders["Archive"] = Folder.objects.get(role="archive")
    box.push()
    box.push()
    assert box.ids("Archive") == [row.message.message_id]
    assert bytes(Folder.objects.get(role="archive").path_raw) == b"Archive"
    box.agree()


def test_a_folder_that_cannot_be_made_gives_the_mail_back() -> None:
    box = Mailbox()
    row = box.add()
    box.server.fail("create_folder", Rejected("no", code="NOPERM", line="NO [NOPERM]"))
    actions.archive(box.user_id, [row.pk])
    box.push()
    assert box.shown("INBOX") == [row.message.message_id]
    assert not Folder.objects.filter(role="archive").exists()
    assert Change.objects.filter(state="failed").count() == 2


def test_folders_are_renamed_with_what_is_below_and_deleted_when_empty() -> None:
    box = Mailbox("Work", "Work/Old")
    actions.rename_folder(box.user_id, box.folders["Work"].pk, "Job")
    box.server.fail("rename_folder", "after")
    box.push()
    box.push()
    assert sorted(box.server.boxes) == ["INBOX", "Job", "Job/Old"]
    paths = Folder.objects.filter(account=box.account).values_list("path", flat=True)
    assert sorted(paths) == ["INBOX", "Job", "Job/Old"]
    actions.delete_folder(box.user_id, box.folders["Work/Old"].pk)
    box.push()
    assert sorted(box.server.boxes) == ["INBOX", "Job"]


def test_a_folder_is_deleted_only_after_its_mail_has_left() -> None:
    box = Mailbox("Work", "Archive")
    row = box.add("Work")
    actions.move(box.user_id, [row.pk], box.folders["Archive"].pk)
    actions.delete_folder(box.user_id, box.folders["Work"].pk)
    # The move is held back for the toast; DELETE would take the message along.
    push_changes(box.account.pk, open_source=box.server.connect)
    assert box.ids("Work") == [row.message.message_id]
    box.push()
    box.push()
    assert sorted(box.server.boxes) == ["Archive", "INBOX"]
    assert box.ids("Archive") == box.shown("Archive") == [row.message.message_id]


def test_a_folder_with_mail_nobody_here_has_seen_is_kept() -> None:
    box = Mailbox("Work")
    actions.delete_folder(box.user_id, box.folders["Work"].pk)
    box.server.boxes["Work"].add(raw_message())
    box.push()
    assert len(box.ids("Work")) == 1
    change = Change.objects.get()
    assert (change.state, "still holds messages" in change.error) == ("failed", True)
    assert Folder.objects.get(path="Work").missing_since is None


def test_a_renumbered_folder_waits_for_the_pull() -> None:
    box = Mailbox()
    row = box.add()
    actions.flag(box.user_id, [row.pk], True)
    box.server.boxes["INBOX"].uidvalidity = 99
    box.push()
    change = Change.objects.get()
    assert change.state == "queued"
    assert change.due_at is not None
    assert box.server.boxes["INBOX"].messages[1].flags == set()


def test_a_change_waits_as_long_as_its_folder_is_read_anew() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    # The server came back after days, renumbered, and the pull has only begun.
    Change.objects.update(created_at=timezone.now() - timedelta(days=3))
    Folder.objects.filter(pk=box.folders["INBOX"].pk).update(epoch=2, header_cursor=500)
    box.push()
    assert Change.objects.get().state == "queued"
    Folder.objects.filter(pk=box.folders["INBOX"].pk).update(header_cursor=1)
    box.push()
    assert Change.objects.get().state == "failed"


def test_a_throttled_server_is_left_alone_for_as_long_as_it_said() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    box.server.fail("select", TryLater("busy", after_seconds=120))
    box.push()
    due = AccountSync.objects.get(account=box.account).push_due_at
    assert due is not None
    assert timedelta(seconds=110) < due - timezone.now() < timedelta(seconds=125)


def test_tries_run_out() -> None:
    box = Mailbox()
    row = box.add()
    actions.flag(box.user_id, [row.pk], True)
    for _ in range(12):
        box.server.fail("store_flags", TryLater("busy"))
        box.push()
    # An hour of a busy server takes nothing back; two days of it do.
    assert Change.objects.get().state == "queued"
    Change.objects.update(created_at=timezone.now() - timedelta(days=3))
    box.server.fail("store_flags", TryLater("busy"))
    box.push()
    change = Change.objects.get()
    assert (change.state, change.attempts) == ("failed", 13)
    row.refresh_from_db()
    assert not row.flagged


@pytest.mark.parametrize("error", [TryLater("Cannot be reached."), TryNow("Hung up.")])
def test_a_server_out_of_reach_takes_nothing_back(error: MailError) -> None:
    box = Mailbox()
    row = box.add()
    actions.flag(box.user_id, [row.pk], True)
    Change.objects.update(created_at=timezone.now() - timedelta(days=9))
    box.server.fail("connect", *[error] * 40)
    for _ in range(15):
        box.push()
    assert (Change.objects.get().state, Change.objects.get().attempts) == ("queued", 0)
    box.server.faults.clear()
    box.push()
    assert box.server.boxes["INBOX"].messages[1].flags == {"\\Flagged"}
    box.agree()


def test_a_refused_password_keeps_the_changes() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    box.server.fail("connect", NeedsUser("no", code="password"))
    box.push()
    change = Change.objects.get()
    assert (change.state, change.attempts) == ("queued", 0)


class Killed(BaseException):
    """As by kill -9: nothing that would tidy up runs."""


def dying_commit(real: Callable[..., Any], fatal: int, when: str) -> Callable[..., Any]:
    count = itertools.count(1)

    @contextmanager
    def dying(lease: leases.HeldLease) -> Iterator[None]:
        number = next(count)
        if number == fatal and when == "before":
            raise Killed
        with real(lease):
            yield
        if number == fatal:
            raise Killed

    return dying


@pytest.mark.parametrize("capabilities", [("MOVE", "UIDPLUS"), ("MOVE",), ("UIDPLUS",), ()])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_commit(capabilities: tuple[str, ...], when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die before (or just after) the n-th commit of the run, start again, and end as if nothing had happened."""
    real: Callable[..., Any] = leases.commit
    for fatal in range(1, 12):
        box = Mailbox("Work", "Trash", capabilities=capabilities)
        moved, thrown, read = box.add(), box.add("Trash"), box.add()
        actions.mark_read(box.user_id, [read.pk], True)
        actions.move(box.user_id, [moved.pk], box.folders["Work"].pk)
        actions.trash(box.user_id, [thrown.pk])
        monkeypatch.setattr(leases, "commit", dying_commit(real, fatal, when))
        died = False
        try:
            box.push()
        except Killed:
            died = True
        monkeypatch.setattr(leases, "commit", real)
        for _ in range(4):
            box.push()
        assert box.ids("Work") == [moved.message.message_id]
        assert box.shown("Trash") == []
        assert "\\Seen" in box.server.boxes["INBOX"].messages[read.uid or 0].flags
        box.agree()
        if not died:
            assert fatal > 3
            return


def test_a_pop3_account_is_changed_here_and_no_server_is_asked() -> None:
    account = make_account(protocol="pop3")
    trash = make_folder(account, "Trash", role="trash", is_local=True)
    row = make_message(trash)
    actions.trash(account.user_id, [row.pk])
    draft = actions.start_draft(account.user_id, subject="One")
    actions.save_draft(account.user_id, draft.pk, 1, subject="Two")
    past = timezone.now() - timedelta(seconds=1)
    Change.objects.update(hold_until=past)
    type(draft).objects.update(store_due_at=past)
    server = FakeServer()
    push_changes(account.pk, open_source=server.connect)
    assert server.connections == 0
    row.refresh_from_db()
    assert row.gone_phase == 2
    assert Placement.objects.get(folder__role="drafts", shown=True).message.subject == "Two"
    actions.save_draft(account.user_id, draft.pk, 2, subject="Three")
    type(draft).objects.update(store_due_at=past)
    push_changes(account.pk, open_source=server.connect)
    assert Placement.objects.get(folder__role="drafts", shown=True).message.subject == "Three"
    assert not Change.objects.filter(finished_at=None).exists()


def test_a_paused_account_or_a_deactivated_user_pushes_nothing() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    actions.pause_account(box.user_id, box.account.pk)
    box.push()
    actions.resume_account(box.user_id, box.account.pk)
    type(box.account.user).objects.update(is_active=False)
    box.push()
    assert box.server.connections == 0
    assert Change.objects.get().state == "queued"


def test_one_worker_an_account() -> None:
    box = Mailbox()
    actions.flag(box.user_id, [box.add().pk], True)
    with leases.held(box.account.pk, "push"):
        box.push()
    assert box.server.connections == 0
    box.push()
    box.agree()
