"""How an invitation stands, as a table: what came after it, and what was answered."""

from datetime import UTC, datetime, timedelta

import pytest

from mailsync.plan.invitations import Notice, Standing, choose_standing

T = datetime(2026, 3, 1, tzinfo=UTC)


def notice(
    message_id: int, method: str = "REQUEST", sequence: int = 0, minutes: int = 0, sender: str = "a@a"
) -> Notice:
    return Notice(message_id, method, sequence, T + timedelta(minutes=minutes), sender)


FIRST = notice(1)


@pytest.mark.parametrize(
    ("own", "others", "choice", "answered", "expected"),
    [
        (FIRST, [], "", 0, Standing("open")),
        (FIRST, [], "ACCEPTED", 0, Standing("answered", "ACCEPTED")),
        # A later version asks again, and only it.
        (FIRST, [notice(2, sequence=1)], "ACCEPTED", 0, Standing("superseded", "ACCEPTED", 2)),
        (notice(2, sequence=1), [FIRST], "ACCEPTED", 0, Standing("changed", "ACCEPTED")),
        (notice(2, sequence=1), [FIRST], "DECLINED", 1, Standing("answered", "DECLINED")),
        # Sent again because another guest has answered: nothing to answer anew.
        (FIRST, [notice(2, minutes=5)], "TENTATIVE", 0, Standing("answered", "TENTATIVE")),
        # Cancelled, also with the same sequence; then invited anew.
        (FIRST, [notice(2, "CANCEL", 1)], "ACCEPTED", 0, Standing("cancelled", "ACCEPTED", 2)),
        (FIRST, [notice(2, "CANCEL", 0, -5)], "", 0, Standing("cancelled", "", 2)),
        (notice(2, "CANCEL", 1), [FIRST], "ACCEPTED", 0, Standing("cancelled", "ACCEPTED")),
        (notice(2, "CANCEL", 1), [FIRST, notice(3, sequence=2)], "", 0, Standing("superseded", "", 3)),
        (notice(3, sequence=2), [FIRST, notice(2, "CANCEL", 1)], "ACCEPTED", 0, Standing("changed", "ACCEPTED")),
        # Who knows the UID cannot cancel what another has organised; answers of guests are no versions.
        (FIRST, [notice(2, "CANCEL", 9, sender="eve@e")], "ACCEPTED", 0, Standing("answered", "ACCEPTED")),
        (FIRST, [notice(2, "REPLY", 9)], "", 0, Standing("open")),
    ],
)
def test_standing(own: Notice, others: list[Notice], choice: str, answered: int, expected: Standing) -> None:
    assert choose_standing(own, others, choice=choice, answered_sequence=answered) == expected
