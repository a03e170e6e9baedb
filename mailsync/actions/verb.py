"""What makes a function a verb: one transaction, begun anew when Postgres ended it for another's sake."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 3
#: deadlock_detected, serialization_failure: nothing is wrong with what was asked.
_PASSING = frozenset({"40P01", "40001"})


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
                if getattr(error.__cause__, "sqlstate", None) not in _PASSING:
                    raise
        with transaction.atomic():
            return function(*args, **kwargs)

    return call
