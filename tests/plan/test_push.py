"""The change log as commands, as a table: what cancels out, what waits, what is looked for first."""

import pytest

from mailsync.plan.push import (
    AMBIGUOUS,
    APPEND,
    COPIED,
    EXPUNGE,
    FLAGS,
    FOLDER_CREATE,
    FOLDER_DELETE,
    FOLDER_RENAME,
    MOVE,
    SENT,
    SUBSCRIBE,
    Append,
    ChangeFolder,
    Expunge,
    Item,
    LookForMoved,
    Move,
    Pending,
    RemoveCopied,
    Settle,
    Step,
    StoreFlags,
    plan_push,
)

SEEN, STAR = "\\Seen", "\\Flagged"


def flags(id_: int, placement: int, *, add: str = "", remove: str = "", **more: object) -> Pending:
    fields: dict[str, object] = {"uid": placement * 10, "folder_id": 1, **more}
    return Pending(
        id_,
        FLAGS,
        placement_id=placement,
        add=tuple(add.split()),
        remove=tuple(remove.split()),
        **fields,  # type: ignore[arg-type]
    )


def move(id_: int, placement: int, **more: object) -> Pending:
    fields: dict[str, object] = {"uid": placement * 10, "folder_id": 1, "target_id": 2, **more}
    return Pending(id_, MOVE, placement_id=placement, **fields)  # type: ignore[arg-type]


def expunge(id_: int, placement: int, **more: object) -> Pending:
    fields: dict[str, object] = {"uid": placement * 10, "folder_id": 1, **more}
    return Pending(id_, EXPUNGE, placement_id=placement, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ([], []),
        # One command for many messages, one for each different wish.
        (
            [flags(1, 1, add=SEEN), flags(2, 2, add=SEEN), flags(3, 3, remove=SEEN, server_flags=frozenset({SEEN}))],
            [
                StoreFlags(1, (SEEN,), (), (Item((1,), 10), Item((2,), 20))),
                StoreFlags(1, (), (SEEN,), (Item((3,), 30),)),
            ],
        ),
        # Two wishes for one message are one command; the last word counts.
        (
            [flags(1, 1, add=SEEN), flags(2, 1, add=STAR)],
            [StoreFlags(1, (STAR, SEEN), (), (Item((1, 2), 10),))],
        ),
        ([flags(1, 1, add=SEEN), flags(2, 1, remove=SEEN)], [Settle((1, 2))]),
        # What the server has already is not said again, in whatever case it wrote it.
        ([flags(1, 1, add="$Work", server_flags=frozenset({"$work"}))], [Settle((1,))]),
        # A half-done change is said in full: nobody knows what arrived.
        (
            [flags(1, 1, add=SEEN, state=SENT), flags(2, 1, remove=SEEN)],
            [StoreFlags(1, (), (SEEN,), (Item((1, 2), 10),))],
        ),
        # Keywords go by themselves, for a folder may refuse them.
        (
            [flags(1, 1, add=SEEN), flags(2, 1, add="$Work")],
            [StoreFlags(1, (SEEN,), (), (Item((1,), 10),)), StoreFlags(1, ("$Work",), (), (Item((2,), 10),))],
        ),
        # Delete beats flag.
        ([flags(1, 1, add=STAR), expunge(2, 1)], [Settle((1,)), Expunge(1, (Item((2,), 10),))]),
        # Flags first, then the move that takes the message away; UIDs ascend.
        (
            [move(1, 2), flags(2, 1, add=SEEN), move(3, 1)],
            [StoreFlags(1, (SEEN,), (), (Item((2,), 10),)), Move(1, 2, (Item((3,), 10), Item((1,), 20)))],
        ),
        # What may have happened is looked for; a half-done move is finished; neither is begun again.
        (
            [move(1, 1, state=SENT), move(2, 2, state=AMBIGUOUS), move(3, 3, state=COPIED), move(4, 4)],
            [
                LookForMoved(1, 2, (Item((1,), 10), Item((2,), 20))),
                RemoveCopied(1, (Item((3,), 30),)),
                Move(1, 2, (Item((4,), 40),)),
            ],
        ),
        # No UID yet: wait. The message has gone: say so.
        ([move(1, 1, uid=None), flags(2, 2, add=SEEN, uid=None), expunge(3, 3, uid=None)], []),
        (
            [flags(1, 1, add=SEEN, exists=False), move(2, 2, exists=False)],
            [Settle((1, 2), lost=True)],
        ),
        # What waits for another change waits; if that one failed, this one is dropped.
        ([expunge(1, 1, waits=True)], []),
        ([expunge(1, 1, orphaned=True)], [Settle((1,), lost=True)]),
        # A pull has met the appended message already.
        (
            [Pending(1, APPEND, target_id=2), Pending(2, APPEND, target_id=2, arrived_uid=7)],
            [Append(1, 2), Settle((2,))],
        ),
        # Folders are made before mail moves, and deleted after.
        (
            [Pending(1, FOLDER_DELETE, folder_id=3), move(2, 1), Pending(3, FOLDER_CREATE, target_id=2)],
            [
                ChangeFolder(3, FOLDER_CREATE, 2),
                Move(1, 2, (Item((2,), 10),)),
                ChangeFolder(1, FOLDER_DELETE, 3),
            ],
        ),
        # What was to be done to a folder whose row has gone is overtaken.
        (
            [Pending(1, FOLDER_RENAME), Pending(2, SUBSCRIBE), Pending(3, FOLDER_CREATE), Pending(4, FOLDER_DELETE)],
            [Settle((1, 2, 3, 4))],
        ),
        ([Pending(1, FOLDER_RENAME, waits=True)], []),
        # The same message twice in one command is once.
        ([move(1, 1), move(2, 1)], [Move(1, 2, (Item((1,), 10),))]),
    ],
)
def test_plan(changes: list[Pending], steps: list[Step]) -> None:
    assert plan_push(changes) == steps
    assert plan_push(list(reversed(changes))) == steps
