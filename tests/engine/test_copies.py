"""Copies within an account and into another one: made once whatever breaks, undone, and nothing lost on the way."""

import pytest

from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected
from mailsync.models import Change, Folder, Message, Placement
from mailsync.types import CopyResult, Flags, RemoteFolder
from tests.engine.fake_server import FakeSource
from tests.engine.test_push import Mailbox
from tests.factories import make_account, make_folder, make_message, raw_message

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("capabilities", [("MOVE", "UIDPLUS"), ()])
@pytest.mark.parametrize("faults", [{}, {"copy": "after"}, {"copy": "before"}, {"fetch_headers": "before"}])
def test_a_copy_is_made_once_whatever_breaks(capabilities: tuple[str, ...], faults: dict[str, str]) -> None:
    box = Mailbox("Work", capabilities=capabilities)
    rows = [box.add() for _ in range(3)]
    for method, how in faults.items():
        box.server.fail(method, how)
    result = actions.copy(box.user_id, [row.pk for row in rows], box.folders["Work"].pk)
    assert result.count == 3
    assert box.shown("Work") == box.shown("INBOX")
    for _ in range(3):
        box.push()
    assert box.ids("Work") == box.ids("INBOX") == sorted(row.message.message_id for row in rows)
    box.agree()


def test_a_copy_is_taken_back_before_and_after_it_has_left() -> None:
    box = Mailbox("Work")
    row = box.add()
    for is_pushed in (False, True):
        result = actions.copy(box.user_id, [row.pk], box.folders["Work"].pk)
        if is_pushed:
            box.push()
            assert len(box.ids("Work")) == 1
        assert actions.undo(box.user_id, result.group)
        box.push()
        assert (box.ids("Work"), box.shown("Work")) == ([], [])
    assert box.ids("INBOX") == [row.message.message_id]
    box.agree()


def test_a_copy_of_what_has_gone_and_one_that_is_refused_are_taken_off_the_screen() -> None:
    box = Mailbox("Work")
    gone, refused = box.add(), box.add()
    del box.server.boxes["INBOX"].messages[gone.uid or 0]
    actions.copy(box.user_id, [gone.pk], box.folders["Work"].pk)
    box.push()
    assert Change.objects.get().error == "The message had gone from the server."
    box.server.fail("copy", Rejected("no", code="OVERQUOTA", line="NO [OVERQUOTA] full"))
    actions.copy(box.user_id, [refused.pk], box.folders["Work"].pk)
    box.push()
    assert "full" in Change.objects.latest("id").error
    assert box.shown("Work") == box.ids("Work") == []


def test_mail_moves_into_another_account_and_the_original_goes_to_trash_afterwards() -> None:
    there, here = Mailbox("Trash"), Mailbox("Kept")
    type(here.account).objects.filter(pk=here.account.pk).update(user=there.account.user)
    row = there.add()
    actions.flag(there.user_id, [row.pk])
    there.push()
    result = actions.move(there.user_id, [row.pk], here.folders["Kept"].pk)
    assert result.count == 1
    assert here.shown("Kept") == there.shown("Trash") == [row.message.message_id]
    there.push()
    assert there.ids("INBOX") == [row.message.message_id], "nothing leaves before its copy is there"
    here.server.fail("append", "after")
    here.push()
    here.push()
    there.push()
    (copied,) = here.server.boxes["Kept"].messages.values()
    (original,) = there.server.boxes["Trash"].messages.values()
    assert copied.raw == original.raw
    assert copied.flags == {"\\Flagged"}
    assert there.ids("INBOX") == []
    here.agree()
    there.agree()


