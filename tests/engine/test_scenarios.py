"""Scenarios: how both sides stand, what then happens on the server; each is pulled, pulled again, and killed.

Every scenario runs on a server with QRESYNC, with CONDSTORE and with neither. After the run both
sides are equal; a second run changes nothing; and killed at every network step and after every
commit, then taken up again, it ends the same.
"""

import copy
from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.models import MailAccount
from mailsync.models import Folder, Message, Placement
from tests.engine.fake_server import Box
from tests.engine.in_step import assert_in_step, killed_at, pull, snapshot
from tests.factories import make_account, raw_message
from tests.fakes import BASELINE, CONDSTORE, QRESYNC, PullServer

pytestmark = pytest.mark.django_db

Change = Callable[[PullServer], None]


def filled(capabilities: tuple[str, ...]) -> PullServer:
    server = PullServer(capabilities=capabilities)
    for n in range(6):
        flags = ["\\Seen"] if n % 2 else []
        server.boxes["INBOX"].add(raw_message(f"Inbox {n}", Message_ID=f"<i{n}@x>"), flags)
    server.boxes["Archive"].add(raw_message("Old", Message_ID="<old@x>"), ["\\Seen", "$Work"])
    return server


def nothing(server: PullServer) -> None: ...


def arrive(server: PullServer) -> None:
    for n in range(3):
        server.boxes["INBOX"].add(raw_message(f"New {n}", Message_ID=f"<n{n}@x>", In_Reply_To="<i1@x>"))


def same_message_twice(server: PullServer) -> None:
    raw = raw_message("Twin", Message_ID="<twin@x>", Received="from a by b")
    server.boxes["INBOX"].add(raw)
    server.boxes["INBOX"].add(raw)
    server.boxes["Archive"].add(raw)


def same_bytes_unstamped(server: PullServer) -> None:
    raw = raw_message("Twin", Message_ID="<twin@x>")
    server.boxes["INBOX"].add(raw)
    server.boxes["INBOX"].add(raw, ["\\Flagged"])


def same_id_other_bytes(server: PullServer) -> None:
    server.boxes["INBOX"].add(raw_message("One", Message_ID="<same@x>"))
    server.boxes["INBOX"].add(raw_message("Two", Message_ID="<same@x>"))


def flags(server: PullServer) -> None:
    box = server.boxes["INBOX"].messages
    box[1].flags |= {"\\Seen", "\\Flagged", "Later"}
    box[2].flags.clear()
    server.boxes["Archive"].messages[1].flags -= {"$Work"}


def deleted_mark(server: PullServer) -> None:
    server.boxes["INBOX"].messages[3].flags.add("\\Deleted")


def expunge_some(server: PullServer) -> None:
    del server.boxes["INBOX"].messages[2]
    del server.boxes["INBOX"].messages[6]


def expunge_all(server: PullServer) -> None:
    server.boxes["INBOX"].messages.clear()


def expunge_and_arrive(server: PullServer) -> None:
    """The count stays the same: only UIDs tell."""
    del server.boxes["INBOX"].messages[1]
    server.boxes["INBOX"].add(raw_message("Instead", Message_ID="<instead@x>"))


def moved_away(server: PullServer) -> None:
    stored = server.boxes["INBOX"].messages.pop(4)
    server.boxes["Archive"].add(stored.raw, sorted(stored.flags))


def renumbered(server: PullServer) -> None:
    server.renumber("INBOX", first_uid=50)


def renumbered_and_changed(server: PullServer) -> None:
    del server.boxes["INBOX"].messages[2]
    server.renumber("INBOX")
    server.boxes["INBOX"].messages[1].flags |= {"\\Flagged"}
    server.boxes["INBOX"].add(raw_message("After", Message_ID="<after@x>"))


def new_folder(server: PullServer) -> None:
    server.boxes["Work/Plans"] = Box()
    server.boxes["Work/Plans"].add(raw_message("Plan", Message_ID="<plan@x>"))


