"""What answers a message that somebody waits to be answered. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from mailsync.message.addresses import comparable
from mailsync.plan.auto_replies import is_robot

#: After so many days without an answer one can be reminded.
DAYS = (1, 2, 3, 5, 7, 14, 30)


def is_answer(sender: str, facts: Mapping[str, Any] | None, mine: Collection[str]) -> bool:
    """Whether a later message of the conversation answers it: somebody else wrote it, and no program did (RFC 3834).

    ``mine`` are comparable addresses of who waits.

    >>> is_answer("ada@example.org", {}, ["noor@example.org"])
    True
    >>> is_answer("ada@example.org", {"auto_submitted": "auto-replied"}, ["noor@example.org"])
    False
    """
    return (
        "@" in sender
        and comparable(sender) not in mine
        and not is_robot(sender)
        and "auto_submitted" not in (facts or {})
    )
