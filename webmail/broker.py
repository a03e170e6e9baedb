"""How messages to workers reach Redis: kombu's own transport, whose channel keeps the client that it sends by.

Kombu makes a client of redis-py for each message, which builds its tables of all commands and takes as long as sending.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class KeepingChannel(redis.Channel):
    _kept: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Generator[Any, None, None]:
        """A client of many threads: it takes a connection for each command from the channel's pool."""
        # After a fork or a broken connection the channel has another pool.
        if client is None and (self._kept is None or self._kept.connection_pool is not self.pool):
            with super().conn_or_acquire() as made:
                self._kept = made
        yield self._kept if client is None else client


class Transport(redis.Transport):
    Channel = KeepingChannel


def register() -> None:
    """What addresses of these kinds mean to Celery; to be called before it first connects."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
