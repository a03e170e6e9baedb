"""What answers a message that somebody waits to be answered. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from mailsync.message.addresses import comparable
from mailsync.plan.auto_replies import is_robot

#: After so many days without an answer one can be reminded.
DAYS = (1, 2, 3, 5, 7, 14, 30)


def is_answer(sender: str, facts: Mapping[str, Any] | None, mine: Collection[str]) -> bool:
    """Whether a later message of the conversation answers it: somebody else wrote it, and no program did (RFC 3834).

    A program need not say so: its answers go out without a return path (§3.3, and RFC 3461 §5.2.7 for reports), and
    people's do not.

    ``mine`` are comparable addresses of who waits.

    >>> is_answer("ada@example.org", {}, ["noor@example.org"])
    True
    >>> is_answer("ada@example.org", {"auto_submitted": "auto-replied"}, ["noor@example.org"])
    False
    >>> is_answer("ada@example.org", {"return_path": ""}, ["noor@example.org"])
    False
    """
    told = facts or {}
    return (
        "@" in sender
        and comparable(sender) not in mine
        and not is_robot(sender)
        and not ("auto_submitted" in told or told.get("by_program"))
        and told.get("return_path") != ""
    )
