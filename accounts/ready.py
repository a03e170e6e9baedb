"""Queries that nearly every request asks, made ready once: numbers flow in, models flow out. Knows Django alone.

A queryset is built and compiled anew each time it is asked, and planned anew by PostgreSQL. For a few rows by their
keys that takes several times what it takes to find them, and what is compiled and planned differs by its numbers only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.query import get_related_populators
from psycopg.adapt import AdaptersMap
from psycopg.pq import Format

M = TypeVar("M", bound=Model)

#: Stands for the first number while a query is compiled, the next one for the second.
_MARK = 9_000_000_000_000_000
#: Up to so many rows planning a statement costs more than running it.
PREPARED_ROWS = 10
_TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid
#: Psycopg's own, which is compiled. Django's is not, and puts its zone in the place of the connection's: both are UTC.
_TIMES = psycopg.adapters.get_loader(_TIMESTAMPTZ, Format.TEXT)
#: Of each connection, what its prepared cursors read values by; made anew for each cursor it would cost as much as one.
_adapters: WeakKeyDictionary[psycopg.Connection[Any], AdaptersMap] = WeakKeyDictionary()


class _Prepared(psycopg.Cursor[tuple[Any, ...]]):
    """Binds on the server, where each statement is planned once for a connection (PREPARE); Django's own never does."""

    @property
    def adapters(self) -> AdaptersMap:
        found = _adapters.get(self.connection)
        if found is None:
            assert _TIMES is not None
            found = _adapters[self.connection] = AdaptersMap(self.connection.adapters)
            found.register_loader(_TIMESTAMPTZ, _TIMES)
        return found

    def execute(self, query: Any, params: Any = None, **_: Any) -> "_Prepared":
        return super().execute(query, params, prepare=True)


def prepared_cursor(*, is_binary: bool = False) -> CursorWrapper:
    """A cursor like ``connection.cursor()`` for a statement that is asked often and takes longer to plan than to run.

    ``is_binary``: what is found comes as PostgreSQL has it, and bytes not as twice as many hexadecimal digits.
    Its plan is for a few rows, as a generic one is: what is asked with many goes through the usual cursor. Where Django
    logs queries it is the usual one, too, as a log is to say what was asked with which values.
    """
    if connection.queries_logged:
        return connection.cursor()
    connection.ensure_connection()
    cursor = _Prepared(connection.connection)
    if is_binary:
        cursor.format = Format.BINARY
    return connection.make_cursor(cursor)  # type: ignore[arg-type]  # what it wraps


def cursor_for(count: int) -> CursorWrapper:
    """For a statement on so many rows: prepared for a few, else planned for their number."""
    return prepared_cursor() if count <= PREPARED_ROWS else connection.cursor()


def any_of(column: str, number: int) -> RawSQL:
    """For a ready query's ``filter``: the column, "table.column", is one of the numbers of a list."""
    table, _dot, name = column.partition(".")
    return RawSQL(f'"{table}"."{name}" = ANY(%s)', [number], BooleanField())  # noqa: S611  columns are ours


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    #: The number to put in, by its place, or the value that is always there.
    values: tuple[tuple[int | None, Any], ...]
    columns: slice
    names: tuple[str, ...]
    converters: tuple[tuple[int, list[Any], Any], ...]
    populators: tuple[Any, ...]
    #: What the queryset has worked out beside the columns, each with its place.
    annotations: tuple[tuple[str, int], ...]


class ReadyQuery(Generic[M]):
    """Rows of ``queryset(*numbers)``, with the rows it has selected beside them; the numbers must fit a key.

    The queryset may filter, join, order, annotate, and choose columns by name. Where it says
    ``any_of(column, number)``, a list of numbers goes in that number's place.
    """

    def __init__(self, queryset: Callable[..., QuerySet[M]]) -> None:
        self._queryset = queryset
        self._compiled: _Compiled | None = None
        self._model: type[M] | None = None

    def one(self, *numbers: int | list[int]) -> M | None:
        """The first row, or None."""
        return next(iter(self._models(numbers, most=1)), None)

    def all(self, *numbers: int | list[int]) -> list[M]:
        return self._models(numbers)

    def _models(self, numbers: Sequence[int | list[int]], most: int | None = None) -> list[M]:
        compiled = self._compiled or self._compile(len(numbers))
        assert self._model is not None
        with prepared_cursor() as cursor:
            cursor.execute(compiled.sql, [value if at is None else numbers[at] for at, value in compiled.values])
            found = cursor.fetchall() if most is None else cursor.fetchmany(most)
        made = []
        for values in found:
            row = list(values)
            for place, convert, expression in compiled.converters:
                for step in convert:
                    row[place] = step(row[place], expression, connection)
            model = self._model.from_db(connection.alias, compiled.names, row[compiled.columns])
            for populator in compiled.populators:
                populator.populate(row, model)
            for name, place in compiled.annotations:
                setattr(model, name, row[place])
            made.append(model)
        return made

    def _compile(self, count: int) -> _Compiled:
        marks = [_MARK + at for at in range(count)]
        queryset = self._queryset(*marks)
        compiler = queryset.query.get_compiler(connection.alias)
        sql, values = compiler.as_sql()
        about: dict[str, Any] = compiler.klass_info
        fields = about["select_fields"]
        columns = slice(fields[0], fields[-1] + 1)
        expressions = [column[0] for column in compiler.select]
        self._model = queryset.model
        self._compiled = _Compiled(
            sql=sql,
            values=tuple((marks.index(value), None) if value in marks else (None, value) for value in values),
            columns=columns,
            names=tuple(expression.target.attname for expression in expressions[columns]),
            converters=tuple((at, *one) for at, one in compiler.get_converters(expressions).items()),
            populators=tuple(get_related_populators(about, compiler.select, connection.alias)),  # type: ignore[call-arg]
            annotations=tuple(compiler.annotation_col_map.items()),
        )
        return self._compiled
