"""The right to work in one lane of an account. Database room; all times are the database's own.

A lease is claimed by one conditional statement and carries an epoch that grows with each claim. Each
commit of the holder checks the epoch again inside its transaction (``require``), so a worker that
was thought dead and wakes up can commit nothing.
"""

import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from mailsync.errors import LeaseLost
from mailsync.models import Lease

LANE_SECONDS = 120.0
#: deadlock_detected, serialization_failure: nothing is wrong with what was asked.
_PASSING = frozenset({"40P01", "40001"})


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A claimed lane; ``epoch`` tells this claim from all before and after it."""

    account_id: int
    lane: str
    owner: str
    epoch: int


def claim(account_id: int, lane: str, *, seconds: float = LANE_SECONDS) -> HeldLease | None:
    """The lane for ``seconds``, or None while another holds it."""
    # The host tells an operator where; the random part makes two claims of one process differ.
    owner = f"{platform.node()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO mailsync_lease AS held (account_id, lane, owner, epoch, until)
            VALUES (%(account)s, %(lane)s, %(owner)s, 1, clock_timestamp() + make_interval(secs => %(seconds)s))
            ON CONFLICT (account_id, lane) DO UPDATE
               SET owner = EXCLUDED.owner, epoch = held.epoch + 1, until = EXCLUDED.until
             WHERE held.until <= clock_timestamp()
            RETURNING epoch
            """,
            {"account": account_id, "lane": lane, "owner": owner, "seconds": seconds},
        )
        row = cursor.fetchone()
    return HeldLease(account_id, lane, owner, row[0]) if row else None


def heartbeat(lease: HeldLease, *, seconds: float = LANE_SECONDS) -> None:
    """Hold on for ``seconds`` from now. Raises ``LeaseLost``."""
    _update(lease, "until = clock_timestamp() + make_interval(secs => %(seconds)s)", seconds)


def release(lease: HeldLease) -> None:
    """Give the lane back; nothing happens when it is another's by now."""
    try:
        _update(lease, "until = clock_timestamp()", 0)
    except LeaseLost:
        return


def require(lease: HeldLease) -> None:
    """Inside a transaction: the lease is ours and stays so until the commit. Raises ``LeaseLost``.

    The row is locked FOR SHARE: whoever wants to claim the lane waits for this commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM mailsync_lease WHERE account_id = %s AND lane = %s AND owner = %s AND epoch = %s FOR SHARE",
            [lease.account_id, lease.lane, lease.owner, lease.epoch],
        )
        if cursor.fetchone() is None:
            raise LeaseLost(f"Another worker has taken over the lane {lease.lane} of account {lease.account_id}.")


@contextmanager
def held(account_id: int, lane: str, *, seconds: float = LANE_SECONDS) -> Iterator[HeldLease | None]:
    """Claim, yield the lease (None: busy), and give it back."""
    lease = claim(account_id, lane, seconds=seconds)
    try:
        yield lease
    finally:
        if lease is not None:
            release(lease)


@contextmanager
def commit(lease: HeldLease) -> Iterator[None]:
    """A transaction that commits only while the lease is ours."""
    with transaction.atomic():
        require(lease)
        yield


def is_passing(error: OperationalError) -> bool:
    """Postgres ended the transaction for another's sake: the same work may be begun again at once."""
    return getattr(error.__cause__, "sqlstate", None) in _PASSING


def revoke(account_id: int) -> None:
    """Whoever works on the account, over whatever connection, commits nothing more."""
    Lease.objects.filter(account_id=account_id).update(until=Now(), epoch=F("epoch") + 1)


def release_dead() -> int:
    """Free the lanes whose owner was a process of this machine that is no more. Returns how many.

    A killed worker's lanes are then free at once instead of after ``LANE_SECONDS``.
    """
    here = f"{platform.node()[:60]}:"
    freed = 0
    for lease in Lease.objects.filter(until__gt=Now(), owner__startswith=here):
        pid = lease.owner.removeprefix(here).partition(":")[0]
        if pid.isdigit() and not _is_alive(int(pid)):
            same = Lease.objects.filter(pk=lease.pk, epoch=lease.epoch, owner=lease.owner)
            freed += same.update(until=Now(), epoch=F("epoch") + 1)
    return freed


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _update(lease: HeldLease, assignment: str, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE mailsync_lease SET {assignment} WHERE account_id = %(account)s AND lane = %(lane)s"  # noqa: S608
            " AND owner = %(owner)s AND epoch = %(epoch)s",
            {
                "seconds": seconds,
                "account": lease.account_id,
                "lane": lease.lane,
                "owner": lease.owner,
                "epoch": lease.epoch,
            },
        )
        if cursor.rowcount != 1:
            raise LeaseLost(f"Another worker has taken over the lane {lease.lane} of account {lease.account_id}.")
