"""Saved searches outlive the folder that they were kept to, and know its name."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.models import Change, Folder
from mailsync.store.saved_searches import Saved, load_saved_searches
from mailsync.store.vanish import purge_folders
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    account = make_account()
    for path in ("INBOX", "Bills"):
        make_folder(account, path)
    make_folder(account, "Trash", role="trash")
    return account


def kept(account: MailAccount) -> Saved:
    (one,) = load_saved_searches(account.user_id)
    return one


def save(account: MailAccount) -> Folder:
    bills = Folder.objects.get(path="Bills")
    actions.save_search(account.user_id, "Big", "larger:1M", bills.pk)
    assert (kept(account).folder_id, kept(account).lost_folder) == (bills.pk, "")
    return bills


def test_a_folder_that_is_deleted_leaves_its_searches(account: MailAccount) -> None:
    bills = save(account)
    deleted = actions.delete_folder(account.user_id, bills.pk)
    assert (kept(account).folder_id, kept(account).lost_folder) == (None, "Bills")
    assert actions.undo(account.user_id, deleted.group)
    assert (kept(account).folder_id, kept(account).lost_folder) == (bills.pk, "")
    actions.delete_folder(account.user_id, bills.pk)
    Change.objects.update(hold_until=timezone.now() - timedelta(seconds=1), due_at=None)
    server = FakeServer(*Folder.objects.values_list("path", flat=True))
    push_changes(account.pk, open_source=server.connect)
    assert not Folder.objects.filter(pk=bills.pk).exists()
    assert (kept(account).name, kept(account).folder_id, kept(account).lost_folder) == ("Big", None, "Bills")


def test_so_does_one_that_has_gone_from_its_server(account: MailAccount) -> None:
    bills = save(account)
    Folder.objects.filter(pk=bills.pk).update(missing_since=timezone.now() - timedelta(days=400))
    assert purge_folders() == 1
    assert (kept(account).folder_id, kept(account).lost_folder) == (None, "Bills")


def test_so_does_an_account(account: MailAccount) -> None:
    save(account)
    actions.delete_account(account.user_id, account.pk)
    assert (kept(account).folder_id, kept(account).lost_folder) == (None, "Bills")


def test_whoever_saves_it_again_has_read_it(account: MailAccount) -> None:
    bills = save(account)
    Folder.objects.filter(pk=bills.pk).update(missing_since=timezone.now() - timedelta(days=400))
    purge_folders()
    actions.save_search(account.user_id, "Big", "larger:1M")
    assert (kept(account).folder_id, kept(account).lost_folder) == (None, "")
