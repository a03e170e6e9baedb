"""Conversations split and merged in the tables: they stay so while mail comes in, and when all are found anew."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import MailAccount
from mailsync.models import Folder, Message, Placement, Thread, ThreadReference, ThreadRow
from mailsync.plan.dividing import divide
from mailsync.plan.threading import KnownThreads, ThreadFacts, plan_threads
from mailsync.store import deciding
from mailsync.store.audit import recount
from mailsync.store.dividing import load_decisions
from mailsync.store.filed import named_facts
from mailsync.store.rethreading import rethread
from mailsync.store.summary import refresh
from mailsync.store.threads import assign_threads, delete_empty_threads, refresh_threads
from tests.factories import make_account, make_folder

pytestmark = pytest.mark.django_db

_uids = itertools.count(1)
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def account() -> MailAccount:
    return make_account()


@pytest.fixture
def inbox(account: MailAccount) -> Folder:
    return make_folder(account)


def letter(
    name: str, *references: str, minutes: int = 0, subject: str = "", sender: str = "ada", thrid: str = ""
) -> ThreadFacts:
    base = subject.removeprefix("Re: ")
    return ThreadFacts(
        message_id=name,
        references=references,
        provider_thread_id=thrid,
        base_subject=base,
        is_reply=subject != base,
        sender=sender,
        recipients=frozenset({"bob" if sender == "ada" else "ada"}),
        received_at=START + timedelta(minutes=minutes),
    )


def deliver(folder: Folder, *batch: ThreadFacts) -> None:
    """As the pull does: threads, rows, lines."""
    assigned = assign_threads(folder.account_id, batch)
    pairs = set(assigned.pairs)
    for facts, thread in zip(batch, assigned.threads, strict=True):
        message = Message.objects.create(
            account_id=folder.account_id,
            thread_id=thread,
            message_id=facts.message_id,
            references=list(facts.references),
            provider_thread_id=facts.provider_thread_id,
            subject=("Re: " if facts.is_reply else "") + facts.base_subject,
            lone_reply=facts.base_subject if facts.is_lone_reply else "",
            from_address=facts.sender,
            recipients={"to": [["", one] for one in facts.recipients]},
            received_at=facts.received_at,
        )
        Placement.objects.create(
            account_id=folder.account_id,
            folder=folder,
            epoch=folder.epoch,
            uid=next(_uids),
            message=message,
            thread_id=thread,
            received_at=facts.received_at,
        )
        pairs.add((folder.pk, thread))
    refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    delete_empty_threads(assigned.merged)


def settle(decided: deciding.Decided | None) -> deciding.Decided:
    assert decided is not None
    refresh(decided.pairs)
    refresh_threads({thread for _, thread in decided.pairs})
    delete_empty_threads(decided.emptied)
    return decided


def split(account: MailAccount, *names: str, onward: bool = False) -> deciding.Decided:
    ids = set(Message.objects.filter(account=account, message_id__in=names).values_list("pk", flat=True))
    return settle(deciding.split(account.pk, ids, onward=onward))


def merge(account: MailAccount, *names: str) -> deciding.Decided:
    threads = set(Message.objects.filter(account=account, message_id__in=names).values_list("thread", flat=True))
    return settle(deciding.merge(account.pk, threads))


def conversations(account: MailAccount) -> set[str]:
    """Each as its messages' names in order; and all that is kept of them agrees."""
    found: dict[int, list[str]] = {}
    for message in Message.objects.filter(account=account).order_by("message_id"):
        found.setdefault(message.thread_id, []).append(message.message_id)
        assert not message.placements.exclude(thread=message.thread_id).exists()
    assert set(ThreadRow.objects.filter(folder__account=account).values_list("thread", flat=True)) == set(found)
    kept = Thread.objects.filter(account=account)
    assert {one.pk: one.message_count for one in kept if one.message_count} == {
        pk: len(names) for pk, names in found.items()
    }
    # Nothing else was to be counted; no bodies come in these tests.
    assert [one for one in recount(account.pk) if one.before[:2] != one.after[:2]] == []
    # What is left without messages is what parts were split off from.
    assert all(one.parts.exists() for one in kept if one.pk not in found)
    return {"".join(names) for names in found.values()}


def test_a_split_holds_against_what_comes(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("b", "a", minutes=1), letter("c", "a", "b", minutes=2))
    before = Message.objects.get(message_id="a").thread_id
    assert split(account, "b").moved == 2
    assert Message.objects.get(message_id="a").thread_id == before
    assert conversations(account) == {"a", "bc"}
    deliver(inbox, letter("d", "a", minutes=3), letter("e", "a", "b", "c", minutes=4))
    deliver(inbox, letter("f", "e", minutes=5))
    assert conversations(account) == {"ad", "bcef"}


