"""Both sides change, and the run is killed at every step: tables of what the user does × what another program does.

Each scenario is pushed and pulled to the end (both sides are equal), run again (nothing changes, nothing is sent),
and then its push is killed at every network step that follows a commit or a change on the server (a kill at another
step leaves the same behind), each time from the same beginning, and taken up again: both sides end equal, and as they
would have without the kill. (``test_scenarios`` kills the pull.)
"""

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.models import Change, Folder, Placement
from mailsync.store import leases
from tests.engine.in_step import assert_in_step, flags_of, killed_at, pull, snapshot
from tests.factories import make_account, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullServer

pytestmark = pytest.mark.django_db

Deed = Callable[[MailAccount], object]
Event = Callable[[PullServer], object]

WRITES = {"move", "copy", "store_flags", "expunge", "append", "create_folder", "rename_folder", "delete_folder"}
#: What the server can do, by turns: with and without MODSEQ, MOVE and UIDPLUS.
ROADS = (QRESYNC, BASELINE, ("CONDSTORE", "UIDPLUS"), ("MOVE",), (*CONDSTORE,), ())


def row(subject: str) -> int:
    return Placement.objects.get(message__subject=subject, shown=True).pk


def folder(path: str) -> int:
    return Folder.objects.get(path=path).pk


def filed_anew(account: MailAccount) -> None:
    made = actions.create_folder(account.user_id, account.pk, "New", folder("Work"))
    assert made.folder_id is not None
    actions.move(account.user_id, [row("A")], made.folder_id)


def thrown_away_with_its_folder(account: MailAccount) -> None:
    actions.delete_folder(account.user_id, folder("Work"), mail_to_trash=True)


def moved_twice(account: MailAccount) -> None:
    actions.move(account.user_id, [row("A")], folder("Work"))
    actions.trash(account.user_id, [row("A")])


def undone(account: MailAccount) -> None:
    done = actions.move(account.user_id, [row("A")], folder("Work"))
    actions.flag(account.user_id, [row("A")], True)
    actions.undo(account.user_id, done.group)


DEEDS: dict[str, Deed] = {
    "read": lambda account: actions.mark_read(account.user_id, [row("A"), row("B")]),
    "labelled": lambda account: actions.set_keyword(account.user_id, [row("A")], "$Work"),
    "moved": lambda account: actions.move(account.user_id, [row("A"), row("B")], folder("Work")),
    "archived": lambda account: actions.archive(account.user_id, [row("A")]),
    "moved_twice": moved_twice,
    "undone": undone,
    "deleted": lambda account: actions.delete_for_good(account.user_id, [row("T")]),
    "filed_anew": filed_anew,
    "renamed": lambda account: actions.rename_folder(account.user_id, folder("Work"), "Job"),
    "thrown_away_with_its_folder": thrown_away_with_its_folder,
}


def nothing(server: PullServer) -> None: ...


def arrived(server: PullServer) -> None:
    server.boxes["INBOX"].add(raw_message("New", Message_ID="<new@x>"))


def flagged(server: PullServer) -> None:
    server.boxes["INBOX"].messages[1].flags ^= {"\\Flagged", "$Other"}


def expunged(server: PullServer) -> None:
    del server.boxes["INBOX"].messages[1]


def moved(server: PullServer) -> None:
    stored = server.boxes["INBOX"].messages.pop(1)
    server.boxes["Trash"].add(stored.raw, sorted(stored.flags))


def renumbered(server: PullServer) -> None:
    server.renumber("INBOX", first_uid=40)


EVENTS: dict[str, Event] = {event.__name__: event for event in (nothing, arrived, flagged, expunged, moved, renumbered)}
SCENARIOS = [
    (deed, event, ROADS[number % len(ROADS)]) for number, (deed, event) in enumerate(itertools.product(DEEDS, EVENTS))
]


def begin(capabilities: tuple[str, ...]) -> tuple[PullServer, MailAccount]:
    """Both sides equal: two messages in the inbox, one in Work, one in Trash."""
    server, account = PullServer("INBOX", "Work", "Trash", capabilities=capabilities), make_account()
    for path, subjects in (("INBOX", "AB"), ("Work", "W"), ("Trash", "T")):
        for subject in subjects:
            server.boxes[path].add(raw_message(subject, Message_ID=f"<{subject}@x>", Received="by x"))
    pull(account, server)
    return server, account


def push(account: MailAccount, server: PullServer) -> None:
    """The toasts have gone, the backoffs are over."""
    Change.objects.update(hold_until=None, due_at=None)
    push_changes(account.pk, open_source=server.connect)


