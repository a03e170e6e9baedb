"""A scratch database for a benchmark: made like that of the tests, and dropped at the end.

``tests.settings`` starts PostgreSQL and Valkey for the run where the environment names none.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def scratch_database() -> Iterator[None]:
    """Django set up with ``tests.settings`` on an empty, migrated database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    # As in production, the servers that are started too: where Django logs queries none of them is prepared, and a
    # request takes twice as long.
    os.environ["HERON_DEBUG"] = "0"
    import django

    django.setup()
    from django.db import connection

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
