"""Tell a user's open pages that something changed: one JSON line on that user's Redis channel, after the commit.

In: a user and what changed. Out: a hint. A lost hint loses nothing, as a page that reconnects reads
the tables again; so a Redis that is away is logged and never fails the work that was done.
"""

import json
import logging
from collections.abc import Iterable
from functools import cache
from typing import Protocol

import redis
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


class Counted(Protocol):
    """A folder and what it counts now, as ``store.summary`` tells it."""

    @property
    def user_id(self) -> int: ...
    @property
    def account_id(self) -> int: ...
    @property
    def folder_id(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def unread(self) -> int: ...


def channel(user_id: int) -> str:
    """The name of the Redis channel that carries a user's hints."""
    return f"heron:user:{user_id}"


def announce(user_id: int, kind: str, **ids: int | str | bool) -> None:
    """Publish ``{"kind": kind, **ids}`` once the running transaction commits (at once outside one).

    Kinds: ``folder`` {folder, account, unread, total}, ``message`` {message}, ``account`` {account},
    ``outgoing`` {outgoing}, ``draft`` {draft}, ``notice`` {account, text} for what had to be taken back.
    """
    line = json.dumps({"kind": kind, **ids})
    transaction.on_commit(lambda: _publish(channel(user_id), line), robust=True)


def announce_folders(counts: Iterable[Counted]) -> None:
    """One ``folder`` hint for each folder whose rows changed."""
    for folder in counts:
        announce(
            folder.user_id,
            "folder",
            folder=folder.folder_id,
            account=folder.account_id,
            unread=folder.unread,
            total=folder.total,
        )


@cache
def _client() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def _publish(name: str, line: str) -> None:
    try:
        _client().publish(name, line)
    except redis.RedisError as error:
        logger.warning("A hint for %s was not published: %s", name, error)
