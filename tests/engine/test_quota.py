"""A person's storage fills up while their mail comes: what stops, what does not, and that it goes on by itself."""

import pytest
from django.core.cache import cache
from pytest_django import Settings

from mailsync.engine.pop_pull import pull_maildrop
from mailsync.engine.pull import Outcome, fetch_message, pull_account, pull_bodies
from mailsync.models import Folder, Hole, Message, Placement, RawMessage
from mailsync.store import quota
from tests.engine.in_step import assert_in_step, pull
from tests.engine.maildrop import Maildrop
from tests.factories import make_account, raw_message
from tests.fakes import PullServer

pytestmark = pytest.mark.django_db(transaction=True)

BODY = "Good morning.\r\n" * 40


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


def filled(count: int) -> PullServer:
    server = PullServer()
    for number in range(count):
        server.boxes["INBOX"].add(raw_message(f"Mail {number}", BODY))
    return server


def with_bodies() -> int:
    return Message.objects.filter(raw__isnull=False).count()


def test_headers_come_and_bodies_wait_until_there_is_room(settings: Settings) -> None:
    account, server = make_account(), filled(8)
    size = len(server.boxes["INBOX"].messages[1].raw)
    settings.HERON_STORAGE_LIMIT_BYTES = size * 3
    pull_account(account.pk, connect=server.opener)
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.DONE
    # All are listed; the newest three have their text, within what the limit and one message more allow.
    assert Placement.objects.filter(shown=True).count() == 8
    assert with_bodies() == 3
    assert sorted(Message.objects.filter(raw__isnull=False).values_list("subject", flat=True)) == [
        "Mail 5",
        "Mail 6",
        "Mail 7",
    ]
    # While it is full nobody connects for bodies, whoever asks, and nothing is noted as lost.
    before = server.connections
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.IDLE
    waiting = Message.objects.filter(raw__isnull=True).first()
    assert waiting is not None
    assert fetch_message(waiting.pk, connect=server.opener) is Outcome.IDLE
    assert server.connections == before
    assert not Hole.objects.exists()
    # What arrives is listed all the same.
    server.boxes["INBOX"].add(raw_message("Newest", BODY))
    pull_account(account.pk, connect=server.opener)
    newest = Message.objects.get(subject="Newest")
    assert newest.raw_id is None
    assert Folder.objects.get(account=account, path="INBOX").bodies_pending == 6
    # Two are deleted elsewhere: the room goes to the newest.
    for uid in (7, 8):
        del server.boxes["INBOX"].messages[uid]
    pull_account(account.pk, connect=server.opener)
    cache.clear()
    pull(account, server)
    newest.refresh_from_db()
    assert newest.raw_id is not None
    assert quota.is_full(account.user)
    # An administrator gives more.
    account.user.storage_limit_mb = 5
    account.user.save()
    pull(account, server)
    assert_in_step(account, server)


def test_a_pop3_server_is_left_as_it_is_until_there_is_room(settings: Settings) -> None:
    account = make_account(protocol="pop3", leave_on_server="keep")
    mail = [(f"u{number}", raw_message(f"Mail {number}", BODY)) for number in range(4)]
    server = Maildrop(mail=list(mail))
    settings.HERON_STORAGE_LIMIT_BYTES = 2 * min(len(raw) for _, raw in mail)
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert (RawMessage.objects.count(), server.count("RETR")) == (2, 2)
    # Full, the server is not even asked: neither what is new is taken, nor does go what its owner wants gone.
    account.leave_on_server = "once_stored"
    account.save()
    heard = list(server.heard)
    assert pull_maildrop(account, connect=server.connect) is Outcome.IDLE
    assert server.heard == heard
    assert server.mail == mail
    settings.HERON_STORAGE_LIMIT_BYTES = 1_000_000
    assert pull_maildrop(account, connect=server.connect) is Outcome.DONE
    assert {bytes(raw.data) for raw in RawMessage.objects.all()} == {raw for _, raw in mail}
    assert server.mail == []


def test_a_message_larger_than_what_is_left_does_not_wait_for_ever(settings: Settings) -> None:
    account, server = make_account(), filled(1)
    settings.HERON_STORAGE_LIMIT_BYTES = len(server.boxes["INBOX"].messages[1].raw) - 100
    pull(account, server)
    assert with_bodies() == 1
    assert quota.is_full(account.user)
