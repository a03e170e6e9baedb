"""Folders made, renamed, moved, deleted and subscribed to: what the tree shows at once, what is refused, and Undo."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected
from mailsync.models import Change, Folder, Placement
from mailsync.store.tree import load_tree
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    account = make_account()
    for path in ("INBOX", "Work", "Work/Plans", "Work/Plans/2026", "Home"):
        make_folder(account, path)
    make_folder(account, "Trash", role="trash")
    return account


def tree(account: MailAccount) -> list[str]:
    """What the user sees: names, with a dot for each level."""
    return ["." * line.depth + line.folder.name for line in load_tree(account.user_id)[0].folders]


def folder(path: str) -> Folder:
    return Folder.objects.get(path=path)


def push(account: MailAccount, server: FakeServer | None = None) -> FakeServer:
    server = server or FakeServer(*Folder.objects.filter(account=account).values_list("path", flat=True))
    Change.objects.update(hold_until=timezone.now() - timedelta(seconds=1), due_at=None)
    push_changes(account.pk, open_source=server.connect)
    return server


def test_names_are_checked(account: MailAccount) -> None:
    made = actions.create_folder(account.user_id, account.pk, "  Old   mail ")
    assert Folder.objects.get(pk=made.folder_id).path == "Old mail"
    assert (made.count, made.label) == (1, "Folder “Old mail” created")
    for name in ("", "a/b", "a*", "x" * 101, "a\x00b", "old MAIL"):
        with pytest.raises(actions.CannotDo):
            actions.create_folder(account.user_id, account.pk, name)
    for attempt in (actions.rename_folder, actions.move_folder):
        with pytest.raises(actions.CannotDo, match="purpose"):
            attempt(account.user_id, folder("INBOX").pk, "Other" if attempt is actions.rename_folder else None)
    # Another spelling of its own name is no clash.
    assert actions.rename_folder(account.user_id, folder("Home").pk, "HOME").count == 1


def test_a_stranger_reaches_no_folder(account: MailAccount) -> None:
    stranger, work = make_user().pk, folder("Work").pk
    attempts = (
        lambda: actions.create_folder(stranger, account.pk, "x"),
        lambda: actions.rename_folder(stranger, work, "x"),
        lambda: actions.move_folder(stranger, work),
        lambda: actions.delete_folder(stranger, work),
        lambda: actions.subscribe_folder(stranger, work, False),
    )
    for attempt in attempts:
        with pytest.raises(actions.NotYours):
            attempt()
    mine = make_account()
    with pytest.raises(actions.NotYours):
        actions.create_folder(mine.user_id, mine.pk, "x", work)


def test_the_tree_shows_a_move_before_the_server_knows(account: MailAccount) -> None:
    actions.move_folder(account.user_id, folder("Work/Plans").pk, folder("Home").pk)
    assert tree(account) == ["INBOX", "Home", ".Plans", "..2026", "Work", "Trash"]
    actions.rename_folder(account.user_id, folder("Home").pk, "House")
    actions.create_folder(account.user_id, account.pk, "2027", folder("Work/Plans").pk)
    assert tree(account) == ["INBOX", "House", ".Plans", "..2026", "..2027", "Work", "Trash"]
    server = push(account)
    assert sorted(server.boxes) == [
        *("House", "House/Plans", "House/Plans/2026", "House/Plans/2027", "INBOX", "Trash", "Work")
    ]
    assert sorted(Folder.objects.values_list("path", flat=True)) == sorted(server.boxes)
    assert tree(account) == ["INBOX", "House", ".Plans", "..2026", "..2027", "Work", "Trash"]


def test_renames_one_below_the_other_may_arrive_in_any_order(account: MailAccount) -> None:
    actions.rename_folder(account.user_id, folder("Work/Plans").pk, "Ideas")
    actions.rename_folder(account.user_id, folder("Work").pk, "Job")
    first = Change.objects.earliest("id")
    Change.objects.filter(pk=first.pk).update(hold_until=timezone.now() + timedelta(hours=1))
    server = FakeServer(*Folder.objects.values_list("path", flat=True))
    push_changes(account.pk, open_source=server.connect)
    assert tree(account) == ["INBOX", "Home", "Job", ".Ideas", "..2026", "Trash"]
    push(account, server)
    assert {"Job", "Job/Ideas", "Job/Ideas/2026"} < set(server.boxes)
    assert set(Folder.objects.values_list("path", flat=True)) == set(server.boxes)


def test_a_folder_goes_not_below_itself_nor_to_another_account(account: MailAccount) -> None:
    for below in ("Work", "Work/Plans", "Work/Plans/2026"):
        with pytest.raises(actions.CannotDo, match="itself"):
            actions.move_folder(account.user_id, folder("Work").pk, folder(below).pk)
    other = make_folder(make_account(account.user), "Elsewhere")
    with pytest.raises(actions.CannotDo, match="another account"):
        actions.move_folder(account.user_id, folder("Work").pk, other.pk)
    make_folder(account, "Home/Plans")
    with pytest.raises(actions.CannotDo, match="exists already"):
        actions.move_folder(account.user_id, folder("Work/Plans").pk, folder("Home").pk)


@pytest.mark.parametrize("is_pushed", [False, True])
def test_undo_of_each_verb(account: MailAccount, is_pushed: bool) -> None:
    before = tree(account)
    server = FakeServer(*Folder.objects.values_list("path", flat=True))
    paths = set(server.boxes)
    user, plans = account.user_id, folder("Work/Plans").pk
    for act in (
        lambda: actions.create_folder(user, account.pk, "New", plans),
        lambda: actions.rename_folder(user, folder("Work").pk, "Job"),
        lambda: actions.move_folder(user, plans, None),
    ):
        result = act()
        assert tree(account) != before
        if is_pushed:
            push(account, server)
            assert set(server.boxes) != paths
        assert actions.undo(user, result.group)
        assert tree(account) == before
        push(account, server)
        assert set(server.boxes) == paths
        assert tree(account) == before
    assert not Change.objects.filter(finished_at=None).exists()


def test_a_deleted_folder_comes_back_while_the_toast_stands(account: MailAccount) -> None:
    home = folder("Home")
    with pytest.raises(actions.CannotDo, match="subfolders"):
        actions.delete_folder(account.user_id, folder("Work").pk)
    result = actions.delete_folder(account.user_id, home.pk)
    assert "Home" not in tree(account)
    assert actions.undo(account.user_id, result.group)
    assert "Home" in tree(account)
    result = actions.delete_folder(account.user_id, home.pk)
    push(account)
    assert not Folder.objects.filter(pk=home.pk).exists()
    with pytest.raises(actions.NotYours):
        # Nothing is left of it to be taken back.
        actions.undo(make_user().pk, result.group)
    assert not actions.undo(account.user_id, result.group)


def test_a_folder_with_mail_goes_after_its_mail_is_in_trash(account: MailAccount) -> None:
    home = folder("Home")
    server = FakeServer(*Folder.objects.values_list("path", flat=True))
    row = make_message(home, uid=server.boxes["Home"].add(b"Subject: x\r\n\r\n"))
    with pytest.raises(actions.CannotDo, match="still holds"):
        actions.delete_folder(account.user_id, home.pk)
    result = actions.delete_folder(account.user_id, home.pk, mail_to_trash=True)
    assert Placement.objects.get(folder=folder("Trash")).shown
    assert actions.undo(account.user_id, result.group)
    row.refresh_from_db()
    assert (row.shown, "Home" in tree(account)) == (True, True)
    actions.delete_folder(account.user_id, home.pk, mail_to_trash=True)
    push(account, server)
    push(account, server)
    assert "Home" not in server.boxes
    assert len(server.boxes["Trash"].messages) == 1


def test_a_name_is_free_again_after_a_deletion(account: MailAccount) -> None:
    home = folder("Home")
    actions.delete_folder(account.user_id, home.pk)
    again = actions.create_folder(account.user_id, account.pk, "Home")
    assert again.folder_id == home.pk
    server = push(account)
    assert ("Home" in server.boxes, server.log) == (True, [])
    # A folder that another program deleted has left its row, and its name is free.
    Folder.objects.filter(pk=home.pk).update(missing_since=timezone.now())
    del server.boxes["Home"]
    actions.create_folder(account.user_id, account.pk, "Home")
    push(account, server)
    assert "Home" in server.boxes
    assert folder("Home").missing_since is None


def test_what_the_server_refuses_is_undone_and_told(account: MailAccount) -> None:
    before = tree(account)
    server = FakeServer(*Folder.objects.values_list("path", flat=True))
    for method in ("create_folder", "rename_folder", "subscribe"):
        server.fail(method, Rejected("no", code="NOPERM", line="NO [NOPERM]"))
    actions.create_folder(account.user_id, account.pk, "New")
    actions.move_folder(account.user_id, folder("Work/Plans").pk, folder("Home").pk)
    actions.subscribe_folder(account.user_id, folder("Home").pk, False)
    push(account, server)
    assert tree(account) == before
    assert folder("Home").subscribed
    assert Change.objects.filter(state="failed", error__contains="does not allow").count() == 3


def test_subscriptions_reach_the_server(account: MailAccount) -> None:
    result = actions.subscribe_folder(account.user_id, folder("Home").pk, False)
    server = push(account)
    assert server.unsubscribed == {"Home"}
    assert actions.undo(account.user_id, result.group)
    push(account, server)
    assert (server.unsubscribed, folder("Home").subscribed) == (set(), True)


def test_folders_of_a_pop3_account_are_ours_alone() -> None:
    account = make_account(protocol="pop3")
    make_folder(account, "INBOX", is_local=True)
    make_folder(account, "Trash", role="trash", is_local=True)
    user = account.user_id
    work = actions.create_folder(user, account.pk, "Work").folder_id
    plans = actions.create_folder(user, account.pk, "Plans", work).folder_id
    assert work is not None
    assert plans is not None
    renamed = actions.rename_folder(user, work, "Job")
    assert set(Folder.objects.values_list("path", flat=True)) == {"INBOX", "Trash", "Job", "Job/Plans"}
    assert actions.undo(user, renamed.group)
    moved = actions.move_folder(user, plans)
    assert tree(account) == ["INBOX", "Plans", "Work", "Trash"]
    assert actions.undo(user, moved.group)
    row = make_message(folder("Work/Plans"))
    actions.delete_folder(user, plans, mail_to_trash=True)
    server = push(account, FakeServer())
    assert server.connections == 0
    assert not Folder.objects.filter(pk=plans).exists()
    row.refresh_from_db()
    assert row.folder.role == "trash"
    assert not Change.objects.filter(finished_at=None).exists()
