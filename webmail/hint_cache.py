"""Django's cache in Redis, empty while Redis cannot be reached: keys flow in, hints flow out, or none.

Nothing in it is the truth, so nobody is to wait for it or to be refused for it: without this nobody could sign in, as
limits of tries are counted here, nor write to anybody. While it is away tries are not limited; ``/readyz`` tells.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as TooSlow

T = TypeVar("T")

logger = logging.getLogger(__name__)
#: Every request would say it.
_TOLD_EVERY_SECONDS = 60.0


class HintCache(RedisCache):
    """``settings.CACHES`` names it. What is asked of it while it is away is not there, and what is put in is lost."""

    _told_at = -_TOLD_EVERY_SECONDS

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._try(lambda: super(HintCache, self).get(key, default, version), default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return self._try(lambda: super(HintCache, self).get_many(keys, version), {})

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._try(lambda: super(HintCache, self).has_key(key, version), False)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Said to be added where nobody can know: a lock that none gets would hold up all."""
        return self._try(lambda: super(HintCache, self).add(key, value, timeout, version), True)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._try(lambda: super(HintCache, self).set(key, value, timeout, version), None)

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[Any]:
        return self._try(lambda: super(HintCache, self).set_many(data, timeout, version), list(data))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._try(lambda: super(HintCache, self).delete(key, version), False)

    def _try(self, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except (Unreachable, TooSlow) as error:
            if time.monotonic() - HintCache._told_at > _TOLD_EVERY_SECONDS:
                HintCache._told_at = time.monotonic()
                logger.warning("Redis cannot be reached, so limits of sign-ins do not count: %s", error)
            return otherwise