def emptied_and_refilled(server: PullServer) -> None:
    server.boxes["INBOX"].messages.clear()
    for n in range(6):
        server.boxes["INBOX"].add(raw_message(f"Refill {n}", Message_ID=f"<r{n}@x>"))


CHANGES = [
    *(nothing, arrive, same_message_twice, same_bytes_unstamped, same_id_other_bytes, flags, deleted_mark),
    *(expunge_some, expunge_all, expunge_and_arrive, moved_away, renumbered, renumbered_and_changed),
    *(new_folder, emptied_and_refilled),
]
ROADS = {"qresync": QRESYNC, "condstore": CONDSTORE, "baseline": BASELINE}


def make_scan_due() -> None:
    """A day has passed: without MODSEQ a changed flag is found by the daily scan at the latest."""
    Folder.objects.update(deep_scan_at=None)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_both_sides_end_equal_and_a_second_run_changes_nothing(road: str, change: Change) -> None:
    server, account = filled(ROADS[road]), make_account()
    pull(account, server)
    assert_in_step(account, server)
    change(server)
    make_scan_due()
    pull(account, server)
    assert_in_step(account, server)
    before = snapshot()
    pull(account, server)
    assert snapshot() == before


KILLED = [
    *((road, arrive) for road in ROADS),
    *((road, renumbered_and_changed) for road in ROADS),
    *(("qresync", same_bytes_unstamped), ("condstore", expunge_and_arrive), ("baseline", moved_away)),
    *(("condstore", emptied_and_refilled), ("baseline", same_message_twice)),
]


def run_until_it_survives(
    account: MailAccount, given: PullServer, change: Change, kind: str, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Kill the run at its first step (or commit), its second …, each time from the same beginning."""
    for number in range(1, 200):
        with transaction.atomic():
            server = copy.deepcopy(given)
            change(server)
            make_scan_due()
            with killed_at(server, monkeypatch, **{kind: number}) as was_killed:
                pull(account, server)
            pull(account, server)
            assert_in_step(account, server)
            transaction.set_rollback(True)
        if not was_killed():
            return number
    raise AssertionError("the run never came to its end")


@pytest.mark.parametrize(("road", "change"), KILLED, ids=lambda value: getattr(value, "__name__", value))
def test_killed_after_any_commit_and_taken_up_again(road: str, change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull changes nothing on the server, so what a kill leaves behind is what the last commit left."""
    server, account = filled(ROADS[road]), make_account()
    pull(account, server)
    assert run_until_it_survives(account, server, change, "commit", monkeypatch) > 2


@pytest.mark.parametrize("road", ROADS)
def test_the_first_pull_killed_after_any_commit(road: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_until_it_survives(make_account(), filled(ROADS[road]), nothing, "commit", monkeypatch) > 5


def test_killed_at_any_network_step(monkeypatch: pytest.MonkeyPatch) -> None:
    server, account = filled(QRESYNC), make_account()
    pull(account, server)
    assert run_until_it_survives(account, server, arrive, "step", monkeypatch) > 5


def test_a_renumbered_folder_fetches_no_body_again() -> None:
    server, account = filled(QRESYNC), make_account()
    pull(account, server)
    given = server.bodies_given
    ids = set(Message.objects.values_list("id", flat=True))
    placements = set(Placement.objects.values_list("id", flat=True))
    server.renumber("INBOX", first_uid=70)
    pull(account, server)
    assert_in_step(account, server)
    assert server.bodies_given == given
    assert set(Message.objects.values_list("id", flat=True)) == ids
    assert set(Placement.objects.values_list("id", flat=True)) == placements
    assert Folder.objects.get(path="INBOX").epoch == 2


def test_an_unchanged_account_costs_one_command() -> None:
    server, account = filled(QRESYNC), make_account()
    pull(account, server)
    pull(account, server)
    server.log.clear()
    pull(account, server)
    assert server.log == ["list_folders"]
