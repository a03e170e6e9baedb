"""What it means that both sides are equal, and a run that may be killed at any step."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import Count, F, Q

from accounts.models import MailAccount
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.models import ONLY_HERE_EPOCH, Folder, Hole, Lease, Message, Placement, RawMessage, Thread, ThreadRow
from mailsync.store import leases
from mailsync.store.audit import recount, recount_sums
from mailsync.store.truth import load_truth
from tests.fakes import Killed, PullServer


def pull(account: MailAccount, server: PullServer) -> None:
    """Pull headers and bodies until neither has more to do."""
    for work in (pull_account, pull_bodies):
        for _ in range(20):
            outcome = work(account.pk, connect=server.opener)
            if outcome is not Outcome.MORE:
                break
        # Bodies that are all here need no connection.
        assert outcome is Outcome.DONE or (outcome is Outcome.IDLE and work is pull_bodies), (
            outcome,
            account.sync.last_error,
        )


def assert_in_step(account: MailAccount, server: PullServer, *, holes: set[int] = frozenset()) -> None:  # type: ignore[assignment]
    """Every folder shows exactly the server's messages, beside what is only here: UIDs, flags, bytes; and every count
    is right."""
    for path, box in server.boxes.items():
        folder = Folder.objects.get(account=account, path=path)
        assert folder.missing_since is None
        rows = Placement.objects.filter(folder=folder, shown=True).select_related("message__raw")
        apart = rows.filter(epoch=ONLY_HERE_EPOCH)
        rows = rows.exclude(epoch=ONLY_HERE_EPOCH)
        ours = {
            row.uid: (
                bytes(row.message.raw.data) if row.message.raw else b"",
                flags_of(row),
                row.epoch,
            )
            for row in rows
        }
        visible = {
            uid: (stored.raw, frozenset(stored.flags), folder.epoch)
            for uid, stored in box.messages.items()
            if "\\Deleted" not in stored.flags and uid not in holes
        }
        assert ours == visible, path
        assert len(ours) == len(rows)
        assert (folder.header_cursor, folder.uidvalidity) == (1, box.uidvalidity)
        assert folder.total == len(visible) + apart.count()
        unread = sum("\\Seen" not in flags for _, flags, _ in visible.values())
        assert folder.unread == unread + apart.filter(seen=False).count()
    assert [*recount(), *recount_sums()] == []
    assert_counted_here(account)
    assert set(Hole.objects.values_list("uid", flat=True)) == set(holes)
    twice = RawMessage.objects.values("sha256").annotate(times=Count("id")).filter(times__gt=1)
    assert not twice.exists()
    assert not Thread.objects.filter(messages__isnull=True).exists()
    assert not Message.objects.filter(placements__isnull=True).exists()
    for row in ThreadRow.objects.select_related("newest"):
        assert row.newest.thread_id == row.thread_id


def assert_counted_here(account: MailAccount) -> None:
    """What the page of the account's status says is here is what is found when all of it is counted."""
    listed = Placement.objects.filter(
        Q(folder__is_local=True, shown=True)
        | Q(folder__is_local=False, uid__isnull=False, gone_phase=0, epoch=F("folder__epoch")),
        folder__account=account,
    )
    counted = Counter(listed.values_list("folder_id", flat=True))
    assert {line.folder.pk: line.here for line in load_truth(account).folders} == {
        folder.pk: counted[folder.pk] for folder in account.folders.filter(missing_since=None)
    }


def flags_of(row: Placement) -> frozenset[str]:
    pairs = ((row.seen, "\\Seen"), (row.flagged, "\\Flagged"), (row.answered, "\\Answered"), (row.draft, "\\Draft"))
    return frozenset({name for on, name in pairs if on} | set(row.keywords))


def snapshot() -> dict[str, list[Any]]:
    """All that a pull may write, without times."""
    return {
        "folders": list(
            Folder.objects.order_by("id").values_list(
                *("path", "role", "epoch", "uidvalidity", "uidnext_seen", "header_cursor", "exists_seen"),
                *("highestmodseq", "bodies_pending", "total", "unread", "missing_since"),
            )
        ),
        "placements": list(
            Placement.objects.order_by("id").values_list(
                *("id", "folder_id", "epoch", "uid", "message_id", "thread_id", "seen", "flagged", "shown", "modseq")
            )
        ),
        "messages": list(Message.objects.order_by("id").values_list("id", "raw_id", "subject", "preview")),
        "raws": list(RawMessage.objects.order_by("id").values_list("id", "size_bytes")),
        "threads": list(Thread.objects.order_by("id").values_list("id", "message_count", "newest_at")),
    }


@contextlib.contextmanager
def killed_at(
    server: PullServer, monkeypatch: pytest.MonkeyPatch, *, step: int | None = None, commit: int | None = None
) -> Iterator[Callable[[], bool]]:
    """The run inside ends at that network step, or right after that commit, without any tidying up.

    Yields a function that says whether it got that far. Afterwards the dead worker's lanes are free again.
    """
    commits = 0
    killed = False
    real = leases.commit

    @contextlib.contextmanager
    def counted(lease: leases.HeldLease) -> Iterator[None]:
        nonlocal commits
        with real(lease):
            yield
        commits += 1
        if commits == commit:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(leases, "commit", counted)
        patch.setattr(leases, "release", lambda lease: None)
        server.steps, server.kill_at = 0, step
        try:
            yield lambda: killed
        except Killed:
            killed = True
        finally:
            server.kill_at = None
    Lease.objects.update(until="2000-01-01T00:00:00Z")
