"""Acts on a whole list: in slices, taken up where they stood, stopped and taken back; and the journal of all acts."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import MailAccount
from mailsync import actions
from mailsync.actions import emptying
from mailsync.engine import long_acts, maintain
from mailsync.models import Act, Change, Folder, Placement
from mailsync.store import journal, journal_work
from mailsync.store.listed import Listing, highest_placement
from mailsync.store.summary import lock_folders
from tests.factories import make_account, make_folder, make_message, make_user
from tests.store.big_folder import fill
from tests.store.test_listing_size import kept_plans as kept_plans  # a fixture
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


@pytest.fixture
def inbox(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(long_acts, "SLICE_ROWS", 3)
    monkeypatch.setattr(long_acts, "SLICE_CHANGES", 3)
    folder = make_folder(account)
    for number in range(8):
        make_message(folder, subject=f"M{number}", seen=number % 2 == 0)
    return folder


def begin(inbox: Folder, verb: str, argument: str = "", **listing: bool) -> Act:
    described = Listing((inbox.pk,), by_conversation=True, **listing)
    result = actions.act_on_list(inbox.account.user_id, verb, described, argument=argument, total=inbox.total)
    assert result.act_id is not None
    return Act.objects.get(pk=result.act_id)


def shown(folder: Folder) -> int:
    folder.refresh_from_db()
    assert folder.placements.filter(shown=True).count() == folder.total
    return folder.total


def test_a_list_is_archived_slice_by_slice_and_what_comes_meanwhile_stays(inbox: Folder) -> None:
    act = begin(inbox, "archive")
    assert long_acts.work(act.pk, run_seconds=0)
    act.refresh_from_db()
    assert (act.state, act.rows_done, act.count, act.total) == ("working", 3, 3, 8)
    assert shown(inbox) == 5
    late = make_message(inbox, subject="Late")
    assert not long_acts.work(act.pk)
    act.refresh_from_db()
    assert (act.state, act.count, act.due_at) == ("done", 8, None)
    assert list(inbox.placements.filter(shown=True)) == [late]
    assert Folder.objects.get(account=inbox.account, role="archive").total == 8
    assert Change.objects.filter(group=act.group, kind="move").count() == 8
    assert not long_acts.work(act.pk), "done is done, however often it is asked for"


def test_an_act_begins_without_a_look_at_the_folders_or_at_what_neighbours_received(
    account: MailAccount, kept_plans: None
) -> None:
    folder = fill(account, "INBOX", 3000)
    fill(make_account(), "INBOX", 3000)
    for _ in range(2):
        act, read = rows_touched(lambda: begin(folder, "flag"))
        assert act.highest == Placement.objects.latest("pk").pk
        assert read <= 50


@pytest.mark.django_db(transaction=True)
def test_what_is_being_stored_when_an_act_begins_is_waited_for() -> None:
    """Its numbers were given out before; those of later mail are higher."""
    folder = make_folder()
    stored, asked = Event(), Event()
    highest: list[int] = []

    def ask() -> None:
        try:
            stored.wait(10)
            asked.set()
            highest.append(highest_placement(Listing((folder.pk,))))
        finally:
            connection.close()

    other = Thread(target=ask)
    other.start()
    with transaction.atomic():
        lock_folders([folder.pk])
        placement = make_message(folder)
        stored.set()
        asked.wait(10)
        other.join(0.3)
        assert not highest
    other.join(10)
    assert highest == [placement.pk]


def test_a_large_bin_is_emptied_slice_by_slice_and_comes_back(
    inbox: Folder, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(emptying, "MOST_AT_ONCE", 7)
    Folder.objects.filter(pk=inbox.pk).update(role="junk")
    user = inbox.account.user_id
    with django_assert_max_num_queries(12):
        result = actions.empty_folder(user, inbox.pk)
    assert (result.label, result.count) == ("Everything in Junk deleted for good", 0)
    assert shown(inbox) == 8, "the request deletes nothing by itself"
    act = Act.objects.get(pk=result.act_id)
    assert (act.state, act.total) == ("working", 8)
    assert long_acts.work(act.pk, run_seconds=0)
    late = make_message(inbox, subject="Late")
    assert not long_acts.work(act.pk)
    act.refresh_from_db()
    assert (act.state, act.count) == ("done", 8)
    assert list(inbox.placements.filter(shown=True)) == [late]
    assert Change.objects.filter(group=act.group, kind="expunge").count() == 8
    assert actions.undo(user, act.group)
    assert not long_acts.work(act.pk)
    assert shown(inbox) == 9


def test_a_small_bin_is_emptied_at_once_and_no_list_by_that_name(inbox: Folder) -> None:
    user = inbox.account.user_id
    with pytest.raises(actions.CannotDo):
        actions.act_on_list(user, "empty_folder", Listing((inbox.pk,)))
    Folder.objects.filter(pk=inbox.pk).update(role="trash")
    result = actions.empty_folder(user, inbox.pk)
    assert (result.label, result.act_id) == ("8 messages deleted for good", None)
    assert shown(inbox) == 0
    assert Act.objects.get(group=result.group).verb == "empty_folder"
    assert actions.empty_folder(user, inbox.pk).count == 0


def test_a_run_that_died_is_given_out_again(inbox: Folder) -> None:
    act = begin(inbox, "read")
    Act.objects.filter(pk=act.pk).update(due_at=timezone.now())
    assert journal_work.claim_acts() == [act.pk]
    assert journal_work.claim_acts() == []
    Act.objects.filter(pk=act.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    assert journal_work.claim_acts() == [act.pk]
    long_acts.work(act.pk)
    inbox.refresh_from_db()
    assert inbox.unread == 0
    assert journal_work.claim_acts() == []


def test_undo_stops_it_and_brings_all_back(inbox: Folder) -> None:
    user = inbox.account.user_id
    act = begin(inbox, "trash")
    long_acts.work(act.pk, run_seconds=0)
    assert actions.undo(user, act.group)
    assert not long_acts.work(act.pk)
    act.refresh_from_db()
    assert act.state == "undone"
    assert shown(inbox) == 8
    assert Folder.objects.get(account=inbox.account, role="trash").total == 0
    assert actions.undo(user, act.group), "twice is once"


def test_what_has_changed_since_stays_and_is_counted(inbox: Folder) -> None:
    act = begin(inbox, "archive")
    long_acts.work(act.pk)
    archive = Folder.objects.get(account=inbox.account, role="archive")
    moved_on = archive.placements.filter(shown=True).order_by("id")[3]
    actions.trash(inbox.account.user_id, [moved_on.pk])
    actions.undo(inbox.account.user_id, act.group)
    long_acts.work(act.pk)
    act.refresh_from_db()
    assert (act.state, act.detail) == ("undone", {"missed": 1})
    assert shown(inbox) == 7


@pytest.mark.parametrize(
    ("verb", "field", "expected"),
    [("flag", "flagged", 8), ("unread", "seen", 0), ("label", "keywords__contains", 8)],
)
def test_marks_of_a_whole_list(inbox: Folder, verb: str, field: str, expected: int) -> None:
    act = begin(inbox, verb, "Travel" if verb == "label" else "")
    long_acts.work(act.pk)
    wanted: object = ["Travel"] if verb == "label" else True
    assert Placement.objects.filter(folder=inbox, **{field: wanted}).count() == expected


def test_only_what_the_filter_shows(inbox: Folder) -> None:
    act = begin(inbox, "trash", unread_only=True)
    long_acts.work(act.pk)
    assert shown(inbox) == 4
    assert not inbox.placements.filter(shown=True, seen=False).exists()


def test_a_folder_that_has_gone_stops_it_with_the_reason(inbox: Folder) -> None:
    target = make_folder(inbox.account, "Receipts")
    act = begin(inbox, "move", str(target.pk))
    Folder.objects.filter(pk=target.pk).update(missing_since=timezone.now())
    assert not long_acts.work(act.pk)
    act.refresh_from_db()
    assert act.state == "stopped"
    assert "no longer there" in act.error
    assert shown(inbox) == 8


def test_another_users_lists_and_folders_are_out_of_reach(inbox: Folder) -> None:
    stranger = make_user()
    with pytest.raises(actions.NotYours):
        actions.act_on_list(stranger.pk, "trash", Listing((inbox.pk,)))
    theirs = make_folder(make_account(stranger))
    with pytest.raises(actions.NotYours):
        actions.act_on_list(inbox.account.user_id, "move", Listing((inbox.pk,)), argument=str(theirs.pk))
    with pytest.raises(actions.CannotDo):
        actions.act_on_list(inbox.account.user_id, "explode", Listing((inbox.pk,)))
    act = begin(inbox, "trash")
    with pytest.raises(actions.NotYours):
        actions.undo(stranger.pk, act.group)


def test_each_verb_is_noted_once_with_what_became_of_it(inbox: Folder) -> None:
    user = inbox.account.user_id
    first, second, third = inbox.placements.order_by("id")[:3]
    archived = actions.archive(user, [first.pk, second.pk])
    actions.set_keyword(user, [third.pk], "Travel")
    actions.create_folder(user, inbox.account_id, "Boats")
    actions.open_message(user, third.message_id)
    actions.mark_read(user, [first.pk], True)
    Change.objects.filter(group=archived.group, placement=first).update(state="failed", error="The folder is full.")
    entries = journal.load_acts(user)
    assert [entry.act.verb for entry in entries] == ["create_folder", "set_keyword", "archive"]
    assert set(entries[2].subjects) == {"M0", "M1"}
    assert entries[2].refused == (journal.Refusal(1, "The folder is full."),)
    assert entries[2].waiting == 1
    assert entries[1].act.detail == {"keyword": "Travel"}
    actions.undo(user, entries[1].act.group)
    assert journal.load_acts(user)[1].act.state == "undone"
    assert journal.load_acts(make_user().pk) == []
    assert len(journal.load_acts(user, before=entries[0].act.pk)) == 2
    Act.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert journal.load_acts(user) == []
    maintain.maintain()
    assert not Act.objects.exists()
