"""Which new mail a rule may send on, and where to: never in circles. Pure.

In: what the header of a message says, and the address. Out: whether it goes. What programs write may go, bills and
tickets among it; what answers by itself, comes back or was sent on by a Heron already may not.
"""

from collections.abc import Collection, Mapping
from typing import Any

from mailsync.message.addresses import comparable, without_tag

_POSTMASTERS = frozenset({"mailer-daemon", "postmaster"})


def may_forward(sender: str, facts: Mapping[str, Any], to: str) -> bool:
    """``facts`` as ``header_facts`` reads them.

    >>> [may_forward("bo@work.test", facts, "cy@else.test") for facts in ({}, {"forwarded": True})]
    [True, False]
    """
    if facts.get("forwarded") or facts.get("hops") or facts.get("auto_submitted") == "auto-replied":
        return False
    # What cannot be delivered comes back to here, and would go there again.
    if facts.get("return_path", "x") == "" or sender.rpartition("@")[0].lower() in _POSTMASTERS:
        return False
    return comparable(sender) != comparable(to)


def is_own(address: str, mine: Collection[str]) -> bool:
    """Whether it is one of these comparable addresses, with a tag or without."""
    return bool({comparable(address), comparable(without_tag(address))} & set(mine))
