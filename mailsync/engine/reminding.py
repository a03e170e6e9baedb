"""Remind somebody of what nobody has answered in time. The meeting room; database only."""

from mailsync.announce import announce
from mailsync.store import follow_ups


def remind(user_id: int) -> None:
    """Note whose time is over, and have open pages tell it in their column."""
    for account_id in follow_ups.remind(user_id):
        announce(user_id, "account", account=account_id)
