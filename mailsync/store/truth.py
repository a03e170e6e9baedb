"""How an account really stands, folder by folder, for its user and the operator. Database room; reads only.

In: an account. Out: what is here and what the server has, what is missing and why, what waits, what went
wrong and what mends it. The page is drawn anew with every hint while an account is filled, so what is here is told by
the kept count of what the folder shows, and what is apart from that on one side or the other is counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.models import AccountSync, Change, Folder, Halt, Hole, PopMessage
from mailsync.store import throttle, verification
from mailsync.store.mail_sums import bodies_since
from mailsync.store.tree import Health, account_health

FolderState = Literal["in_step", "filling", "differs", "failing", "parked", "local", "unread"]
#: Holes and refused changes shown by name; the rest are counted.
SHOWN = 50
_RATE_WINDOW = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class FolderTruth:
    """One folder. ``here`` and ``on_server`` are messages; None: not known yet."""

    folder: Folder
    state: FolderState
    here: int
    on_server: int | None
    holes: int
    pending: int
    bodies_to_come: int

    @property
    def error(self) -> str:
        return self.folder.last_error


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the first pull is: messages complete, with their bodies. ``seconds_left`` None: cannot be told yet."""

    done: int
    total: int
    seconds_left: int | None

    @property
    def percent(self) -> int:
        return min(99, self.done * 100 // self.total) if self.total else 0

    @property
    def minutes_left(self) -> int | None:
        """In minutes, where it is less than an hour and a half."""
        if self.seconds_left is None or self.seconds_left > 5400:
            return None
        return max(1, round(self.seconds_left / 60))

    @property
    def hours_left(self) -> int | None:
        """In hours, where it is more."""
        return round(self.seconds_left / 3600) if self.seconds_left is not None and self.seconds_left > 5400 else None


@dataclass(frozen=True, slots=True)
class AccountTruth:
    """All of it. ``late_seconds``: how long the next look has been overdue; 0 when all goes as planned."""

    account: MailAccount
    sync: AccountSync | None
    health: Health
    health_text: str
    halt: Halt | None
    is_watched: bool
    late_seconds: int
    folders: tuple[FolderTruth, ...]
    holes: tuple[Hole, ...]
    #: The same of a POP3 mailbox, whose messages have no numbers.
    not_given: tuple[PopMessage, ...]
    waiting: int
    stuck: tuple[Change, ...]
    failed: tuple[Change, ...]
    progress: Progress | None
    verification: verification.Verification | None
    connections: int
    most_connections: int
    spent_bytes: int
    daily_bytes: int | None

    @property
    def here(self) -> int:
        return sum(line.here for line in self.folders)

    @property
    def on_server(self) -> int:
        return sum(line.on_server or 0 for line in self.folders)

    @property
    def hole_count(self) -> int:
        return sum(line.holes for line in self.folders) + len(self.not_given)

    @property
    def parked(self) -> int:
        return sum(line.state == "parked" for line in self.folders)

    @property
    def is_spent(self) -> bool:
        """The day's allowance for filling the account is used up, and it is not filled."""
        return self.progress is not None and self.daily_bytes is not None and self.spent_bytes >= self.daily_bytes


def load_truth(account: MailAccount) -> AccountTruth:
    """Everything about one account, in a dozen queries whatever its size."""
    sync: AccountSync | None = AccountSync.objects.filter(account=account).first()
    now = timezone.now()
    listed = Folder.objects.filter(account=account, missing_since__isnull=True).order_by("path")
    here = _count_here(account)
    open_holes = Hole.objects.filter(folder__account=account, epoch=F("folder__epoch"))
    holes = dict(open_holes.values_list("folder_id").annotate(Count("id")))
    changes = Change.objects.filter(account=account, finished_at__isnull=True, state__in=Change.OPEN)
    pending = dict(changes.filter(source__isnull=False).values_list("source_id").annotate(Count("id")))
    lines = tuple(
        _line(folder, here, holes.get(folder.pk, 0), pending.get(folder.pk, 0))
        for folder in sorted(listed, key=lambda one: (one.role != "inbox", one.path.casefold()))
    )
    halt = throttle.halt_of(account)
    health, text = account_health(account, sync, [line.folder for line in lines], halt)
    return AccountTruth(
        account=account,
        sync=sync,
        health=health,
        health_text=text,
        halt=halt,
        is_watched=bool(sync and sync.watched_at and sync.watched_at > now - timedelta(minutes=3)),
        late_seconds=_late(sync, now),
        folders=lines,
        holes=tuple(open_holes.select_related("folder").order_by("next_try_at", "id")[:SHOWN]),
        not_given=tuple(
            PopMessage.objects.filter(account=account, state=PopMessage.State.SEEN).order_by("next_try_at", "id")[
                :SHOWN
            ]
        ),
        waiting=changes.count(),
        stuck=tuple(changes.filter(attempts__gt=0).exclude(error="").select_related("source").order_by("id")[:SHOWN]),
        failed=tuple(
            Change.objects.filter(account=account, state=Change.State.FAILED, finished_at__gt=now - timedelta(days=7))
            .select_related("source")
            .order_by("-finished_at")[:10]
        ),
        progress=_progress(account, lines, now),
        verification=verification.last(account.pk),
        connections=throttle.connections_in_use(account),
        most_connections=throttle.most_connections(account),
        spent_bytes=throttle.spent_today(account.pk),
        daily_bytes=throttle.daily_bytes(account),
    )


# What the server lists, as far as we know: what the folder shows, with what a change that waits has taken away, and
# without what it has put there, what is only here, and what earlier epochs hold until the folder is read to its end.
_HERE = """
    SELECT f.id, CASE WHEN f.is_local THEN f.total ELSE f.total + apart.hidden - apart.shown - earlier.shown END
      FROM mailsync_folder f
     CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE NOT p.shown AND p.uid IS NOT NULL AND p.epoch = f.epoch) AS hidden,
                count(*) FILTER (WHERE p.shown) AS shown
           FROM mailsync_placement p
          WHERE p.folder_id = f.id AND NOT f.is_local
            AND p.gone_phase = 0 AND (NOT p.shown OR p.epoch = 0 OR p.uid IS NULL)
         OFFSET 0) AS apart
     CROSS JOIN LATERAL (
         SELECT count(*) AS shown
           FROM mailsync_placement p
          WHERE p.folder_id = f.id AND NOT f.is_local AND f.header_cursor IS DISTINCT FROM 1
            AND p.epoch > 0 AND p.epoch < f.epoch AND p.uid IS NOT NULL AND p.shown
         OFFSET 0) AS earlier
     WHERE f.account_id = %(account)s
"""


def _count_here(account: MailAccount) -> dict[int, int]:
    """Messages by folder."""
    with connection.cursor() as cursor:
        cursor.execute(_HERE, {"account": account.pk})
        return {folder_id: max(0, count) for folder_id, count in cursor.fetchall()}


def _line(folder: Folder, here: dict[int, int], holes: int, pending: int) -> FolderTruth:
    count = here.get(folder.pk, 0)
    on_server = None if folder.is_local or not folder.selectable else folder.exists_seen
    return FolderTruth(
        folder,
        _state(folder, count, on_server, holes, pending),
        count,
        on_server,
        holes,
        pending,
        folder.bodies_pending,
    )


def _state(folder: Folder, here: int, on_server: int | None, holes: int, pending: int) -> FolderState:
    if folder.is_local:
        return "local"
    if not folder.selectable:
        return "unread"
    if folder.parked_at is not None:
        return "parked"
    if folder.failures:
        return "failing"
    if folder.header_cursor != 1 or folder.bodies_pending > holes:
        return "filling"
    if on_server is not None and here + holes != on_server and not pending:
        return "differs"
    return "in_step"


def _late(sync: AccountSync | None, now: datetime) -> int:
    """Only what is past a minute counts: the clock that hands out work ticks every few seconds."""
    if sync is None or sync.due_at is None:
        return 0
    late = int((now - sync.due_at).total_seconds())
    return late if late > 60 else 0


def _progress(account: MailAccount, lines: tuple[FolderTruth, ...], now: datetime) -> Progress | None:
    filling = [line for line in lines if line.state == "filling"]
    if not filling:
        return None
    remote = [line for line in lines if line.on_server is not None and line.state != "parked"]
    total = sum(max(line.on_server or 0, line.here) for line in remote)
    done = sum(max(0, line.here - line.bodies_to_come) for line in remote)
    since = now - _RATE_WINDOW
    recent = bodies_since(account.pk, since)
    left = max(0, total - done)
    # Fewer than these say nothing of the speed.
    seconds = round(left * _RATE_WINDOW.total_seconds() / recent) if recent >= 20 else None
    return Progress(done, total, seconds)
