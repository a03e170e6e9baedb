"""Mail that has lain in Trash or Junk for as long as its person wished is deleted for good. The meeting room.

In: a person's id. Out: expunges in the change log, which the push carries to the server after a day of grace, and a
line in the journal, whose Undo brings all of it back until then. Each slice is one transaction under the lock of the
person's wish, so two runs share none, one that is killed has done whole slices, and a wish that was withdrawn is heeded
at once.
"""

import logging
import time
from uuid import UUID, uuid4

from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.models import User
from mailsync.announce import announce_folders
from mailsync.store import changes, emptying, journal, leases
from mailsync.store.locking import lock_placements
from mailsync.store.summary import lock_folders, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Role

logger = logging.getLogger(__name__)

SLICE_ROWS = 200
#: What one line of the journal speaks of at most, as Undo takes it back in one go.
MOST_OF_AN_ACT = 5000
RUN_SECONDS = 15.0


def empty_bins(user_id: int, *, run_seconds: float = RUN_SECONDS) -> bool:
    """Go on for a while; True when there is more to do."""
    until = time.monotonic() + run_seconds
    groups = {role: uuid4() for role in (Role.TRASH, Role.JUNK)}
    emptied = 0
    while time.monotonic() < until and emptied <= MOST_OF_AN_ACT - 2 * SLICE_ROWS:
        try:
            count = _slice(user_id, groups)
        except OperationalError as error:
            if not leases.is_passing(error):
                raise
            logger.info("Emptying of person %s gave way to another writer: %s", user_id, error)
            return True
        if not count:
            return False
        emptied += count
    return True


@transaction.atomic
def _slice(user_id: int, groups: dict[Role, UUID]) -> int:
    """Returns how many messages went; none: it is over."""
    wish = emptying.lock_emptying(user_id)
    if wish is None:
        return 0
    counts = {role: _empty(wish.user, role, days, groups[role]) for role, days in emptying.days_of(wish).items()}
    if not any(counts.values()):
        emptying.settle_emptying(user_id)
    return sum(counts.values())


def _empty(user: User, role: Role, days: int, group: UUID) -> int:
    due = emptying.overstayed(user.pk, role, days)
    found = dict(due.order_by("pk").values_list("pk", "folder_id")[:SLICE_ROWS])
    if not found:
        return 0
    lock_folders(found.values())
    # Asked again once they are locked: somebody may have taken one out, or flagged it.
    still = set(due.filter(pk__in=found).values_list("pk", flat=True))
    rows = [row for row in lock_placements(found) if row.pk in still and not row.flagged]
    changes.record_expunges(rows, group=group, hold_until=timezone.now() + emptying.GRACE)
    announce_folders(refresh((row.folder_id, row.thread_id) for row in rows))
    refresh_threads({row.thread_id for row in rows})
    journal.note_run(
        user, group, "empty_by_time", len(rows), lambda n: _words(role, n) % {"n": n, "days": days}, argument=role.value
    )
    return len(rows)


def _words(role: Role, n: int) -> str:
    if role is Role.JUNK:
        return ngettext(
            "%(n)d message deleted for good after %(days)d days in Junk",
            "%(n)d messages deleted for good after %(days)d days in Junk",
            n,
        )
    return ngettext(
        "%(n)d message deleted for good after %(days)d days in the bin",
        "%(n)d messages deleted for good after %(days)d days in the bin",
        n,
    )