def test_a_parent_that_comes_late_takes_its_answers_where_it_belongs(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("b", "a", minutes=1))
    split(account, "b")
    deliver(inbox, letter("z", "y", "a", minutes=9))  # its parent y is not here yet
    deliver(inbox, letter("x", "q", minutes=8))
    assert conversations(account) == {"az", "b", "x"}
    deliver(inbox, letter("q", "b", minutes=7))
    assert conversations(account) == {"az", "bqx"}


def test_what_was_merged_takes_all_that_comes_for_either(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("x"))
    Thread.objects.filter(messages__message_id="x").update(muted=True, pinned=True)
    merge(account, "a", "x")
    thread = Thread.objects.get()
    assert (thread.muted, thread.pinned) == (True, True)
    deliver(inbox, letter("b", "a"), letter("y", "x"))
    assert conversations(account) == {"abxy"}
    split(account, "x")
    assert conversations(account) == {"ab", "xy"}
    merge(account, "b", "y")
    deliver(inbox, letter("c", "b"), letter("z", "y"))
    assert conversations(account) == {"abcxyz"}


def test_from_here_on(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, *(letter(name, "a", minutes=number) for number, name in enumerate("abcd")))
    assert split(account, "c", onward=True).moved == 2
    assert conversations(account) == {"ab", "cd"}


def test_a_message_without_an_id_is_split_too(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("", "a", minutes=1), letter("c", "a", minutes=2))
    split(account, "")
    assert conversations(account) == {"ac", ""}
    merge(account, "", "a")
    assert conversations(account) == {"ac"}


def test_taken_back(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("b", "a", minutes=1), letter("x", minutes=2))
    divided = split(account, "b")
    joined = merge(account, "b", "x")
    assert conversations(account) == {"a", "bx"}
    deliver(inbox, letter("c", "b", minutes=3), letter("y", "x", minutes=4))
    settle(deciding.take_back(account.pk, joined.change))
    assert conversations(account) == {"a", "bc", "xy"}
    settle(deciding.take_back(account.pk, divided.change))
    assert conversations(account) == {"abc", "xy"}
    assert not Thread.objects.filter(divided=True).exists()


def test_the_beginning_may_go(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("b", "a", minutes=1))
    split(account, "b")
    first = Message.objects.get(message_id="a")
    placement = first.placements.get()
    Placement.objects.filter(pk=placement.pk).update(shown=False)
    refresh([(inbox.pk, first.thread_id)])
    refresh_threads([first.thread_id])
    placement.delete()
    first.delete()
    delete_empty_threads([first.thread_id])
    deliver(inbox, letter("c", "a", "b", minutes=2), letter("d", "a", minutes=3))
    assert conversations(account) == {"bc", "d"}
    for name in ("b", "c", "d"):
        gone = Message.objects.get(message_id=name)
        Placement.objects.filter(message=gone).delete()
        gone.delete()
        delete_empty_threads([gone.thread_id])
    assert not Thread.objects.exists()


