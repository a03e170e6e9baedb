"""Gives the tests a PostgreSQL and a Valkey; called by ``tests/settings.py`` before Django connects.

Where DATABASE_URL and REDIS_URL are set, those servers are used. Otherwise both are started from
their wheels in a temporary folder for this run, and stopped at its end; the processes that
pytest-xdist starts inherit the environment and start nothing.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def start() -> None:
    if {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys():
        return
    from onebox.postgres import Postgres
    from onebox.valkey import Valkey

    folder = Path(tempfile.mkdtemp(prefix="heron-tests-"))
    folder.chmod(0o711)
    postgres = Postgres(folder / "postgres", log=folder / "postgres.log", durable=False)
    valkey = Valkey(log=folder / "valkey.log")
    postgres.start()
    valkey.start()
    owner = os.getpid()

    def stop() -> None:
        if os.getpid() != owner:  # A forked child must not stop its parent's servers.
            return
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    postgres.ensure_database("heron")
    os.environ["DATABASE_URL"] = postgres.url("heron")
    os.environ["REDIS_URL"] = valkey.url
