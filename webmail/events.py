"""Hints for open pages: one Redis subscription a process flows in, each browser's queue flows out. Screens room.

``mailsync.announce`` publishes JSON lines on a user's channel; a ``Fanout`` hands each line to every
stream of that user in this process. Lines hold ids and counts only. A queue that fills up, or a Redis
that was away, is answered by one ``resync``: the page then reads everything anew, so nothing is missed.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mailsync.announce import KEPT_SECONDS, announce, channel, last_told

logger = logging.getLogger(__name__)

RESYNC = json.dumps({"kind": "resync"})
#: Lines that wait for one slow browser before they are replaced by a resync.
QUEUE_LINES = 200
#: Streams of one person in one process; a browser has one, whatever its number of tabs.
STREAMS_PER_USER = 32
#: Between attempts to reach a Redis that is away.
RECONNECT_SECONDS = 2.0
_CLOCKS_DIFFER = timedelta(seconds=2)


class TooManyStreams(Exception):
    """This user has more streams here than any number of browsers would open."""


class Fanout:
    """The subscription of one event loop. It connects with the first listener and idles without any."""

    def __init__(self, url: str) -> None:
        # No silent retries: each lost connection must surface, because lines may have been lost with it.
        self._redis: Redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), health_check_interval=30)
        self._pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
        self._queues: dict[str, set[asyncio.Queue[str]]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def listen(self, user_id: int) -> AsyncIterator[asyncio.Queue[str]]:
        """A queue of this user's lines, from now on. Raises ``TooManyStreams``."""
        name = channel(user_id)
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_LINES)
        if len(self._queues.get(name, ())) >= STREAMS_PER_USER:
            raise TooManyStreams
        async with self._lock:
            await self._add(name, queue)
        try:
            yield queue
        finally:
            async with self._lock:
                await self._remove(name, queue)

    async def has_missed(self, user_id: int, since: int) -> bool:
        """Whether this user was told anything from ``since`` on (milliseconds since 1970), or nobody knows.

        A Redis that is away says no: once it is back, every listener reads anew in any case.
        """
        if since < time.time() * 1000 - KEPT_SECONDS * 1000:
            return True
        try:
            last = await self._redis.get(last_told(user_id))
        except (RedisError, OSError):
            return False
        return last is not None and int(last) >= since

    async def _add(self, name: str, queue: asyncio.Queue[str]) -> None:
        known = name in self._queues
        self._queues.setdefault(name, set()).add(queue)
        if not known:
            with contextlib.suppress(RedisError, OSError):  # the reader subscribes again when it connects
                await self._pubsub.subscribe(name)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="heron-events")

    async def _remove(self, name: str, queue: asyncio.Queue[str]) -> None:
        self._queues[name].discard(queue)
        if self._queues[name]:
            return
        del self._queues[name]
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.unsubscribe(name)
        if not self._queues and self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
                await self._redis.aclose()
            self._pubsub = self._redis.pubsub(ignore_subscribe_messages=True)

    async def _read(self) -> None:
        while True:
            try:
                message = await self._pubsub.get_message(timeout=None)
            except (RedisError, OSError, RuntimeError) as error:
                logger.warning("The event stream lost Redis: %s", error)
                await self._resubscribe()
                continue
            if message is not None:
                self._deliver(message["channel"].decode(), message["data"].decode())

    async def _resubscribe(self) -> None:
        while True:
            await asyncio.sleep(RECONNECT_SECONDS)
            fresh = self._redis.pubsub(ignore_subscribe_messages=True)
            try:
                await fresh.subscribe(*self._queues)
            except (RedisError, OSError):
                continue
            self._pubsub = fresh
            for name in list(self._queues):
                self._deliver(name, RESYNC)
            return

    def _deliver(self, name: str, line: str) -> None:
        for queue in self._queues.get(name, ()):
            try:
                queue.put_nowait(line)
            except asyncio.QueueFull:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESYNC)


_fanouts: "WeakKeyDictionary[asyncio.AbstractEventLoop, Fanout]" = WeakKeyDictionary()


def fanout() -> Fanout:
    """The fanout of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _fanouts:
        _fanouts[loop] = Fanout(settings.REDIS_URL)
    return _fanouts[loop]


def made_at(now: datetime) -> int:
    """When a page was made whose rows are read from ``now`` on, as ``/events?since=`` wants it; the clocks of the hosts
    that tell may differ a little."""
    return int((now - _CLOCKS_DIFFER).timestamp() * 1000)


def session_mark(session_key: str | None) -> str:
    """A session named without giving it away."""
    return hashlib.sha256(f"heron:{session_key}".encode()).hexdigest()[:16]


@receiver(user_logged_out)
def _tell_signed_out(sender: type, request: HttpRequest | None, user: Any, **_: Any) -> None:
    """The stream of this session ends now, and with it its tabs return to the door."""
    if request is not None and user is not None and user.pk and request.session.session_key:
        announce(user.pk, "signed_out", session=session_mark(request.session.session_key))