def test_two_threads_of_the_provider_stay_known_once_they_are_one(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a", thrid="1"), letter("x", thrid="2"))
    deliver(inbox, letter("m", "a", "x"))
    deliver(inbox, letter("y", thrid="2"))
    assert conversations(account) == {"amxy"}


def _mailbox(dice: random.Random) -> list[ThreadFacts]:
    names = "abcdefghijklmnopqr"
    return [
        letter(
            name,
            *dice.sample(names, dice.choice((0, 0, 1, 1, 2))),
            minutes=dice.randint(0, 90_000),
            subject=dice.choice(("", "", "lunch", "Re: lunch", "Re: rota")),
            sender=dice.choice(("ada", "bob")),
            thrid=dice.choice(("", "", "", "", "7", "8")),
        )
        for name in names
    ]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_arrival_and_all_found_anew(account: MailAccount, inbox: Folder, seed: int) -> None:
    dice = random.Random(seed)
    letters = _mailbox(dice)
    dice.shuffle(letters)

    def deliver_some(until: int) -> None:
        while len(letters) > until:
            size = min(dice.randint(1, 4), len(letters) - until)
            deliver(inbox, *letters[:size])
            del letters[:size]

    deliver_some(9)
    for _ in range(3):
        threads = list(Message.objects.order_by("pk").values_list("thread", flat=True).distinct())
        if len(set(threads)) > 1:
            settle(deciding.merge(account.pk, set(dice.sample(sorted(set(threads)), 2))))
        chosen = dice.choice(list(Message.objects.order_by("pk")))
        decided = deciding.split(account.pk, {chosen.pk}, onward=dice.random() < 0.3)
        if decided is not None:
            settle(decided)
    deliver_some(0)
    whole = [named_facts(message) for message in Message.objects.order_by("pk")]
    decisions = load_decisions(account.pk, whole)
    expected: dict[int, list[str]] = {}
    for facts, number in zip(whole, divide(whole, decisions), strict=True):
        expected.setdefault(number, []).append(facts.message_id)
    found = conversations(account)
    assert found == {"".join(sorted(names)) for names in expected.values()}
    for only_look in (True, False):
        steps = list(rethread(account.pk, only_look=only_look))
        assert sum(step.moved for step in steps) == 0
    assert conversations(account) == found


def test_a_mailbox_threaded_as_it_came_is_found_the_same(account: MailAccount, inbox: Folder) -> None:
    dice = random.Random(1)
    letters = _mailbox(dice)
    for facts in dice.sample(letters, len(letters)):
        deliver(inbox, facts)
    before = list(Message.objects.order_by("pk").values_list("pk", "thread"))
    names = set(ThreadReference.objects.values_list("message_id", "thread"))
    assert len({thread for _, thread in before}) == len(set(plan_threads(letters, KnownThreads()).thread_of))
    out = StringIO()
    call_command("rethread", stdout=out)
    assert out.getvalue().endswith("All of them were right.\n")
    assert list(Message.objects.order_by("pk").values_list("pk", "thread")) == before
    assert set(ThreadReference.objects.values_list("message_id", "thread")) == names


def test_what_is_wrong_is_said_and_mended(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("b", "a", minutes=1), letter("x", minutes=2), letter("y", minutes=3))
    whole = conversations(account)
    # As older rules had left them: two that belong together apart, two strangers together.
    stranger = Message.objects.get(message_id="x").thread_id
    other = Thread.objects.create(account=account, muted=True)
    for name, thread in (("b", other.pk), ("y", stranger)):
        Message.objects.filter(message_id=name).update(thread=thread)
        Placement.objects.filter(message__message_id=name).update(thread=thread)
        ThreadReference.objects.filter(message_id=name).update(thread=thread)
    threads = list(Thread.objects.values_list("pk", flat=True))
    refresh((inbox.pk, thread) for thread in threads)
    refresh_threads(threads)
    delete_empty_threads(threads)
    wrong = conversations(account)
    assert wrong == {"a", "b", "xy"}
    out = StringIO()
    call_command("rethread", "--audit", f"--account={account.pk}", stdout=out)
    assert "2 messages would be filed anew" in out.getvalue()
    assert conversations(account) == wrong
    out = StringIO()
    call_command("rethread", f"--account={account.pk}", stdout=out)
    assert "2 messages were filed anew" in out.getvalue()
    assert conversations(account) == whole
    assert Thread.objects.get(messages__message_id="a").muted
    with pytest.raises(CommandError, match="--account"):
        call_command("rethread", "--after=3")


def test_it_goes_on_where_it_stopped(account: MailAccount, inbox: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.store.rethreading._BATCH", 2)
    deliver(inbox, *(letter(name) for name in "abcde"))
    steps = list(rethread(account.pk))
    assert [step.conversations for step in steps] == [2, 2, 1]
    rest = list(rethread(account.pk, after=steps[0].last))
    assert [step.last for step in rest] == [step.last for step in steps[1:]]


def test_mail_for_undivided_conversations_costs_what_it_did(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), letter("b", "a", minutes=1), letter("x", minutes=2))
    split(account, "b")
    with CaptureQueriesContext(connection) as queries:
        assign_threads(account.pk, [letter("y", "x", minutes=3)])
    # One query more than without any split: whether one of these threads is divided.
    assert len(queries) <= 6


def test_a_split_of_many_is_taken_back_in_few_statements(account: MailAccount, inbox: Folder) -> None:
    deliver(inbox, letter("a"), *(letter(f"b{n}", "a", minutes=n + 1) for n in range(60)))
    since = Message.objects.get(message_id="b10").pk
    decided = deciding.split(account.pk, [since], onward=True)
    assert decided is not None
    assert decided.moved == 50
    with CaptureQueriesContext(connection) as queries:
        back = deciding.take_back(account.pk, decided.change)
    assert back.moved == 50
    assert len(queries) <= 40
