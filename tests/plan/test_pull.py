"""Which road a visit takes: one line a case."""

import itertools
from dataclasses import replace

import pytest

from mailsync.plan.pull import (
    ApplySelected,
    BeginEpoch,
    CompareUids,
    FetchAllFlags,
    FetchFlagsSince,
    FetchNew,
    FetchNewestFlags,
    FirstPull,
    KnownFolder,
    SaveCursor,
    is_unchanged,
    may_resync,
    plan_chunks,
    plan_difference,
    plan_pull,
)
from mailsync.types import FolderStatus, Role, SelectedFolder

QRESYNC, CONDSTORE, NONE = {"QRESYNC", "CONDSTORE"}, {"CONDSTORE"}, set[str]()
KNOWN = KnownFolder(
    uidvalidity=7,
    mailbox_id="a",
    uidnext_seen=101,
    highestmodseq=500,
    modseq_trusted=True,
    exists_seen=90,
    header_cursor=1,
    flags_cursor=0,
    deep_scan_due=False,
    unread=3,
)
SELECTED = SelectedFolder(exists=90, uidvalidity=7, uidnext=101, highestmodseq=500, permanent_flags=(), read_only=True)
STATUS = FolderStatus(messages=90, uidnext=101, uidvalidity=7, unseen=3, highestmodseq=500)


@pytest.mark.parametrize(
    ("known", "status", "capabilities", "expected"),
    [
        ({}, {}, QRESYNC, True),
        ({}, {}, NONE, True),
        ({}, {"uidnext": 102}, QRESYNC, False),
        ({}, {"messages": 89}, QRESYNC, False),
        ({}, {"uidvalidity": 8}, QRESYNC, False),
        ({}, {"highestmodseq": 501}, CONDSTORE, False),
        ({}, {"highestmodseq": 501}, NONE, True),  # Yahoo: a HIGHESTMODSEQ without CONDSTORE means nothing
        ({}, {"highestmodseq": None}, CONDSTORE, False),
        ({}, {"unseen": 2}, NONE, False),
        ({}, {"unseen": None}, NONE, False),
        ({}, {"uidnext": None}, NONE, False),
        ({"role": Role.INBOX}, {}, NONE, False),
        ({"role": Role.INBOX}, {}, CONDSTORE, True),
        ({"deep_scan_due": True}, {}, QRESYNC, False),
        ({"header_cursor": 50}, {}, QRESYNC, False),
        ({"header_cursor": None}, {}, QRESYNC, False),
        ({"modseq_trusted": False}, {}, CONDSTORE, True),  # then the count of unread tells
    ],
)
def test_when_the_select_is_skipped(known, status, capabilities, expected) -> None:  # type: ignore[no-untyped-def]
    assert is_unchanged(replace(KNOWN, **known), replace(STATUS, **status), capabilities) is expected


def test_no_status_skips_nothing() -> None:
    assert not is_unchanged(KNOWN, None, QRESYNC)


