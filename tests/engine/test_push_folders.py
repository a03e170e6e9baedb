"""Folders made, renamed and deleted by the user, on their way to the server with the mail that goes along."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected
from mailsync.models import Change, Folder
from tests.engine.pushed_box import Mailbox
from tests.factories import raw_message

pytestmark = pytest.mark.django_db


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


def test_a_folder_is_renamed_and_deleted_that_another_program_has_deleted() -> None:
    box = Mailbox("Work")
    work = box.folders["Work"]
    actions.rename_folder(box.user_id, work.pk, "Job")
    del box.server.boxes["Work"]
    box.push()
    assert Change.objects.get().finished_at is None, "the next listing may yet tell where it went"
    actions.delete_folder(box.user_id, work.pk)
    box.push()
    Change.objects.update(due_at=None)
    box.push()
    assert not Folder.objects.filter(pk=work.pk).exists()
    assert not Change.objects.filter(finished_at=None).exists()


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
