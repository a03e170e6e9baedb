"""The POP3 ledger in the tables: taken in once, known again, fenced by the lease."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.errors import LeaseLost
from mailsync.message.parse import parse_message
from mailsync.models import AccountSync, Folder, Lease, Message, Placement, PopMessage, Thread
from mailsync.plan.pop import Listed, SessionPlan, look_at
from mailsync.store import leases, pop, schedule
from mailsync.store.audit import recount, recount_sums
from tests.factories import make_account, make_folder, raw_message

pytestmark = pytest.mark.django_db

WHEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Box:
    """A POP3 account with its lease and its local folders."""

    def __init__(self, **fields: Any) -> None:
        self.account: MailAccount = make_account(protocol="pop3", **fields)
        lease = leases.claim(self.account.pk, "pull")
        assert lease is not None
        self.lease = lease
        self.inbox = pop.make_local_folders(self.lease, self.account)

    def take(self, *mail: tuple[int, str, bytes], present: frozenset[int] = frozenset()) -> pop.PopIntake:
        items = [
            pop.Retrieved(Listed(number, name, len(raw)), raw, parse_message(raw), look_at(raw), WHEN)
            for number, name, raw in mail
        ]
        return pop.record_retrieved(self.lease, self.inbox.pk, items, present=present)

    def rows(self) -> list[tuple[str, int, str]]:
        rows = PopMessage.objects.filter(account=self.account).order_by("uidl", "ordinal")
        return list(rows.values_list("uidl", "ordinal", "state"))


def test_local_folders_are_made_once_and_those_there_are_taken() -> None:
    account = make_account(protocol="pop3")
    sent = make_folder(account, "Sent", role="sent", is_local=True)
    lease = leases.claim(account.pk, "pull")
    assert lease is not None
    first = pop.make_local_folders(lease, account)
    assert pop.make_local_folders(lease, account) == first
    folders = Folder.objects.filter(account=account)
    assert sorted(folders.values_list("role", flat=True)) == ["archive", "drafts", "inbox", "junk", "sent", "trash"]
    assert folders.get(role="sent") == sent
    assert not folders.filter(is_local=False).exists()


def test_one_commit_makes_message_placement_thread_counts_text_and_row() -> None:
    box = Box()
    raw = raw_message("Lunch", "At noon?\r\n", In_Reply_To="<x@y>")
    done = box.take((1, "a", raw), (2, "b", raw_message("Other")))
    message = Message.objects.get(subject="Lunch")
    assert (message.preview, message.raw_id is not None, message.received_at) == ("At noon?", True, WHEN)
    assert message.text.vector
    placement = Placement.objects.get(message=message)
    assert (placement.folder, placement.seen, placement.shown) == (box.inbox, False, True)
    box.inbox.refresh_from_db()
    assert (box.inbox.total, box.inbox.unread) == (2, 2)
    assert [*recount(), *recount_sums()] == []
    assert done.new == 2
    assert [(entry.name, entry.state, entry.kept_here, entry.removed_here) for entry in done.entries.values()] == [
        ("a", "stored", True, False),
        ("b", "stored", True, False),
    ]
    assert [counts.total for counts in done.counts] == [2]


def test_an_answer_joins_the_conversation() -> None:
    box = Box()
    box.take((1, "a", raw_message("Lunch", Message_ID="<l@x>")))
    box.take((2, "b", raw_message("Re: Lunch", In_Reply_To="<l@x>")))
    assert Thread.objects.filter(messages__isnull=False).distinct().count() == 1


def test_bytes_under_a_new_name_are_the_same_message() -> None:
    box = Box()
    raw = raw_message("One")
    box.take((1, "a", raw))
    done = box.take((1, "b", raw))
    assert done.new == 0
    assert box.rows() == [("b", 0, "stored")]
    assert Placement.objects.count() == 1


def test_bytes_that_are_listed_twice_are_two() -> None:
    box = Box()
    raw = raw_message("One")
    row = box.take((1, "a", raw)).entries[1].id
    assert box.take((2, "b", raw), present=frozenset({row})).new == 1
    assert box.rows() == [("a", 0, "stored"), ("b", 0, "stored")]
    assert (Placement.objects.count(), Message.objects.count()) == (2, 1)


def test_another_message_under_a_known_name_gets_the_next_ordinal() -> None:
    box = Box()
    box.take((1, "a", raw_message("One")))
    box.take((1, "a", raw_message("Two")))
    assert box.rows() == [("a", 0, "stored"), ("a", 1, "stored")]


def test_what_its_user_deleted_for_good_is_removed_here() -> None:
    box = Box()
    box.take((1, "a", raw_message("One")))
    placement = Placement.objects.get()
    actions.trash(box.account.user_id, [placement.pk])
    assert [entry.removed_here for entry in pop.load_ledger(box.account.pk)] == [False]
    actions.trash(box.account.user_id, [placement.pk])
    assert [entry.removed_here for entry in pop.load_ledger(box.account.pk)] == [False], "Undo is still offered."
    Placement.objects.update(gone_phase=2)
    assert [entry.removed_here for entry in pop.load_ledger(box.account.pk)] == [True]
    Placement.objects.all().delete()
    Message.objects.all().delete()
    (entry,) = pop.load_ledger(box.account.pk)
    assert (entry.removed_here, entry.kept_here) == (True, False)


def test_the_listing_marks_rows_and_touches_no_mail() -> None:
    box = Box()
    row = box.take((1, "a", raw_message("One"))).entries[1].id
    pop.note_failure(box.lease, Listed(2, "b", 10), "broken")
    failed = PopMessage.objects.get(uidl="b").pk
    pop.apply_listing(box.lease, SessionPlan(gone=(row, failed)))
    assert box.rows() == [("a", 0, "gone"), ("b", 0, "gone")]
    assert Placement.objects.filter(shown=True).count() == 1
    pop.apply_listing(box.lease, SessionPlan(returned=(row, failed), resized=((row, 77),)))
    assert box.rows() == [("a", 0, "stored"), ("b", 0, "seen")]
    assert PopMessage.objects.get(pk=row).size_bytes == 77


def test_a_message_that_fails_is_tried_at_once_and_then_ever_later_and_keeps_its_row_when_it_comes() -> None:
    box = Box()
    waits = []
    for _ in range(4):
        pop.note_failure(box.lease, Listed(1, "a", 10), "The server\x00 refused.")
        row = PopMessage.objects.get()
        assert row.next_try_at is not None
        waits.append(round((row.next_try_at - timezone.now()).total_seconds() / 900))
    assert waits == [0, 2, 4, 8]
    assert (row.state, row.attempts, row.error) == ("seen", 4, "The server refused.")
    box.take((1, "a", raw_message("One")))
    row.refresh_from_db()
    assert (box.rows(), row.error, row.next_try_at) == ([("a", 0, "stored")], "", None)


def test_a_worker_that_lost_its_lease_commits_nothing() -> None:
    box = Box()
    row = box.take((1, "a", raw_message("One"))).entries[1].id
    Lease.objects.update(until="2000-01-01T00:00:00Z")
    assert leases.claim(box.account.pk, "pull") is not None
    for work in (
        lambda: box.take((2, "b", raw_message("Two"))),
        lambda: pop.record_dele(box.lease, [row]),
        lambda: pop.apply_listing(box.lease, SessionPlan(gone=(row,))),
        lambda: pop.note_failure(box.lease, Listed(3, "c"), "x"),
    ):
        with pytest.raises(LeaseLost):
            work()
    assert box.rows() == [("a", 0, "stored")]
    assert Message.objects.count() == 1


def test_tombstones_are_kept_for_months() -> None:
    box = Box()
    box.take((1, "a", raw_message("One")), (2, "b", raw_message("Two")), (3, "c", raw_message("Three")))
    for name, days in (("a", 31), ("b", 91)):
        PopMessage.objects.filter(uidl=name).update(state="gone", gone_at=timezone.now() - timedelta(days=days))
    assert pop.forget_tombstones() == 1
    assert [name for name, _, _ in box.rows()] == ["a", "c"]
    assert Message.objects.count() == 3


@pytest.mark.parametrize(("protocol", "minutes", "polled"), [("imap", 2, True), ("pop3", 2, False), ("pop3", 6, True)])
def test_whoever_comes_back_is_served_at_once_but_pop3_is_asked_seldom(
    protocol: str, minutes: int, polled: bool
) -> None:
    account = make_account(protocol=protocol)
    now = timezone.now()
    AccountSync.objects.filter(pk=account.pk).update(
        last_success_at=now - timedelta(minutes=minutes), due_at=now + timedelta(minutes=20)
    )
    assert schedule.stamp_active(account.user_id) == ([account.pk] if polled else [])


def test_ledgers_of_two_accounts_are_apart() -> None:
    raw = raw_message("One")
    first, second = Box(), Box()
    first.take((1, "a", raw))
    assert second.take((1, "a", raw)).new == 1
    pop.record_dele(second.lease, [entry.id for entry in pop.load_ledger(first.account.pk)])
    assert first.rows() == second.rows() == [("a", 0, "stored")]
