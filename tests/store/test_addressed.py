"""What is "to me" follows the addresses of a person, whoever changes them; a large mailbox is told slice by slice."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Identity, MailAccount, User
from mailsync import tasks
from mailsync.models import AddressedTo, Folder, ThreadRow
from mailsync.store import addressed
from mailsync.store.listing import list_rows
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that looks does the work itself."""
    monkeypatch.setattr(tasks.addressed_find, "apply_async", lambda ids, **_options: tasks.addressed_find(*ids))
    monkeypatch.setattr(tasks.addressed_find, "delay", tasks.addressed_find)


def to_me(*folders: Folder) -> set[str]:
    rows = list_rows([folder.pk for folder in folders], by_conversation=True, to_me_only=True).rows
    return {row.subject for row in rows}


def addressed_to(folder: Folder, address: str) -> None:
    make_message(folder, subject=address, recipients={"to": [["", address]]})


def test_every_kind_of_address_is_followed_whoever_changes_it() -> None:
    folder = make_folder()
    account, user = folder.account, folder.account.user
    for address in ("alias@example.test", "other@example.test", "account@example.test", "door@example.test"):
        addressed_to(folder, address)
    tasks.maintain()
    assert to_me(folder) == set()
    # As the administrator's pages and a hand in the database do it, which tell nobody.
    identity = Identity.objects.create(user=user, account=account, address="Alias@example.test")
    tasks.maintain()
    assert to_me(folder) == {"alias@example.test"}
    Identity.objects.filter(pk=identity.pk).update(address="other@example.test")
    tasks.maintain()
    assert to_me(folder) == {"other@example.test"}
    identity.delete()
    MailAccount.objects.filter(pk=account.pk).update(address="account@example.test")
    User.objects.filter(pk=user.pk).update(email="door@example.test")
    for _ in range(2):
        tasks.maintain()
        assert to_me(folder) == {"account@example.test", "door@example.test"}


def test_other_people_are_left_alone() -> None:
    mine, theirs = make_folder(), make_folder()
    for folder in (mine, theirs):
        addressed_to(folder, "alias@example.test")
    Identity.objects.create(user=mine.account.user, account=mine.account, address="alias@example.test")
    tasks.maintain()
    assert (to_me(mine), to_me(theirs)) == ({"alias@example.test"}, set())
    assert addressed.people_addressed_anew() == []


def test_a_large_mailbox_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addressed, "SLICE_ROWS", 2)
    account = make_account()
    folders = [make_folder(account, f"Box {number}") for number in range(3)]
    for folder in folders:
        for _ in range(3):
            addressed_to(folder, "alias@example.test")
    user_id = account.user_id
    Identity.objects.create(user=account.user, account=account, address="alias@example.test")
    assert addressed.find_addressed(user_id, slices=3)
    assert 0 < ThreadRow.objects.filter(to_me=True).count() < 9
    assert addressed.people_addressed_anew() == [user_id]
    # An address that changes half way begins it anew.
    Identity.objects.filter(address="alias@example.test").update(address="none@nowhere.test")
    while addressed.find_addressed(user_id, slices=1):
        pass
    assert not ThreadRow.objects.filter(to_me=True).exists()
    assert AddressedTo.objects.get().folder is None


def test_where_nothing_has_changed_nothing_is_read_or_written() -> None:
    folder = make_folder()
    addressed_to(folder, "alias@example.test")
    tasks.maintain()
    with CaptureQueriesContext(connection) as captured:
        assert not addressed.find_addressed(folder.account.user_id)
    assert not any("mailsync_threadrow" in query["sql"] for query in captured.captured_queries)


def test_a_person_who_has_left_is_no_work() -> None:
    assert not addressed.find_addressed(999_999_999)
