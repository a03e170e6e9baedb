"""Tell a user's open pages that something changed: one JSON line on that user's Redis channel, after the commit.

In: a user and what changed. Out: a hint, and beside it when the last one was given, for a page that was made before and
listens since. A lost hint loses nothing, as a page that reconnects reads the tables again; so a Redis that is away is
logged and never fails the work that was done.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Protocol

import redis
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


class Counted(Protocol):
    """A folder, what it counts now, and which conversations have changed in it, as ``store.summary`` tells it."""

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
    @property
    def thread_ids(self) -> Sequence[int]: ...


#: More conversations than this (as many as a pull takes in at once) are not named; each page then looks for itself.
MOST_THREADS = 1000
#: A page that is older than this when it begins to listen reads everything anew, whatever was told.
KEPT_SECONDS = 3600


def channel(user_id: int) -> str:
    """The name of the Redis channel that carries a user's hints. It names the database, as Redis has its channels in
    common to all of them: another Heron on the same server has users of the same numbers."""
    return f"heron:{_database(settings.REDIS_URL)}:user:{user_id}"


@cache
def _database(url: str) -> int:
    return int(redis.connection.parse_url(url).get("db", 0))  # type: ignore[no-untyped-call]


def last_told(user_id: int) -> str:
    """The Redis key that holds when the user's last hint was given, in milliseconds since 1970."""
    return f"heron:told:{user_id}"


_told_by: ContextVar[str] = ContextVar("told_by", default="")


@contextmanager
def told_by(page: str) -> Iterator[None]:
    """What is announced within carries ``by``: the open page of this name shows already what it has done itself."""
    token = _told_by.set(page)
    try:
        yield
    finally:
        _told_by.reset(token)


def announce(user_id: int, kind: str, **ids: int | str | bool | list[int]) -> None:
    """Publish ``{"kind": kind, **ids, "at": milliseconds}`` once the running transaction commits (at once outside one).

    Kinds: ``folder`` {folder, account, unread, total, threads}, ``message`` {message}, ``account`` {account},
    ``outgoing`` {outgoing}, ``draft`` {draft}, ``notice`` {account, text} for what had to be taken back. ``threads``
    are the conversations that have changed in the folder; without it, any may have.
    """
    event: dict[str, int | str | bool | list[int]] = {"kind": kind, **ids}
    if page := _told_by.get():
        event["by"] = page
    transaction.on_commit(lambda: _publish(user_id, event), robust=True)


def announce_folders(counts: Iterable[Counted]) -> None:
    """One ``folder`` hint for each folder whose rows changed."""
    for folder in counts:
        few = len(folder.thread_ids) <= MOST_THREADS
        threads: dict[str, list[int]] = {"threads": list(folder.thread_ids)} if few else {}
        announce(
            folder.user_id,
            "folder",
            folder=folder.folder_id,
            account=folder.account_id,
            unread=folder.unread,
            total=folder.total,
            **threads,
        )


@cache
def _client() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def _publish(user_id: int, event: dict[str, int | str | bool | list[int]]) -> None:
    at = time.time_ns() // 1_000_000
    line = json.dumps({**event, "at": at})
    try:
        with _client().pipeline(transaction=False) as both:
            both.set(last_told(user_id), at, ex=KEPT_SECONDS)
            both.publish(channel(user_id), line)
            both.execute()
    except redis.RedisError as error:
        logger.warning("A hint for %s was not published: %s", channel(user_id), error)
