"""Connections to Redis for Django's cache, kept by the process: an address flows in, the pool behind it flows out.

Django keeps a cache for each thread or request, and a cache its own pool. Under ASGI every request would
connect to Redis, and sign in there, before it could read its session.
"""

from functools import cache
from typing import Any, Self

from redis import ConnectionPool


class ProcessPool(ConnectionPool):
    """One pool an address; it notices by itself that it is in a forked child (redis-py)."""

    @classmethod
    @cache
    def from_url(cls, url: str, **options: Any) -> Self:
        return super().from_url(url, **options)
