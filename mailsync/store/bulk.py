"""Many rows at once. Database room.

In: unsaved objects of one model, in the caller's transaction. Out: their rows. Django's ``bulk_create`` writes each
value into the text of a statement, which is most of what a row costs us.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import psycopg
from django.db import IntegrityError, connection, connections, models, transaction
from psycopg import sql

#: Fields of which psycopg takes the values of our objects as they are. What Django makes sure of for each value of a
#: form is half of the work of a row.
_AS_THEY_ARE = frozenset(
    {
        *(models.TextField, models.CharField, models.BooleanField, models.DateTimeField, models.ForeignKey),
        *(models.BigAutoField, models.BigIntegerField, models.IntegerField, models.PositiveIntegerField),
        *(models.SmallIntegerField, models.PositiveSmallIntegerField),
    }
)


def execute_bound(statement: str, values: Mapping[str, Any]) -> None:
    """A statement with large ``values``, bound on the server: as a part of its text PostgreSQL would have to read them
    letter by letter, twice."""
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values)


def copy_rows(objects: Sequence[models.Model]) -> None:
    """Insert these, as ``bulk_create`` does, and set their primary keys. Raises ``IntegrityError`` for a conflict."""
    if not objects:
        return
    model = type(objects[0])
    fields = model._meta.concrete_fields
    reads = [_value_of(field) for field in fields]
    table = sql.Identifier(model._meta.db_table)
    key = model._meta.pk
    assert key is not None
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, key.column, len(objects)],
        )
        for one, (pk,) in zip(objects, cursor.fetchall(), strict=True):
            one.pk = pk
        columns = sql.SQL(", ").join([sql.Identifier(str(field.column)) for field in fields])
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, columns)) as copy:
            for one in objects:
                copy.write_row([read(one) for read in reads])
    for one in objects:
        one._state.adding = False
        one._state.db = connection.alias


def copy_new_rows(objects: Sequence[models.Model]) -> None:
    """Insert those of these that conflict with no row; where one did, the primary keys are not to be relied on."""
    if not objects:
        return
    try:
        with transaction.atomic():
            copy_rows(objects)
    except IntegrityError:
        type(objects[0])._default_manager.bulk_create(
            [_unsaved(one) for one in objects], ignore_conflicts=True, batch_size=500
        )


def _unsaved(one: models.Model) -> models.Model:
    one.pk = None
    return one


def _value_of(field: Any) -> Callable[[models.Model], Any]:
    """How the field's value of an object is read as the database takes it."""
    is_clock = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    if type(field) in _AS_THEY_ARE and not is_clock:
        return attrgetter(field.attname)
    # Itself, not the name that finds a thread's connection anew for each value.
    database = connections[connection.alias]
    return lambda one: field.get_db_prep_save(field.pre_save(one, add=True), database)
