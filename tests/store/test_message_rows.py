"""Lines of single messages follow what becomes of the mail, and lists by message are sorted and narrowed by them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Identity, MailAccount
from mailsync import actions
from mailsync.message.subject import base_subject
from mailsync.models import ByMessage, Folder, MessageRow, Placement
from mailsync.store.addressed import find_addressed
from mailsync.store.list_keys import Filter
from mailsync.store.listing import Sort, list_rows
from mailsync.store.outline import load_outline
from mailsync.store.summary import refresh, remove_placements
from tests.factories import make_account, make_folder, make_message, place
from tests.store.test_sorted_lists import MADE, SORTED

pytestmark = pytest.mark.django_db


def keep(account: MailAccount) -> None:
    """From now on lines are kept of this person's mail, and all of it has them: there is none yet."""
    ByMessage.objects.create(user=account.user, folder=None)


@pytest.fixture
def account() -> MailAccount:
    account = make_account()
    keep(account)
    return account


def truth(account: MailAccount) -> set[tuple[Any, ...]]:
    return {
        (
            *(one.pk, one.folder_id, one.received_at, not one.seen, one.flagged),
            *(one.message.attachment_count > 0, one.message.size_bytes),
        )
        for one in Placement.objects.filter(account=account, shown=True).select_related("message")
    }


def lines(account: MailAccount) -> set[tuple[Any, ...]]:
    columns = ("placement", "folder", "received_at", "unread", "flagged", "has_attachment", "size_bytes")
    return set(MessageRow.objects.filter(folder__account=account).values_list(*columns))


def deeds(user_id: int, inbox: Folder, other: Folder) -> Iterator[Any]:
    first = make_message(inbox, attachment_count=2, size_bytes=9)
    yield
    second = make_message(inbox, thread=first.thread, seen=True)
    yield
    yield actions.mark_read(user_id, [first.pk])
    yield actions.flag(user_id, [first.pk, second.pk])
    yield actions.mark_read(user_id, [second.pk], read=False)
    moved = actions.move(user_id, [first.pk], other.pk)
    yield moved
    yield actions.undo(user_id, moved.group)
    yield actions.archive(user_id, [first.pk, second.pk])
    third = make_message(inbox)
    yield actions.copy(user_id, [third.pk], other.pk)
    yield actions.trash(user_id, [third.pk])
    binned = Placement.objects.filter(folder__role="trash", shown=True).values_list("pk", flat=True)
    yield actions.delete_for_good(user_id, list(binned))
    gone = make_message(inbox)
    yield place(other, gone.message)
    yield remove_placements([gone.pk])


def test_lines_follow_all_that_becomes_of_the_mail(account: MailAccount) -> None:
    inbox, other = make_folder(account), make_folder(account, "Other")
    for _ in deeds(account.user_id, inbox, other):
        assert lines(account) == truth(account)
    assert lines(account), "something is left at the end"


def test_of_nobody_else_any_are_kept(account: MailAccount) -> None:
    theirs = make_folder()
    make_message(theirs)
    with CaptureQueriesContext(connection) as captured:
        refresh([(theirs.pk, make_message(make_folder(account)).thread_id)])
    assert not any("messagerow" in query["sql"] for query in captured.captured_queries[-2:])
    assert set(MessageRow.objects.values_list("folder__account", flat=True)) == {account.pk}
    ByMessage.objects.update(wanted=False)
    make_message(make_folder(account, "Other"))
    assert MessageRow.objects.count() == 1


