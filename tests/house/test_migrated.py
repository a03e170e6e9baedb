"""The database of the tests is a copy: all migrations are in it, and whoever asks again makes no other."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests import migrated

_CREATED = "SELECT oid FROM pg_database WHERE datname = %s"


@pytest.mark.django_db
def test_nothing_is_left_to_migrate() -> None:
    executor = MigrationExecutor(connection)
    assert executor.loader.applied_migrations
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


@pytest.mark.django_db
def test_it_is_made_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_CREATED, [migrated.NAME])
        before = cursor.fetchone()
        assert before
        migrated.make_once()
        cursor.execute(_CREATED, [migrated.NAME])
        assert cursor.fetchone() == before
