"""What makes a function a verb: one transaction, begun anew when Postgres ended it for another's sake, and a line in
the journal of its user."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from mailsync.store import journal
from mailsync.store.leases import is_passing
from mailsync.types import ActionResult

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 3
#: That a message was opened is no news to who opened it.
_NOT_NOTED = frozenset({"open_message"})
#: The verb that runs and has a line in the journal; empty where it has none, being part of another.
_noted_as: ContextVar[str | None] = ContextVar("verb", default=None)


def line_for(user_id: int, result: ActionResult) -> journal.Line | None:
    """For the verb that runs: its line, if it is to have one, to be written with what it does instead of after it.

    What the verb returns must say so, ``is_noted``.
    """
    name = _noted_as.get()
    return journal.line_of(user_id, name, result) if name and result.count else None


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Run in a transaction; on a deadlock (a pull wanted the same folders the other way round) run it again.

    Inside another verb it is part of that one's transaction, which is then the one to be run again, and of its act.
    The first argument of a verb is the user's id.
    """

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        is_whole = _noted_as.get() is None
        token = _noted_as.set(name if is_whole and name not in _NOT_NOTED else "")
        try:
            with transaction.atomic():
                result = function(*args, **kwargs)
                if isinstance(result, ActionResult) and not result.is_noted:
                    line = line_for(int(args[0]), result)  # type: ignore[call-overload]
                    if line is not None:
                        journal.note(line)
                return result
        finally:
            _noted_as.reset(token)

    name = function.__name__

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return run(*args, **kwargs)
        for _ in range(_TRIES - 1):
            try:
                return run(*args, **kwargs)
            except OperationalError as error:
                if not is_passing(error):
                    raise
        return run(*args, **kwargs)

    return call
