"""Halts, connections and the day's allowance: what the engine may not do, at each claim."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import MailAccount
from accounts.providers import DEFAULT_CONNECTIONS
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.errors import TooManyConnections
from mailsync.models import AccountSync, ConnectionCap, Folder, Halt, Message, Traffic
from mailsync.store import leases, schedule, throttle, watching
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, make_folder, raw_message
from tests.fakes import PullServer

pytestmark = pytest.mark.django_db


def due(*accounts: MailAccount) -> None:
    now = timezone.now() - timedelta(seconds=1)
    AccountSync.objects.filter(account__in=accounts).update(due_at=now, push_due_at=now)


def filled(count: int = 4) -> PullServer:
    server = PullServer()
    for n in range(count):
        server.boxes["INBOX"].add(raw_message(f"Inbox {n}"))
    return server


# Halts. -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["account", "host", "all"])
def test_a_halt_stops_what_it_names_and_nothing_else(scope: str) -> None:
    stopped, other = make_account(host="Mail.one.test"), make_account(host="two.test")
    for account in (stopped, other):
        make_folder(account, due_at=timezone.now() - timedelta(seconds=1), bodies_pending=1)
    due(stopped, other)
    named = {"account": {"account": stopped}, "host": {"host": "mail.ONE.test"}, "all": {}}[scope]
    halt = Halt.objects.create(reason="The server is being moved until noon.", **named)
    going = [] if scope == "all" else [other.pk]
    assert schedule.claim_accounts() == going
    assert schedule.claim_accounts("push_due_at") == going
    assert [Folder.objects.get(pk=pk).account_id for pk in schedule.claim_folders()] == going
    assert schedule.claim_bodies() == going
    assert [row.account_id for row in watching.load_watched(limit=9)] == going
    assert "moved until noon" in throttle.halt_words(halt)
    # Lifted: everything that was due is due, and nobody had to remember it.
    halt.delete()
    assert stopped.pk in schedule.claim_accounts()


def test_a_halt_holds_for_work_that_was_enqueued_before() -> None:
    account, server = make_account(), filled()
    halt = Halt.objects.create(account=account, reason="Too much load.")
    assert pull_account(account.pk, connect=server.opener) is Outcome.IDLE
    assert server.connections == 0
    halt.delete()
    pull(account, server)
    assert_in_step(account, server)


def test_a_halt_names_an_account_or_a_host() -> None:
    with pytest.raises(IntegrityError):
        Halt.objects.create(account=make_account(), host="x.test", reason="Both")


# Connections. -----------------------------------------------------------------------------------


def test_a_mailbox_never_has_more_connections_than_it_may() -> None:
    """The same mailbox connected by two people counts as one."""
    account = make_account(host="box.test", username="one")
    twin = make_account(host="BOX.test", username="ONE")
    AccountSync.objects.filter(account=twin).update(watched_at=timezone.now())
    assert DEFAULT_CONNECTIONS == 4
    held = [leases.claim(twin.pk, lane) for lane in ("pull", "open")]
    assert all(held)
    with throttle.held_connection(account, "bodies") as lease:
        assert lease is None, "backfill leaves one for those who wait"
    with throttle.held_connection(account, "pull") as lease:
        assert lease is not None
        assert throttle.connections_in_use(account) == 4
        with throttle.held_connection(account, "open") as another:
            assert another is None
    with throttle.held_connection(account, "open") as lease:
        assert lease is not None


def test_a_server_with_too_many_connections_gets_fewer() -> None:
    account, server = make_account(), filled()
    for _ in range(3):
        before = throttle.most_connections(account)
        server.fail("connect", TooManyConnections("The mail server allows no more connections."))
        assert pull_account(account.pk, connect=server.opener) is Outcome.FAILED
        assert throttle.most_connections(account) <= max(1, before - 1)
    assert throttle.most_connections(account) == 1
    make_folder(account)
    assert watching.load_watched(limit=9) == []
    # With one connection to have, mail still comes; a day later the server is asked again.
    pull(account, server)
    assert_in_step(account, server)
    ConnectionCap.objects.update(learned_at=timezone.now() - timedelta(days=2))
    assert throttle.most_connections(account) == DEFAULT_CONNECTIONS


def test_a_known_provider_has_its_own_limit() -> None:
    assert throttle.most_connections(make_account(provider="gmail")) == 15
    assert throttle.most_connections(make_account(host="secure.emailsrvr.com")) == 16


# Bytes. -----------------------------------------------------------------------------------------


def test_the_days_allowance_stops_backfill_until_tomorrow(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    account, server = make_account(), filled(6)
    monkeypatch.setattr("mailsync.engine.pull._BODY_SLICE", 2)
    size = len(server.boxes["INBOX"].messages[1].raw)
    settings.HERON_BACKFILL_BYTES_PER_DAY = size * 3  # type: ignore[attr-defined]
    pull_account(account.pk, connect=server.opener)
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.DONE
    assert Message.objects.filter(raw__isnull=False).count() == 4
    assert throttle.spent_today(account.pk) >= size * 3
    assert schedule.claim_bodies() == []
    # Yesterday's bytes are no longer counted.
    Traffic.objects.update(day=timezone.now().date() - timedelta(days=1))
    assert schedule.claim_bodies() == [account.pk]
    settings.HERON_BACKFILL_BYTES_PER_DAY = 0  # type: ignore[attr-defined]
    pull(account, server)
    assert_in_step(account, server)


def test_a_providers_allowance_is_used_in_part_only() -> None:
    assert throttle.daily_bytes(make_account(provider="gmail")) == 2_000_000_000
    assert throttle.daily_bytes(make_account()) is None


def test_traffic_of_long_ago_is_forgotten() -> None:
    account = make_account()
    throttle.spend(account.pk, 5)
    throttle.spend(account.pk, 7)
    Traffic.objects.create(account=account, day=timezone.now().date() - timedelta(days=40), bytes_in=1)
    assert throttle.forget_old_traffic() == 1
    assert throttle.spent_today(account.pk) == 12
