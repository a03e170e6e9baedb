"""Lanes: one holder at a time, and a holder of yesterday can commit nothing."""

import os
import subprocess
import sys

import pytest
from django.db import transaction

from accounts.models import MailAccount
from mailsync.errors import LeaseLost
from mailsync.models import Folder, Lease
from mailsync.store import leases
from tests.factories import make_account, make_folder

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


def test_one_holder_at_a_time_in_each_lane(account: MailAccount) -> None:
    first = leases.claim(account.pk, "pull")
    assert first is not None
    assert leases.claim(account.pk, "pull") is None
    assert leases.claim(account.pk, "bodies") is not None
    leases.release(first)
    second = leases.claim(account.pk, "pull")
    assert second is not None
    assert second.epoch == first.epoch + 1


def test_the_stale_holder_commits_nothing(account: MailAccount) -> None:
    folder = make_folder(account)
    stale = leases.claim(account.pk, "pull", seconds=-1)
    assert stale is not None
    fresh = leases.claim(account.pk, "pull")
    assert fresh is not None
    with pytest.raises(LeaseLost), leases.commit(stale):
        Folder.objects.filter(pk=folder.pk).update(total=99)
    folder.refresh_from_db()
    assert folder.total == 0
    with pytest.raises(LeaseLost):
        leases.heartbeat(stale)
    # Giving back what is another's by now does no harm.
    leases.release(stale)
    leases.heartbeat(fresh)
    with leases.commit(fresh):
        Folder.objects.filter(pk=folder.pk).update(total=1)
    folder.refresh_from_db()
    assert folder.total == 1


def test_an_error_inside_commits_nothing_and_gives_the_lane_back(account: MailAccount) -> None:
    folder = make_folder(account)

    def work() -> None:
        with leases.held(account.pk, "pull") as lease:
            assert lease is not None
            with leases.commit(lease):
                Folder.objects.filter(pk=folder.pk).update(total=5)
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    folder.refresh_from_db()
    assert folder.total == 0
    assert leases.claim(account.pk, "pull") is not None


def test_require_needs_a_transaction(account: MailAccount) -> None:
    lease = leases.claim(account.pk, "pull")
    assert lease is not None
    with transaction.atomic():
        leases.require(lease)


def test_only_dead_processes_of_this_machine_lose_their_lanes(account: MailAccount) -> None:
    alive = leases.claim(account.pk, "pull")
    dead = leases.claim(account.pk, "bodies")
    elsewhere = leases.claim(account.pk, "push")
    assert alive is not None
    assert dead is not None
    assert elsewhere is not None
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host = dead.owner.partition(":")[0]
    Lease.objects.filter(lane="bodies").update(owner=f"{host}:{process.pid}:abc")
    Lease.objects.filter(lane="push").update(owner=f"other-{host}:{process.pid}:abc")
    assert f":{os.getpid()}:" in alive.owner
    assert leases.release_dead() == 1
    assert leases.claim(account.pk, "bodies") is not None
    assert leases.claim(account.pk, "pull") is None
    assert leases.claim(account.pk, "push") is None