def finish(account: MailAccount, server: PullServer) -> None:
    """Until both sides are at rest; without MODSEQ the daily comparison finds what another program flagged."""
    for _ in range(6):
        push(account, server)
        is_open = Change.objects.filter(finished_at=None).exists()
        if not is_open and shown() == there(server):
            return
        if "CONDSTORE" not in server.capabilities:
            Folder.objects.filter(path="INBOX").update(deep_scan_at=None)
        pull(account, server)
    raise AssertionError((shown(), there(server), list(Change.objects.filter(finished_at=None).values())))


def shown() -> dict[str, dict[int | None, frozenset[str]]]:
    """What the user sees: folder → UID → flags."""
    found: dict[str, dict[int | None, frozenset[str]]] = {
        path: {} for path in Folder.objects.filter(missing_since=None).values_list("path", flat=True)
    }
    for row in Placement.objects.filter(shown=True).select_related("folder"):
        assert row.uid not in found[row.folder.path]
        found[row.folder.path][row.uid] = flags_of(row)
    return found


def there(server: PullServer) -> dict[str, dict[int | None, frozenset[str]]]:
    """What the server has and has not marked as deleted."""
    return {
        path: {uid: frozenset(one.flags) for uid, one in box.messages.items() if "\\Deleted" not in one.flags}
        for path, box in server.boxes.items()
    }


def result(server: PullServer) -> dict[str, list[tuple[str, list[str]]]]:
    """What is where, in the end."""
    return {
        path: sorted(
            (stored.message_id, sorted(stored.flags))
            for stored in box.messages.values()
            if "\\Deleted" not in stored.flags
        )
        for path, box in server.boxes.items()
    }


def different_kills(account: MailAccount, server: PullServer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The network steps of the push at which a kill leaves another state than at the step before: something was
    committed in between, or the server has changed. (A kill at any other step is the same kill.)"""
    seen: dict[tuple[int, str], int] = {}
    commits = itertools.count()
    done = 0
    real_commit, real_step = leases.commit, PullServer.step

    @contextmanager
    def counted(lease: leases.HeldLease) -> Iterator[None]:
        nonlocal done
        with real_commit(lease):
            yield
        done = next(commits) + 1

    def step(self: PullServer, what: str) -> None:
        real_step(self, what)
        seen.setdefault((done, repr(result(self))), self.steps)

    with transaction.atomic(), monkeypatch.context() as patch:
        patch.setattr(leases, "commit", counted)
        patch.setattr(PullServer, "step", step)
        given = copy.deepcopy(server)
        given.steps = 0
        push(account, given)
        # After the last step of all: the commits that follow it.
        seen.setdefault((done, repr(result(given))), given.steps + 1)
        transaction.set_rollback(True)
    return sorted(seen.values())


@pytest.mark.parametrize(("deed", "event", "capabilities"), SCENARIOS, ids=str)
def test_run_and_run_again_and_killed_anywhere(
    deed: str, event: str, capabilities: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, account = begin(capabilities)
    DEEDS[deed](account)
    EVENTS[event](server)
    with transaction.atomic():
        whole = copy.deepcopy(server)
        finish(account, whole)
        pull(account, whole)
        assert_in_step(account, whole)
        before = snapshot()
        whole.log.clear()
        push(account, whole)
        pull(account, whole)
        assert snapshot() == before
        assert not WRITES & set(whole.log)
        transaction.set_rollback(True)
    kills = 0
    for step in different_kills(account, server, monkeypatch):
        with transaction.atomic():
            given = copy.deepcopy(server)
            with killed_at(given, monkeypatch, step=step) as was_killed:
                push(account, given)
            kills += was_killed()
            finish(account, given)
            assert result(given) == result(whole), f"killed at step {step}"
            transaction.set_rollback(True)
    # A folder that was renumbered is left to the pull at once: that push has a single place to die at.
    assert kills >= (1 if event == "renumbered" else 2)


@given(
    deeds=st.lists(st.sampled_from(sorted(DEEDS)), min_size=2, max_size=4, unique=True),
    events=st.lists(st.sampled_from(sorted(EVENTS)), max_size=2),
    capabilities=st.sampled_from(ROADS),
    step=st.integers(1, 30),
)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_several_deeds_and_events_and_one_kill(
    deeds: list[str], events: list[str], capabilities: tuple[str, ...], step: int
) -> None:
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        server, account = begin(capabilities)
        for deed in deeds:
            # What an earlier deed has put elsewhere, made impossible, or left nothing of to undo, is left out.
            impossible = (Placement.DoesNotExist, Folder.DoesNotExist, actions.CannotDo, actions.NotYours)
            with suppress(*impossible), transaction.atomic():
                DEEDS[deed](account)
        for event in events:
            with suppress(KeyError):
                EVENTS[event](server)
        with killed_at(server, patch, step=step):
            push(account, server)
        finish(account, server)
        pull(account, server)
        assert_in_step(account, server)
        transaction.set_rollback(True)


def test_there_are_sixty_scenarios() -> None:
    assert len({(deed, event) for deed, event, _ in SCENARIOS}) >= 60