def save(**columns: object) -> SaveCursor:
    return replace(SaveCursor(101, 500, 90, deep_scan_done=False), **columns)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "selected", "capabilities", "steps"),
    [
        ({}, {"uidvalidity": 8}, QRESYNC, [BeginEpoch()]),
        ({"uidvalidity": None}, {}, NONE, [BeginEpoch()]),
        ({}, {"mailbox_id": "b"}, QRESYNC, [BeginEpoch()]),
        ({}, {"mailbox_id": "a"}, QRESYNC, [ApplySelected(), CompareUids(always=False), save()]),
        ({"mailbox_id": ""}, {"mailbox_id": "a"}, CONDSTORE, [CompareUids(always=False), save()]),
        ({"header_cursor": None}, {}, QRESYNC, [FirstPull(None)]),
        ({"uidnext_seen": None}, {}, QRESYNC, [FirstPull(None)]),
        ({}, {}, QRESYNC, [ApplySelected(), CompareUids(always=False), save()]),
        (
            {},
            {"uidnext": 103, "highestmodseq": 510, "exists": 92},
            QRESYNC,
            [
                FetchNew(101),
                ApplySelected(),
                CompareUids(always=False),
                save(uidnext=103, highestmodseq=510, exists=92),
            ],
        ),
        ({}, {}, CONDSTORE, [CompareUids(always=False), save()]),
        (
            {},
            {"highestmodseq": 501},
            CONDSTORE,
            [FetchFlagsSince(500), CompareUids(always=False), save(highestmodseq=501)],
        ),
        # The server's MODSEQ below ours: distrust it.
        (
            {},
            {"highestmodseq": 400},
            QRESYNC,
            [FetchAllFlags(), CompareUids(always=False), save(highestmodseq=400)],
        ),
        ({"modseq_trusted": False}, {}, QRESYNC, [FetchAllFlags(), CompareUids(always=False), save()]),
        ({"highestmodseq": None}, {}, CONDSTORE, [FetchAllFlags(), CompareUids(always=False), save()]),
        # CONDSTORE advertised, no MODSEQ given.
        (
            {},
            {"highestmodseq": None},
            CONDSTORE,
            [FetchNewestFlags(100, 0, 2000), CompareUids(always=False), save(highestmodseq=None)],
        ),
        (
            {"flags_cursor": 40},
            {},
            NONE,
            [FetchNewestFlags(100, 40, 2000), CompareUids(always=False), save(highestmodseq=None)],
        ),
        (
            {"deep_scan_due": True},
            {},
            NONE,
            [FetchAllFlags(), CompareUids(always=True), save(highestmodseq=None, deep_scan_done=True)],
        ),
        ({"deep_scan_due": True}, {}, QRESYNC, [ApplySelected(), CompareUids(always=True), save(deep_scan_done=True)]),
        # UIDNEXT missing, or shrunk: ask, and never go back.
        ({}, {"uidnext": None}, CONDSTORE, [FetchNew(101), CompareUids(always=False), save()]),
        ({}, {"uidnext": 90}, CONDSTORE, [FetchNew(101), CompareUids(always=False), save()]),
        # An unfinished first pull: what is new first, then on downwards; no comparing yet.
        ({"header_cursor": 50}, {}, CONDSTORE, [save(), FirstPull(50)]),
    ],
)
def test_the_steps(known, selected, capabilities, steps) -> None:  # type: ignore[no-untyped-def]
    assert plan_pull(replace(KNOWN, **known), replace(SELECTED, **selected), capabilities) == steps


@pytest.mark.parametrize(
    ("known", "expected"),
    [({}, True), ({"highestmodseq": 0}, False), ({"highestmodseq": None}, False), ({"modseq_trusted": False}, False)],
)
def test_the_cursor_goes_along_only_when_it_can_be_believed(known: dict[str, object], expected: bool) -> None:
    assert may_resync(replace(KNOWN, **known), QRESYNC) is expected  # type: ignore[arg-type]
    assert not may_resync(KNOWN, CONDSTORE)


def test_chunks_are_newest_first_and_cover_every_uid_once() -> None:
    for count in (0, 1, 199, 200, 201, 1200, 1201, 5000):
        uids = list(range(10, 10 + count * 3, 3))
        chunks = plan_chunks(uids)
        assert sorted(uid for chunk in chunks for uid in chunk) == uids
        assert all(chunk == sorted(chunk) for chunk in chunks)
        assert all(upper[0] > lower[-1] for upper, lower in itertools.pairwise(chunks))


@pytest.mark.parametrize(
    ("ours", "theirs", "exists", "vanished", "unknown", "confirm"),
    [
        ((1, 2, 3), (1, 3, 4), 3, (2,), (4,), False),
        (range(1, 101), range(52, 101), 49, tuple(range(1, 52)), (), True),
        (range(1, 101), range(50, 101), 51, tuple(range(1, 50)), (), False),  # below fifty
        (range(1, 1001), range(60, 1001), 941, tuple(range(1, 60)), (), False),  # below a fifth
        ((1, 2), (), 2, (1, 2), (), True),  # an empty SEARCH while EXISTS says otherwise
        ((1, 2), (), 0, (1, 2), (), False),
        ((), (5,), 1, (), (5,), False),
    ],
)
def test_differences(ours, theirs, exists, vanished, unknown, confirm) -> None:  # type: ignore[no-untyped-def]
    difference = plan_difference(tuple(ours), tuple(theirs), exists)
    assert (difference.vanished, difference.unknown, difference.confirm) == (vanished, unknown, confirm)
