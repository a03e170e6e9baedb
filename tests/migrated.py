"""The migrated database of a test run: made once, and copied for every process and every site that wants one.

Django takes over ten seconds of a processor for the migrations, PostgreSQL a third of one for a copy of their tables.
"""

import os
import uuid
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

#: One for the whole run: the processes of pytest-xdist inherit it.
NAME = "migrated_" + os.environ.setdefault("HERON_TEST_RUN", uuid.uuid4().hex[:12])
#: PostgreSQL's advisory lock under which it is made (any number that nobody else takes).
_LOCK = 0x4E57


def make_once() -> None:
    """Make the database, unless another process has; who comes meanwhile waits. Nobody may be connected to it."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [NAME])
            if cursor.fetchone() == (0,):
                _make(cursor)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _make(cursor: Any) -> None:
    """Under another name first: one that was given up half way is never copied."""
    half, before = f"{NAME}_half", connection.settings_dict["NAME"]
    wanted = connection.settings_dict["TEST"]["NAME"]
    connection.settings_dict["TEST"]["NAME"] = half
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        connection.settings_dict["TEST"]["NAME"] = wanted
        connect_to(before)
    cursor.execute(f"ALTER DATABASE {half} RENAME TO {NAME}")


def copy_to(name: str) -> None:
    """A database of that name as the migrations leave one, in the place of any that has it."""
    quoted = connection.ops.quote_name(name)
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE {NAME}")


def connect_to(name: str) -> None:
    """Django's connection is to that database from now on."""
    connection.close()
    settings.DATABASES[connection.alias]["NAME"] = name
    connection.settings_dict["NAME"] = name


def drop(name: str) -> None:
    """Whoever is still connected, as a site that is going down, does not keep it from going."""
    # Not by Django's connection, which pytest-django guards at the end of a run.
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
