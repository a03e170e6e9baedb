"""Somebody is looking at their mail: poll for them more often, and at once where the last look was long ago."""

from mailsync.actions import wake
from mailsync.store import schedule


def look_in(user_id: int) -> None:
    """Called every so often while a page of this user is open; cheap enough for each heartbeat."""
    for account_id in schedule.stamp_active(user_id):
        wake.sync_soon(account_id)
