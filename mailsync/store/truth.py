"""How an account really stands, folder by folder, for its user and the operator. Database room; reads only.

In: an account. Out: what is here and what the server has, what is missing and why, what waits, what went
wrong and what mends it. Counts are counted, not taken from where they are kept for speed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Count, F
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.models import AccountSync, Change, Folder, Halt, Hole, Placement, PopMessage, RawMessage
from mailsync.store import throttle, verification
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
    here = dict(
        Placement.objects.filter(
            account=account, uid__isnull=False, gone_phase=0, epoch=F("folder__epoch"), folder__missing_since=None
        )
        .values_list("folder_id")
        .annotate(Count("id"))
    )
    local = dict(
        Placement.objects.filter(account=account, shown=True, folder__is_local=True)
        .values_list("folder_id")
        .annotate(Count("id"))
    )
    open_holes = Hole.objects.filter(folder__account=account, epoch=F("folder__epoch"))
    holes = dict(open_holes.values_list("folder_id").annotate(Count("id")))
    changes = Change.objects.filter(account=account, finished_at__isnull=True, state__in=Change.OPEN)
    pending = dict(changes.filter(source__isnull=False).values_list("source_id").annotate(Count("id")))
    lines = tuple(
        _line(folder, local if folder.is_local else here, holes.get(folder.pk, 0), pending.get(folder.pk, 0))
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
    recent = RawMessage.objects.filter(account=account, created_at__gt=since).count()
    left = max(0, total - done)
    # Fewer than these say nothing of the speed.
    seconds = round(left * _RATE_WINDOW.total_seconds() / recent) if recent >= 20 else None
    return Progress(done, total, seconds)
