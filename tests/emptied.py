"""The tables after a test that has committed: emptied as Django would, at a fraction of the time.

``flush`` truncates every table, so that hundreds of index files are made anew however little is in them, and then
writes content types and permissions again. Here what is empty is left alone, and so is what Django itself fills.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.test import TransactionTestCase

#: Filled by ``migrate``, and not by what is tested.
_DJANGOS_OWN: tuple[type[models.Model], ...] = (ContentType, Permission)
#: From here on new files are quicker than a deletion of each row.
_LARGE_BYTES = 2_000_000

_EMPTY = """
DO $$ DECLARE
    name text;
    filled boolean;
    spoilt boolean;
BEGIN
    -- Whoever still writes is waited for: what they commit must not stay.
    LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE;
    -- Foreign keys are not checked row by row: all of it goes.
    SET LOCAL session_replication_role = replica;
    FOREACH name IN ARRAY ARRAY[{names}] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        -- Large, or counted: a planner that believes an old count is not what the next test begins with.
        SELECT pg_relation_size(oid) > {large} OR reltuples >= 0 INTO spoilt
          FROM pg_class WHERE oid = quote_ident(name)::regclass;
        IF spoilt THEN
            EXECUTE format('TRUNCATE %I CASCADE', name);
        ELSIF filled THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END $$
"""


def empty_tables() -> None:
    """Delete every row that a test can have written."""
    kept = {model._meta.db_table for model in _DJANGOS_OWN}
    found = apps.get_models(include_auto_created=True)
    names = sorted({one._meta.db_table for one in found if one._meta.managed and not one._meta.proxy} - kept)
    sql = _EMPTY.format(
        tables=", ".join(connection.ops.quote_name(name) for name in names),
        names=", ".join(f"'{name}'" for name in names),
        large=_LARGE_BYTES,
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def _teardown(_case: TransactionTestCase) -> None:
    empty_tables()


def install() -> None:
    """For all tests that commit."""
    changed: Any = TransactionTestCase
    changed._fixture_teardown = _teardown
