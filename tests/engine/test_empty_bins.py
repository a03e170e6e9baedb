"""Bins that empty themselves: after the days that were chosen, in slices, and for a day with a way back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import MailAccount, User
from mailsync import actions, tasks
from mailsync.engine import empty_bins
from mailsync.models import Act, Change, Emptying, Folder, Placement, Thread
from mailsync.store import emptying, journal
from tests.engine.pushed_box import Mailbox
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return make_user("anna")


@pytest.fixture
def trash(anna: User) -> Folder:
    return make_folder(make_account(anna), "Trash", role="trash")


def old(folder: Folder, days: float = 31, **fields: object) -> Placement:
    """A message that came into the folder so many days ago."""
    return make_message(folder, placed_at=timezone.now() - timedelta(days=days), **fields)


def wish(user: User, *, trash_days: int | None = 30, junk_days: int | None = None) -> None:
    actions.set_emptying(user.pk, trash_days=trash_days, junk_days=junk_days)


def left(folder: Folder) -> set[int]:
    shown = set(Placement.objects.filter(folder=folder, shown=True).values_list("pk", flat=True))
    folder.refresh_from_db()
    assert folder.total == len(shown)
    return shown


def test_what_has_lain_there_long_enough_goes_and_nothing_else(anna: User, trash: Folder) -> None:
    inbox = make_folder(trash.account)
    junk = make_folder(trash.account, "Spam", role="junk")
    going, staying = old(trash), old(trash, 29)
    flagged, elsewhere, spam = old(trash, flagged=True), old(inbox), old(junk)
    pinned = old(trash)
    Thread.objects.filter(pk=pinned.thread_id).update(pinned=True)
    wish(anna)
    assert not empty_bins.empty_bins(anna.pk)
    assert left(trash) == {staying.pk, flagged.pk, pinned.pk}
    assert left(inbox) == {elsewhere.pk}
    assert left(junk) == {spam.pk}
    change = Change.objects.get()
    assert (change.kind, change.placement_id) == (Change.Kind.EXPUNGE, going.pk)
    act = Act.objects.get()
    assert (act.user, act.count, act.label) == (anna, 1, "1 message deleted for good after 30 days in the bin")


def test_each_folder_has_its_own_days_and_each_person_their_own_mail(anna: User, trash: Folder) -> None:
    junk = make_folder(trash.account, "Spam", role="junk")
    spam, fresh = old(junk, 8), old(junk, 6)
    kept = old(trash, 80)
    other = make_folder(make_account(), "Trash", role="trash")
    theirs = old(other, 400)
    wish(anna, trash_days=90, junk_days=7)
    empty_bins.empty_bins(anna.pk)
    assert (left(junk), left(trash), left(other)) == ({fresh.pk}, {kept.pk}, {theirs.pk})
    assert Change.objects.get().placement_id == spam.pk
    assert "in Junk" in Act.objects.get().label


def test_the_days_count_from_the_arrival_in_the_folder(anna: User) -> None:
    """A message of last year that was thrown away today stays; in a POP3 account, whose rows move, too."""
    for account in (make_account(anna), make_account(anna, protocol="pop3")):
        inbox = make_folder(account, is_local=account.protocol == "pop3")
        bin_ = make_folder(account, "Trash", role="trash", is_local=account.protocol == "pop3")
        actions.trash(anna.pk, [old(inbox, 400).pk])
        wish(anna, trash_days=7)
        empty_bins.empty_bins(anna.pk)
        assert len(left(bin_)) == 1


def test_for_a_day_all_of_it_can_be_taken_back_and_counts_anew(anna: User, trash: Folder) -> None:
    rows = {old(trash).pk for _ in range(3)}
    wish(anna)
    empty_bins.empty_bins(anna.pk)
    hold = Change.objects.order_by("hold_until")[0].hold_until
    assert hold is not None
    assert hold > timezone.now() + timedelta(hours=23)
    assert actions.undo(anna.pk, Act.objects.get().group)
    assert left(trash) == rows
    assert not empty_bins.empty_bins(anna.pk)
    assert left(trash) == rows


def test_a_wish_that_is_withdrawn_is_heeded_at_once(anna: User, trash: Folder) -> None:
    rows = {old(trash).pk}
    wish(anna)
    wish(anna, trash_days=None)
    assert not empty_bins.empty_bins(anna.pk)
    assert left(trash) == rows
    assert Emptying.objects.get().due_at is None
    with pytest.raises(actions.CannotDo):
        wish(anna, trash_days=1)


def test_mail_of_a_paused_account_stays(anna: User, trash: Folder) -> None:
    rows = {old(trash).pk}
    MailAccount.objects.update(state=MailAccount.State.PAUSED)
    wish(anna)
    empty_bins.empty_bins(anna.pk)
    assert left(trash) == rows


def test_a_run_that_dies_has_done_whole_slices_and_the_next_goes_on(
    anna: User, trash: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        old(trash)
    monkeypatch.setattr(empty_bins, "SLICE_ROWS", 2)
    wish(anna)
    note, seen = journal.note_run, []

    def dying(*args: Any, **named: Any) -> None:
        note(*args, **named)
        seen.append(args)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(journal, "note_run", dying)
    with pytest.raises(KeyboardInterrupt):
        empty_bins.empty_bins(anna.pk)
    assert len(left(trash)) == 3
    monkeypatch.setattr(journal, "note_run", note)
    empty_bins.empty_bins(anna.pk)
    assert left(trash) == set()
    assert sorted(Act.objects.values_list("count", flat=True)) == [2, 3]
    assert Change.objects.values("placement").distinct().count() == Change.objects.count() == 5


def test_a_run_ends_by_itself_and_says_that_there_is_more(anna: User, trash: Folder) -> None:
    old(trash)
    wish(anna)
    assert empty_bins.empty_bins(anna.pk, run_seconds=-1)
    assert len(left(trash)) == 1


def test_the_clock_gives_each_wish_out_once_and_again_after_hours(anna: User) -> None:
    wish(anna)
    wish(make_user(), trash_days=None)
    assert emptying.claim_emptyings() == [anna.pk]
    assert emptying.claim_emptyings() == []
    tasks.bins_empty(anna.pk)
    tasks.bins_empty(anna.pk)
    assert not Emptying.objects.filter(due_at__lt=Now() + timedelta(hours=5), user=anna).exists()


def test_the_journal_speaks_the_language_of_its_reader(anna: User, trash: Folder) -> None:
    old(trash)
    User.objects.update(language="de")
    wish(anna)
    empty_bins.empty_bins(anna.pk)
    assert Act.objects.get().label == "1 Nachricht nach 30 Tagen im Papierkorb endgültig gelöscht"


def test_the_server_follows_when_the_day_is_over_and_keeps_what_others_marked() -> None:
    box = Mailbox("Trash")
    going, staying = box.add("Trash"), box.add("Trash")
    Placement.objects.filter(pk=going.pk).update(placed_at=timezone.now() - timedelta(days=31))
    actions.set_emptying(box.user_id, trash_days=30, junk_days=None)
    empty_bins.empty_bins(box.user_id)
    assert len(box.ids("Trash")) == 2
    box.push()
    box.agree()
    assert box.ids("Trash") == [staying.message.message_id]
    group: UUID = Act.objects.get().group
    assert not actions.undo(box.user_id, group)
