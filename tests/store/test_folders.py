"""LIST applied: made, changed, marked missing; never wiped, never two of one role."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.models import Change, Folder
from mailsync.store import leases
from mailsync.store.folders import apply_list, begin_epoch
from mailsync.store.vanish import purge_folders, retire_missing
from mailsync.types import FolderStatus, RemoteFolder, Role, SelectedFolder
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


def lease_of(account: MailAccount) -> leases.HeldLease:
    lease = leases.claim(account.pk, "pull") or leases.claim(account.pk, "other")
    assert lease is not None
    return lease


def remote(path: str, role: Role = Role.NONE, *attributes: str, **fields: object) -> RemoteFolder:
    return RemoteFolder(path, path.encode(), "/", attributes, role=role, **fields)  # type: ignore[arg-type]


def test_folders_are_made_and_followed(account: MailAccount) -> None:
    lease = lease_of(account)
    listed = apply_list(
        lease,
        [
            remote("INBOX", Role.INBOX),
            remote("Werk/Pläne"),
            remote("Holder", selectable=False),
            remote("Sent", Role.SENT),
        ],
    )
    assert [entry.folder.path for entry in listed] == ["INBOX", "Werk/Pläne", "Sent"]
    plans = Folder.objects.get(path="Werk/Pläne")
    assert (plans.name, plans.role, bytes(plans.path_raw)) == ("Pläne", "", "Werk/Pläne".encode())
    apply_list(lease, [remote("INBOX", Role.INBOX), remote("Werk/Pläne", subscribed=False)])
    plans.refresh_from_db()
    assert plans.subscribed is False
    sent = Folder.objects.get(path="Sent")
    assert sent.missing_since is not None
    # The role is free for a folder that takes its place.
    apply_list(lease, [remote("INBOX", Role.INBOX), remote("Gesendet", Role.SENT)])
    assert Folder.objects.get(role="sent").path == "Gesendet"


@pytest.mark.parametrize("listed", [[], [remote("", Role.INBOX)], [remote("Holder", selectable=False)]])
def test_an_unusable_list_changes_nothing(account: MailAccount, listed: list[RemoteFolder]) -> None:
    folder = make_folder(account)
    make_message(folder)
    assert apply_list(lease_of(account), listed) == []
    folder.refresh_from_db()
    assert (folder.missing_since, folder.role, folder.total) == (None, "inbox", 1)
    assert Folder.objects.count() == 1


def test_one_folder_a_role(account: MailAccount) -> None:
    apply_list(
        lease_of(account),
        [
            remote("INBOX", Role.INBOX),
            remote("Old/Sent", Role.SENT),
            remote("Sent Items", Role.SENT, "\\Sent"),
            remote("Sent", Role.SENT),
            remote("Trash", Role.TRASH),
        ],
    )
    roles = dict(Folder.objects.exclude(role="").values_list("role", "path"))
    assert roles == {"inbox": "INBOX", "sent": "Sent Items", "trash": "Trash"}


def test_local_folders_are_none_of_the_server(account: MailAccount) -> None:
    local = make_folder(account, "Outbox", is_local=True)
    apply_list(lease_of(account), [remote("INBOX", Role.INBOX)])
    local.refresh_from_db()
    assert local.missing_since is None


def test_the_same_list_twice_writes_nothing(account: MailAccount, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    lease = lease_of(account)
    listed = [remote("INBOX", Role.INBOX), *(remote(f"Box {n}") for n in range(30))]
    apply_list(lease, listed)
    with django_assert_max_num_queries(6):
        apply_list(lease, listed)


def test_a_rename_by_another_client_keeps_the_row_and_its_mail(account: MailAccount) -> None:
    lease = lease_of(account)
    folder = make_folder(account, "Plans", uidvalidity=9, uidnext_seen=5, exists_seen=1)
    make_message(folder)
    status = FolderStatus(messages=1, uidnext=5, uidvalidity=9)
    apply_list(lease, [remote("INBOX", Role.INBOX), remote("Ideas", status=status)])
    folder.refresh_from_db()
    assert (folder.path, folder.name, folder.missing_since) == ("Ideas", "Ideas", None)
    assert Folder.objects.count() == 2


@pytest.mark.parametrize(
    ("paths", "status"),
    [
        (["Ideas"], FolderStatus(messages=1, uidnext=5, uidvalidity=8)),
        (["Ideas"], FolderStatus(messages=2, uidnext=5, uidvalidity=9)),
        (["Ideas"], None),
        (["Ideas", "Other"], FolderStatus(messages=1, uidnext=5, uidvalidity=9)),
        (["Ideas", "Plans"], FolderStatus(messages=1, uidnext=5, uidvalidity=9)),
    ],
)
def test_what_only_looks_like_a_rename_is_none(
    account: MailAccount, paths: list[str], status: FolderStatus | None
) -> None:
    folder = make_folder(account, "Plans", uidvalidity=9, uidnext_seen=5, exists_seen=1)
    apply_list(lease_of(account), [remote(path, status=status) for path in paths])
    folder.refresh_from_db()
    assert folder.path == "Plans"
    assert (folder.missing_since is None) is ("Plans" in paths)


def test_what_the_user_did_to_folders_wins_over_list(account: MailAccount) -> None:
    lease = lease_of(account)
    made, named, dropped = (make_folder(account, path, uidvalidity=None) for path in ("Made", "Old", "Dropped"))
    change = {"account": account}
    Change.objects.create(kind=Change.Kind.FOLDER_CREATE, target=made, path="Made", **change)
    Change.objects.create(kind=Change.Kind.FOLDER_RENAME, source=named, path="New", **change)
    Change.objects.create(kind=Change.Kind.FOLDER_DELETE, source=dropped, **change)
    Folder.objects.filter(pk=named.pk).update(name="New")
    Folder.objects.filter(pk=dropped.pk).update(missing_since=timezone.now())
    listed = apply_list(lease, [remote("INBOX", Role.INBOX), remote("Old"), remote("Dropped")])
    assert {entry.folder.path for entry in listed} == {"INBOX", "Old"}
    for folder in (made, named, dropped):
        folder.refresh_from_db()
    assert (made.missing_since, named.name) == (None, "New")
    assert dropped.missing_since is not None
    # The server has renamed it, and the push has not yet noted that.
    apply_list(lease, [remote("INBOX", Role.INBOX), remote("New"), remote("Made")])
    named.refresh_from_db()
    assert (named.path, named.missing_since) == ("New", None)


def test_the_mail_of_a_folder_missing_for_a_day_is_hidden(account: MailAccount) -> None:
    lease = lease_of(account)
    folder = make_folder(account, "Plans")
    placement = make_message(folder)
    apply_list(lease, [remote("INBOX", Role.INBOX)])
    assert retire_missing(lease) == []
    Folder.objects.filter(pk=folder.pk).update(missing_since=timezone.now() - timedelta(days=2))
    (counts,) = retire_missing(lease)
    assert (counts.folder_id, counts.total) == (folder.pk, 0)
    placement.refresh_from_db()
    assert (placement.gone_phase, placement.shown) == (1, False)
    assert retire_missing(lease) == []


def selected(uidvalidity: int) -> SelectedFolder:
    return SelectedFolder(0, uidvalidity, 1, None, (), True)


def test_epochs_grow_and_the_first_one_is_no_change(account: MailAccount) -> None:
    lease = lease_of(account)
    folder = make_folder(account, uidvalidity=None, header_cursor=None)
    five, six = selected(5), selected(6)
    assert begin_epoch(lease, folder.pk, five).epoch == 1
    assert begin_epoch(lease, folder.pk, five).epoch == 1
    Folder.objects.update(header_cursor=1, highestmodseq=9, uidnext_seen=4)
    again = begin_epoch(lease, folder.pk, six)
    assert (again.epoch, again.header_cursor, again.highestmodseq, again.uidnext_seen) == (2, None, None, None)
    # A server that goes back to an old value begins a new epoch all the same.
    assert begin_epoch(lease, folder.pk, five).epoch == 3
    # What is numbered alike, and yet is another folder; its identity is no news where none was known.
    assert begin_epoch(lease, folder.pk, replace(five, mailbox_id="a")).epoch == 3
    Folder.objects.update(mailbox_id="a")
    other = begin_epoch(lease, folder.pk, replace(five, mailbox_id="b"))
    assert (other.epoch, other.mailbox_id) == (4, "b")


def test_a_folder_that_is_long_gone_is_forgotten_when_it_is_empty(account: MailAccount) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    kept = make_folder(account, "Kept", missing_since=long_ago)
    make_message(kept)
    make_folder(account, "Gone", missing_since=long_ago)
    make_folder(account, "Just now", missing_since=timezone.now())
    assert purge_folders() == 1
    assert set(Folder.objects.values_list("path", flat=True)) == {"Kept", "Just now"}
