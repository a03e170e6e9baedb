"""Many waiting messages of many accounts: each server in its turn, connections reused, limits kept."""

from collections import Counter, deque
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount, User
from mailsync import actions
from mailsync.engine import deliver as engine
from mailsync.engine.deliver import Doors, deliver
from mailsync.models import Outgoing, OutgoingEvent, OutgoingRecipient
from mailsync.store import transit, turns
from tests.engine.fake_sender import FakeSender, FakeSubmission
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder

pytestmark = pytest.mark.django_db


class Town:
    """Accounts with a submission server each; a queue worked through as by one Celery worker."""

    def __init__(self, accounts: int) -> None:
        self.accounts = [make_account() for _ in range(accounts)]
        self.servers = {account.outgoing_server_id: FakeSubmission() for account in self.accounts}
        self.order: list[int] = []
        for account in self.accounts:
            make_folder(account, "Sent", role="sent")
        self.doors = Doors(self.open, FakeServer("Sent").connect, lambda: 0.0)

    def open(self, server: object, account: MailAccount) -> FakeSender:
        sender = self.servers[account.outgoing_server_id].open(server, account)
        sender.server.on_taken = lambda _: self.order.append(account.pk)
        return sender

    def write(self, account: MailAccount, count: int) -> None:
        for number in range(count):
            draft = actions.start_draft(account.user_id, to=f"p{number}@example.org", subject=f"Letter {number}")
            actions.send(account.user_id, draft.pk, 0)

    def drain(self, *, ticks: int = 20) -> None:
        for _ in range(ticks):
            queue = deque(turns.due_outgoing())
            if not queue:
                break
            while queue:
                following = deliver(queue.popleft(), doors=self.doors)
                if following is not None:
                    queue.append(following)

    def connections(self, account: MailAccount) -> int:
        return self.servers[account.outgoing_server_id].connections


def test_one_with_much_mail_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "RUN_MESSAGES", 5)
    town = Town(4)
    busy, *others = town.accounts
    town.write(busy, 30)
    for account in others:
        town.write(account, 6)
    town.drain()
    assert Counter(town.order) == {busy.pk: 30, **{account.pk: 6 for account in others}}
    assert not Outgoing.objects.exclude(state="done").exists()
    for account in others:
        last = max(place for place, sender in enumerate(town.order) if sender == account.pk)
        before = town.order[:last].count(busy.pk)
        assert before <= 20, "the busy account had more than its turns"
    assert town.connections(busy) <= 8
    assert all(town.connections(account) <= 3 for account in others)
    for server in town.servers.values():
        assert len(server.delivered_to()) == len(set(server.delivered_to()))


def test_twenty_accounts_drain_in_turns_within_their_limits_over_few_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "RUN_MESSAGES", 5)
    town = Town(20)
    busy, limited, *others = town.accounts
    User.objects.filter(pk=limited.user_id).update(recipients_per_day=3)
    for account in town.accounts:
        town.write(account, 40 if account is busy else 10)
    town.drain()
    expected = {account.pk: 10 for account in others} | {busy.pk: 40, limited.pk: 3}
    assert Counter(town.order) == expected
    waiting = Outgoing.objects.exclude(state="done")
    assert Counter(waiting.values_list("account", flat=True)) == {limited.pk: 7}
    assert all(one.due_at is not None and one.due_at > timezone.now() for one in waiting)
    for account in town.accounts:
        # By two workers' places, in runs of five.
        assert town.connections(account) <= expected[account.pk] / 5 + 2
        taken = [one.raw for one in town.servers[account.outgoing_server_id].taken]
        assert len(taken) == len(set(taken)) == expected[account.pk]
    done = [max(place for place, sender in enumerate(town.order) if sender == account.pk) for account in others]
    assert max(done) < len(town.order) - 10, "the busy account kept the others waiting"


def test_a_server_that_is_worked_on_gives_no_more_places() -> None:
    town = Town(2)
    busy, other = town.accounts
    town.write(busy, 5)
    town.write(other, 1)
    first = turns.due_outgoing()
    owners = Counter(Outgoing.objects.filter(pk__in=first).values_list("account", flat=True))
    assert owners == {busy.pk: turns.PER_SERVER, other.pk: 1}
    for _ in range(turns.PER_SERVER):
        mine = next(pk for pk in turns.due_outgoing() if Outgoing.objects.get(pk=pk).account_id == busy.pk)
        assert transit.claim(mine) is not None
    assert set(Outgoing.objects.filter(pk__in=turns.due_outgoing()).values_list("account", flat=True)) == {other.pk}


def test_what_is_to_be_looked_for_waits_for_no_place() -> None:
    town = Town(1)
    town.write(town.accounts[0], turns.PER_SERVER + 3)
    lost = Outgoing.objects.latest("id")
    Outgoing.objects.filter(pk=lost.pk).update(state="uncertain")
    assert lost.pk in turns.due_outgoing()


def test_past_the_limit_all_wait_for_the_window_and_are_asked_once() -> None:
    town = Town(1)
    account = town.accounts[0]
    MailAccount.objects.update(provider="gmail", address="someone@gmail.com")
    town.write(account, 4)
    sent = Outgoing.objects.earliest("id")
    OutgoingRecipient.objects.bulk_create(
        OutgoingRecipient(
            outgoing=sent, address=f"x{n}@example.org", state="accepted", settled_at=timezone.now() - timedelta(hours=1)
        )
        for n in range(399)
    )
    town.drain()
    assert len(town.order) == 1
    waiting = Outgoing.objects.exclude(state="done")
    assert all(one.due_at is not None and one.due_at > timezone.now() + timedelta(hours=22) for one in waiting)
    assert OutgoingEvent.objects.filter(kind="deferred").count() == 1
