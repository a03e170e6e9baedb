"""What the user sees of a message's flags: what the server says, and on top what the user has done since. Pure."""

from collections.abc import Mapping, Sequence

from mailsync.types import Flags


def plan_flags(server: Sequence[str], pending: Mapping[str, bool]) -> Flags:
    """Server flags (names, as written in STORE) overlaid with pending changes: flag → on or off.

    System flags compare without regard to case (RFC 9051 §2.3.2); so do keywords.

    >>> plan_flags(("\\\\Seen",), {"\\\\Seen": False, "$Work": True})
    Flags(seen=False, flagged=False, answered=False, draft=False, deleted=False, keywords=('$Work',))
    """
    names = {name.lower(): name for name in server}
    for name, on in pending.items():
        if on:
            names.setdefault(name.lower(), name)
        else:
            names.pop(name.lower(), None)
    return Flags.parse([name.encode("ascii", "replace") for name in names.values()])
