"""What makes a function a verb: one transaction, begun anew when Postgres ended it for another's sake."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from mailsync.store.leases import is_passing

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 3


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Run in a transaction; on a deadlock (a pull wanted the same folders the other way round) run it again.

    Inside another verb it is part of that one's transaction, which is then the one to be run again.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        for _ in range(_TRIES - 1):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if not is_passing(error):
                    raise
        with transaction.atomic():
            return function(*args, **kwargs)

    return call
