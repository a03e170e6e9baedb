"""What the user sees of flags: the server's, overlaid with what is pending."""

import pytest

from mailsync.plan.flags import plan_flags
from mailsync.types import Flags


@pytest.mark.parametrize(
    ("server", "pending", "expected"),
    [
        ((), {}, Flags()),
        (("\\Seen",), {}, Flags(seen=True)),
        (("\\Seen",), {"\\Seen": False}, Flags()),
        (("\\seen",), {"\\Seen": False}, Flags()),
        ((), {"\\Flagged": True}, Flags(flagged=True)),
        (("$Work",), {"$work": False}, Flags()),
        (("$Work",), {"$work": True}, Flags(keywords=("$Work",))),
        (("\\Deleted", "b", "a"), {"\\Answered": True}, Flags(deleted=True, answered=True, keywords=("a", "b"))),
    ],
)
def test_pending_wins(server: tuple[str, ...], pending: dict[str, bool], expected: Flags) -> None:
    assert plan_flags(server, pending) == expected