def test_a_mark_writes_one_line_of_a_long_conversation(account: MailAccount) -> None:
    inbox = make_folder(account)
    first = make_message(inbox)
    for _ in range(5):
        make_message(inbox, thread=first.thread)
    written = dict(MessageRow.objects.extra(select={"where": "ctid::text"}).values_list("pk", "where"))
    actions.mark_read(account.user_id, [first.pk])
    now = dict(MessageRow.objects.extra(select={"where": "ctid::text"}).values_list("pk", "where"))
    assert {pk for pk in now if now[pk] != written[pk]} == {first.pk}


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("sort", list(Sort), ids=str)
def test_a_list_by_message_is_sorted_over_its_pages_and_folders(account: MailAccount, sort: Sort, limit: int) -> None:
    inbox, other = make_folder(account), make_folder(account, "Other")
    thread = None
    for subject, address, name, size, at in MADE:
        # In one conversation: each is a row of its own all the same.
        message = make_message(
            (inbox, other)[at], thread=thread, subject=subject, from_address=address, from_name=name, size_bytes=size
        )
        thread = message.thread
    folders = [inbox.pk, other.pk]
    seen: list[str] = []
    before: str | None = None
    while True:
        page = list_rows(folders, by_conversation=False, sort=sort, before=before, limit=limit)
        seen += [row.subject for row in page.rows]
        if page.next is None:
            break
        before = str(page.next)
    assert seen == SORTED[sort]
    middle = str(list_rows(folders, by_conversation=False, sort=sort, limit=2).next)
    end = str(list_rows(folders, by_conversation=False, sort=sort, limit=4).next)
    part = list_rows(folders, by_conversation=False, sort=sort, before=middle, until=end)
    assert [row.subject for row in part.rows] == SORTED[sort][2:4]
    assert load_outline(folders, Filter(False), sort).count == len(MADE)


@pytest.mark.parametrize("sort", list(Sort), ids=str)
def test_each_filter_goes_with_each_order(account: MailAccount, sort: Sort) -> None:
    inbox = make_folder(account)
    for number in range(16):
        make_message(
            inbox,
            subject=f"{number:02}",
            from_name=f"{(number * 7) % 16:02}",
            size_bytes=(number * 5) % 16,
            seen=number % 2 == 0,
            flagged=number % 3 == 0,
            attachment_count=int(number % 4 == 0),
            recipients={"cc": [["Me", account.address.upper() if number % 5 == 0 else "list@example.test"]]},
        )
    every = [row.subject for row in list_rows([inbox.pk], by_conversation=False, sort=sort).rows]
    for name, of in (("unread_only", 2), ("flagged_only", 3), ("files_only", 4), ("to_me_only", 5)):
        wanted = [one for one in every if (int(one) % of == 0) is (name != "unread_only")]
        rows = list_rows([inbox.pk], by_conversation=False, sort=sort, **{name: True}).rows  # type: ignore[arg-type]
        assert [row.subject for row in rows] == wanted


@pytest.mark.parametrize(
    "subject",
    [
        *("Hello", "Re: Hello", "AW: WG: Hello", "Re[2]: hello", "RE (3): Hello", "[list] Re: [other] Hello"),
        *(
            "Re: [list]",
            "[list]",
            "Betreff: Re: Hello",
            "ОТВ: Hello",
            "回复：Hello",
            "",
            "Re: ",
            "Regards",
            "  Re :  Hello",
        ),
    ],
)
def test_subjects_are_sorted_without_what_stands_before_them(account: MailAccount, subject: str) -> None:
    inbox = make_folder(account)
    make_message(inbox, subject=subject)
    (key,) = MessageRow.objects.values_list("subject_key", flat=True)
    assert key == base_subject(subject).lstrip(" \t[")


def test_what_was_sent_is_sorted_by_whom_it_went_to(account: MailAccount) -> None:
    sent = make_folder(account, "Sent", role="sent")
    for name in ("carl", "Ada"):
        make_message(sent, recipients={"to": [[name, f"{name}@example.test"]]})
    rows = list_rows([sent.pk], by_conversation=False, sort=Sort.SENDER).rows
    assert [row.participants[0].name for row in rows] == ["Ada", "carl"]


def test_to_me_follows_the_addresses(account: MailAccount) -> None:
    inbox = make_folder(account)
    first = make_message(inbox, subject="alias", recipients={"to": [["", "alias@example.test"]]})
    make_message(inbox, thread=first.thread, subject="list", recipients={"to": [["", "list@example.test"]]})
    Identity.objects.create(user=account.user, account=account, address="Alias@example.test")
    while find_addressed(account.user_id):
        pass
    rows = list_rows([inbox.pk], by_conversation=False, to_me_only=True).rows
    assert [row.subject for row in rows] == ["alias"]
    Identity.objects.filter(address="Alias@example.test").delete()
    while find_addressed(account.user_id):
        pass
    assert list_rows([inbox.pk], by_conversation=False, to_me_only=True).rows == ()
