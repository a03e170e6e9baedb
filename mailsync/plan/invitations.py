"""How a message about an event stands among the others about it, and what the user has said. Pure.

Anyone can write a calendar with another's UID, so only messages of the same sender count as its other versions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["open", "answered", "changed", "superseded", "cancelled"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A message about an event, from ``sender`` (comparable), in the order of RFC 5546 §2.1.5."""

    message_id: int
    method: str
    sequence: int
    stamp: datetime
    sender: str

    @property
    def order(self) -> tuple[int, bool, datetime]:
        # A cancellation of the same sequence comes after what it cancels.
        return self.sequence, self.method == "CANCEL", self.stamp


@dataclass(frozen=True, slots=True)
class Standing:
    """``choice`` is the PARTSTAT the user gave last, "" for none; ``newer`` the message that says more than this one.

    - ``open``: waits for an answer · ``answered`` · ``changed``: since the answer, so it waits again
    - ``superseded``: ``newer`` is a later version · ``cancelled``: by ``newer``, or by this message
    """

    kind: Kind
    choice: str = ""
    newer: int | None = None


def choose_standing(
    notice: Notice, others: Iterable[Notice], *, choice: str = "", answered_sequence: int = 0
) -> Standing:
    """Where a REQUEST or CANCEL stands now."""
    versions = [one for one in others if one.sender == notice.sender and one.method in ("REQUEST", "CANCEL")]
    newest = max([notice, *versions], key=lambda one: one.order)
    newer = newest.message_id if newest.message_id != notice.message_id else None
    if newest.method == "CANCEL":
        return Standing("cancelled", choice, newer)
    # A copy with a later stamp alone (another guest has answered) asks nothing new.
    if newest.sequence > notice.sequence:
        return Standing("superseded", choice, newer)
    if not choice:
        return Standing("open")
    return Standing("answered" if answered_sequence >= notice.sequence else "changed", choice)
