"""A thousand folders, and all that was ever done to the mail in them: what the column asks and draws stays bounded."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from mailsync.models import AccountSync, Change, Folder
from mailsync.store.opened_list import load_opened
from mailsync.store.schedule import claim_bodies
from mailsync.store.tree import load_tree
from tests.factories import make_account, make_folder, make_message
from tests.store.big_folder import fill
from tests.store.test_listing_size import kept_plans, rows_touched  # noqa: F401

pytestmark = pytest.mark.django_db
FEW, MANY = 200, 1000


def make_folders(inbox: Folder, count: int) -> None:
    account = inbox.account
    AccountSync.objects.filter(account=account).update(last_success_at=Now())
    paths = [f"Area {n // 50}" + (f"/Topic {n}" if n % 50 else "") for n in range(count)]
    Folder.objects.bulk_create(
        Folder(account=account, path=path, name=path.rpartition("/")[2], uidvalidity=1, header_cursor=1)
        for path in paths
    )


def calls(work: Callable[[], Any]) -> int:
    """How many functions written in Python are called."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_a_folder_is_drawn_by_few_calls(browser: Client, anna: User) -> None:
    """It stands in the column and in the menu of those that mail can be moved to."""
    inbox = make_folder(make_account(anna))
    taken = []
    for count in (FEW, MANY):
        Folder.objects.filter(account=inbox.account).exclude(pk=inbox.pk).delete()
        make_folders(inbox, count)
        for _ in range(2):  # what is made once is made
            once = calls(lambda: browser.get(f"/f/{inbox.pk}/"))
        taken.append(once)
    each = (taken[1] - taken[0]) / (MANY - FEW)
    assert each < 250


def test_what_was_done_to_the_mail_is_no_matter_to_the_tree(anna: User, kept_plans: None) -> None:  # noqa: F811
    folder = fill(make_account(anna), "INBOX", 100)
    placement = make_message(make_folder(folder.account, "Other"))
    change = {"account": folder.account, "kind": Change.Kind.FLAGS, "source": folder, "message": placement.message}
    Change.objects.bulk_create(Change(**change, state=Change.State.DONE, finished_at=Now()) for _ in range(3000))
    Change.objects.bulk_create(Change(**change) for _ in range(3000))
    Change.objects.create(account=folder.account, kind=Change.Kind.FOLDER_RENAME, source=placement.folder, path="New")
    tree, read = rows_touched(lambda: load_tree(anna.pk))
    assert {line.folder.wish_path for line in tree[0].folders} == {None, "New"}  # type: ignore[attr-defined]
    assert read <= 200


def test_what_is_done_is_asked_of_what_is_not(anna: User, kept_plans: None) -> None:  # noqa: F811
    inbox = make_folder(make_account(anna))
    make_folders(inbox, MANY)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailsync_folder")
    opened, read = rows_touched(lambda: load_opened(anna.pk, inbox.pk))
    assert opened is not None
    assert opened.is_quiet
    assert read <= 50
    claimed, read = rows_touched(claim_bodies)
    assert claimed == []
    assert read <= 50
    for unfinished in ({"header_cursor": None}, {"header_cursor": 500}, {"bodies_pending": 1}):
        one = Folder.objects.filter(account=inbox.account).last()
        assert one is not None
        Folder.objects.filter(pk=one.pk).update(**unfinished)
        opened = load_opened(anna.pk, inbox.pk)
        assert opened is not None
        assert not opened.is_quiet
        Folder.objects.filter(pk=one.pk).update(header_cursor=1, bodies_pending=0)