def test_a_copy_that_the_other_account_refuses_keeps_the_original_where_it_was() -> None:
    there, here = Mailbox("Trash"), Mailbox("Kept")
    type(here.account).objects.filter(pk=here.account.pk).update(user=there.account.user)
    row = there.add()
    actions.move(there.user_id, [row.pk], here.folders["Kept"].pk)
    here.server.fail("append", Rejected("no", code="OVERQUOTA", line="NO [OVERQUOTA] full"))
    here.push()
    there.push()
    assert (here.shown("Kept"), there.shown("Trash")) == ([], [])
    assert there.shown("INBOX") == there.ids("INBOX") == [row.message.message_id]


def test_mail_of_a_pop3_account_is_filed_on_a_server() -> None:
    here = Mailbox("Kept")
    pop = make_account(here.account.user, protocol="pop3")
    row = make_message(make_folder(pop, is_local=True), raw_message("Old", Message_ID=""), message_id="")
    actions.copy(pop.user_id, [row.pk], here.folders["Kept"].pk)
    # Another message without an id lies there already: it is not taken for this one.
    here.server.boxes["Kept"].add(raw_message("Other", Message_ID=""))
    here.server.fail("append", "after")
    here.push()
    here.push()
    assert [stored.raw.split(b"\r\n")[0] for stored in here.server.boxes["Kept"].messages.values()] == [
        b"Subject: Other",
        b"Subject: Old",
    ]
    assert Placement.objects.get(folder=here.folders["Kept"]).uid == 2
    row.refresh_from_db()
    assert row.folder.account_id == pop.pk


def test_a_message_whose_body_is_still_to_come_is_not_copied_to_another_account() -> None:
    box, other = Mailbox(), Mailbox("Kept")
    type(other.account).objects.filter(pk=other.account.pk).update(user=box.account.user)
    row = box.add()
    Message.objects.filter(pk=row.message_id).update(raw=None)
    with pytest.raises(actions.CannotDo, match="just being fetched"):
        actions.copy(box.user_id, [row.pk], other.folders["Kept"].pk)
    assert not Change.objects.exists()


def test_copies_in_a_pop3_account_are_simply_there() -> None:
    account = make_account(protocol="pop3")
    row = make_message(make_folder(account, is_local=True))
    made = actions.create_folder(account.user_id, account.pk, "Kept")
    assert made.folder_id is not None
    result = actions.copy(account.user_id, [row.pk], made.folder_id)
    kept = Folder.objects.get(pk=made.folder_id)
    assert (kept.total, Placement.objects.get(folder=kept).uid) == (1, 1)
    assert actions.undo(account.user_id, result.group)
    push_changes(account.pk)
    kept.refresh_from_db()
    assert kept.total == 0


class Picky(FakeSource):
    """Keeps no keywords, and cannot search for a header field."""

    def append(self, folder: RemoteFolder, raw: bytes, *, flags: Flags, internal_date: float | None) -> CopyResult:
        if flags.keywords:
            raise Rejected("The mail server refused: Invalid flag", code="BAD", line="BAD Invalid flag")
        return super().append(folder, raw, flags=flags, internal_date=internal_date)

    def find_message_id(self, message_id: str, *, above_uid: int = 0) -> list[int]:
        raise Rejected("The mail server refused: Unknown key", code="BAD", line="BAD Unknown key")


@pytest.mark.parametrize("fault", ["", "before", "after"])
def test_a_picky_server_is_given_the_message_all_the_same(fault: str) -> None:
    box = Mailbox("Work")
    old = make_message(make_folder(make_account(box.account.user)), seen=True, keywords=["$Work"])
    actions.copy(box.user_id, [old.pk], box.folders["Work"].pk)
    if fault:
        box.server.fail("append", fault)
    for _ in range(3):
        Change.objects.filter(due_at__isnull=False).update(due_at=None)
        push_changes(box.account.pk, open_source=lambda _account: Picky(box.server))
    [stored] = box.server.boxes["Work"].messages.values()
    assert stored.flags == {"\\Seen"}
    assert not Change.objects.filter(finished_at=None).exists()
    assert not Change.objects.filter(state="failed").exists()
