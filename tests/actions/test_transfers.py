"""Mail that goes to another account: whole lists of it, worked off in slices, and nothing of it lost on the way."""

import pytest

from mailsync import actions
from mailsync.engine import long_acts
from mailsync.errors import Rejected
from mailsync.models import Act, Change, Folder, Hole, Message, Placement
from mailsync.store import journal_work, mail_imports
from mailsync.store.listed import Listing
from tests.engine.pushed_box import Mailbox
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def old() -> Mailbox:
    return Mailbox("Trash")


@pytest.fixture
def new(old: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    monkeypatch.setattr(long_acts, "SLICE_TRANSFERRED", 3)
    monkeypatch.setattr(long_acts, "SLICE_CHANGES", 3)
    box = Mailbox("Work")
    box.account.user = old.account.user
    box.account.save()
    box.user_id = old.user_id
    return box


def begin(old: Mailbox, new: Mailbox, verb: str) -> Act:
    target = str(new.folders["Work"].pk)
    result = actions.act_on_list(old.user_id, verb, Listing((old.folders["INBOX"].pk,)), argument=target, total=8)
    return Act.objects.get(pk=result.act_id)


def finish(act: Act) -> Act:
    while long_acts.work(act.pk):
        pass
    act.refresh_from_db()
    return act


def test_a_whole_list_moves_to_another_provider(old: Mailbox, new: Mailbox) -> None:
    rows = [old.add(seen=n % 2 == 0) for n in range(8)]
    names = sorted(row.message.message_id for row in rows)
    act = begin(old, new, "move")
    assert long_acts.work(act.pk, run_seconds=0)
    act.refresh_from_db()
    assert (act.state, act.count) == ("working", 3)
    assert finish(act).count == 8
    assert new.shown("Work") == names
    assert old.shown("INBOX") == []
    # Each original stays until its copy is there.
    old.push()
    assert old.ids("INBOX") == names
    new.push()
    old.push()
    assert new.ids("Work") == old.ids("Trash") == names
    assert sum("\\Seen" in one.flags for one in new.server.boxes["Work"].messages.values()) == 4
    old.agree()
    new.agree()


def test_a_whole_list_is_copied_and_the_copies_are_taken_back(old: Mailbox, new: Mailbox) -> None:
    names = sorted(old.add().message.message_id for _ in range(8))
    act = finish(begin(old, new, "copy"))
    new.push()
    assert new.ids("Work") == old.ids("INBOX") == old.shown("INBOX") == names
    assert actions.undo(old.user_id, act.group)
    finish(act)
    new.push()
    assert new.ids("Work") == new.shown("Work") == []
    assert old.shown("INBOX") == names


def test_within_the_account_a_whole_list_is_copied_by_its_server(old: Mailbox) -> None:
    names = sorted(old.add().message.message_id for _ in range(4))
    listing = Listing((old.folders["INBOX"].pk,))
    result = actions.act_on_list(old.user_id, "copy", listing, argument=str(old.folders["Trash"].pk))
    finish(Act.objects.get(pk=result.act_id))
    old.push()
    assert old.ids("Trash") == old.shown("Trash") == old.ids("INBOX") == names
    assert "append" not in old.server.log


def test_what_the_other_server_refuses_is_where_it_was(old: Mailbox, new: Mailbox) -> None:
    names = sorted(old.add().message.message_id for _ in range(3))
    finish(begin(old, new, "move"))
    full = Rejected("no", code="OVERQUOTA", line="NO [OVERQUOTA] full")
    new.server.fail("append", full, full, full)
    new.push()
    old.push()
    assert old.ids("INBOX") == old.shown("INBOX") == names
    assert new.shown("Work") == old.shown("Trash") == []
    old.agree()


def test_what_no_server_keeps_comes_back_too(new: Mailbox) -> None:
    """Of a POP3 account the original goes to the bin at once: the bin is emptied one day."""
    account = make_account(new.account.user, protocol="pop3")
    inbox, bin_ = (make_folder(account, path, role=role, is_local=True) for path, role in POP_FOLDERS)
    rows = [make_message(inbox) for _ in range(2)]
    actions.move(new.user_id, [row.pk for row in rows], new.folders["Work"].pk)
    assert bin_.placements.count() == 2
    full = Rejected("no", code="OVERQUOTA", line="NO [OVERQUOTA] full")
    new.server.fail("append", full)
    new.push()
    assert len(new.ids("Work")) == 1
    assert (inbox.placements.filter(shown=True).count(), bin_.placements.filter(shown=True).count()) == (1, 1)
    inbox.refresh_from_db()
    bin_.refresh_from_db()
    assert (inbox.total, bin_.total) == (1, 1)


POP_FOLDERS = (("INBOX", "inbox"), ("Trash", "trash"))


def test_texts_that_are_still_to_come_are_waited_for(old: Mailbox, new: Mailbox) -> None:
    rows = [old.add() for _ in range(4)]
    raw = rows[0].message.raw
    Message.objects.filter(pk=rows[0].message_id).update(raw=None)
    act = begin(old, new, "copy")
    assert not long_acts.work(act.pk)
    act.refresh_from_db()
    assert (act.state, act.count) == ("working", 3)
    assert act.due_at is not None
    assert journal_work.claim_acts() == []
    Message.objects.filter(pk=rows[0].message_id).update(raw=raw)
    assert finish(act).count == 4
    assert (act.state, "left" in act.detail) == ("done", False)


def test_what_the_server_would_not_give_stays_and_is_counted(old: Mailbox, new: Mailbox) -> None:
    rows = [old.add() for _ in range(4)]
    lost, inbox = rows[0], old.folders["INBOX"]
    Message.objects.filter(pk=lost.message_id).update(raw=None)
    Hole.objects.create(folder=inbox, epoch=lost.epoch, uid=lost.uid or 0, reason="no", attempts=1)
    act = finish(begin(old, new, "move"))
    assert (act.state, act.count, act.detail["left"]) == ("done", 3, 1)
    assert old.shown("INBOX") == [lost.message.message_id]


def test_an_account_that_fetches_nothing_stops_it(old: Mailbox, new: Mailbox) -> None:
    row = old.add()
    Message.objects.filter(pk=row.message_id).update(raw=None)
    act = begin(old, new, "copy")
    actions.pause_account(old.user_id, old.account.pk)
    assert (finish(act).state, act.due_at) == ("stopped", None)
    assert "fetches none" in act.error


def test_no_more_wait_for_the_server_than_may(old: Mailbox, new: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_imports, "MOST_WAITING", 3)
    for _ in range(8):
        old.add()
    act = finish(begin(old, new, "copy"))
    assert (act.state, act.count) == ("working", 3)
    for _ in range(3):
        new.push()
        finish(act)
    assert act.count == 8


def test_a_copy_is_marked_as_the_original_is_shown(old: Mailbox, new: Mailbox) -> None:
    """Read a moment ago: its server does not know that yet."""
    row = old.add()
    actions.mark_read(old.user_id, [row.pk])
    actions.copy(old.user_id, [row.pk], new.folders["Work"].pk)
    copied = Placement.objects.get(folder=new.folders["Work"])
    assert copied.seen
    assert Change.objects.get(kind="append").add_flags == ["\\Seen"]
    assert Folder.objects.get(pk=copied.folder_id).unread == 0
