"""A verification of an account: every UID and flag compared with the server, and what differs repaired. Database room.

It is a ``SyncRun`` of kind ``verify``: asked for by the user or operator, begun by the worker that next holds
the pull lane (all cursors are distrusted, in the same transaction), finished when a whole round has seen every
folder. A worker that dies in between leaves a begun run, and the next round finishes it.
"""

from dataclasses import dataclass

from django.db.models import QuerySet, Sum
from django.db.models.functions import Now

from mailsync.models import Folder, SyncRun
from mailsync.store import leases
from mailsync.store.folders import distrust

ASKED, BEGUN = "verify_asked", "verify"


@dataclass(frozen=True, slots=True)
class Verification:
    """The last verification of an account. ``state``: asked, running, or done; the counts are of what was repaired."""

    run: SyncRun
    state: str

    @property
    def repaired(self) -> int:
        return self.run.headers + self.run.flags + self.run.removed


def ask(account_id: int) -> None:
    """Verify at the next round; one that is under way is not begun again."""
    if not _open(account_id).exists():
        SyncRun.objects.create(account_id=account_id, kind=ASKED)


def begin(lease: leases.HeldLease) -> bool:
    """Inside the pull lane: if it is asked for, distrust every cursor of the account. Raises ``LeaseLost``."""
    asked = SyncRun.objects.filter(account_id=lease.account_id, kind=ASKED, finished_at__isnull=True)
    if not asked.exists():
        return False
    with leases.commit(lease):
        asked.update(kind=BEGUN, started_at=Now())
        distrust(lease.account_id)
    return True


def finish(account_id: int) -> None:
    """After a whole round: sum up what it repaired, and name the folders that could not be compared."""
    run = SyncRun.objects.filter(account_id=account_id, kind=BEGUN, finished_at__isnull=True).first()
    if run is None:
        return
    moved = SyncRun.objects.filter(account_id=account_id, kind="folder", started_at__gte=run.started_at).aggregate(
        headers=Sum("headers", default=0),
        flags=Sum("flags", default=0),
        removed=Sum("removed", default=0),
    )
    left = _comparable(account_id).filter(deep_scan_at__isnull=True).order_by("path").values_list("path", flat=True)
    SyncRun.objects.filter(pk=run.pk).update(
        headers=moved["headers"],
        flags=moved["flags"],
        removed=moved["removed"],
        finished_at=Now(),
        error=f"Not compared, as the server does not open them: {', '.join(left)}." if left else "",
    )


def last(account_id: int) -> Verification | None:
    """The newest verification that was asked for."""
    run = SyncRun.objects.filter(account_id=account_id, kind__in=[ASKED, BEGUN]).order_by("-id").first()
    if run is None:
        return None
    return Verification(run, "done" if run.finished_at else "running" if run.kind == BEGUN else "asked")


def _open(account_id: int) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(account_id=account_id, kind__in=[ASKED, BEGUN], finished_at__isnull=True)


def _comparable(account_id: int) -> QuerySet[Folder]:
    """Folders that a round visits; those still filled for the first time are compared by that."""
    return Folder.objects.filter(
        account_id=account_id, is_local=False, selectable=True, missing_since__isnull=True, header_cursor=1
    )
