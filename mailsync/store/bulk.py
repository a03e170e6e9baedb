"""Many rows at once. Database room.

In: unsaved objects of one model, in the caller's transaction. Out: their rows. Django's ``bulk_create`` writes each
value into the text of a statement, which is most of what a row costs us.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import IntegrityError, connection, models, transaction
from psycopg import sql


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
                copy.write_row([_value(field, one) for field in fields])
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


def _value(field: Any, one: models.Model) -> Any:
    return field.get_db_prep_save(field.pre_save(one, add=True), connection)
