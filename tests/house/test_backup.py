"""The README's commands for backup and restore, run as they stand there: what was dumped is there again, to the row."""

import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from onebox.postgres import Postgres
from tests.belongings import fill_every_table
from tests.factories import make_user

README = Path(__file__).resolve().parents[2] / "README.md"
_COMMAND = re.compile(r"^    docker compose exec -T postgres (.*)$", re.MULTILINE)


def commands(database: str) -> list[str]:
    """What is run beside the server, of that database instead of ``heron``."""
    found = _COMMAND.findall(README.read_text(encoding="utf-8"))
    # The user of the tests' server is in the environment.
    names = {"heron": database, "restored": f"{database}_restored", "before": f"{database}_before"}
    return [
        re.sub(r"\b(heron|restored|before)\b(?!\.dump)", lambda one: names[one[0]], line.replace(" -U heron", ""))
        for line in found
    ]


def run(command: str, folder: Path) -> None:
    given = connection.get_connection_params()
    known = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    server = {name: str(given[key]) for name, key in known.items() if given.get(key)}
    programs = str(Postgres._binary("pg_dump").parent)
    done = subprocess.run(
        command,
        shell=True,  # as a person types it
        cwd=folder,
        env={**server, "PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def connect(database: str) -> psycopg.Connection[tuple[object, ...]]:
    given = {key: value for key, value in connection.get_connection_params().items() if key in _GIVEN}
    return psycopg.connect(**{**given, "dbname": database}, autocommit=True)


_GIVEN = frozenset({"host", "port", "user", "password"})


def everything(database: str) -> dict[str, object]:
    """The rows of each table, as one sum of them, and what the schema is made of."""
    with connect(database) as server:
        tables = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
        found: dict[str, object] = {
            str(name): server.execute(sql.SQL(rows).format(sql.Identifier(str(name)))).fetchone()
            for (name,) in tables.fetchall()
        }
        for kind, query in _SCHEMA.items():
            found[kind] = server.execute(query).fetchall()
    return found


_SCHEMA = {
    # A condition is written with other casts and brackets when it has been read again.
    "(indexes)": r"SELECT indexname, regexp_replace(indexdef, '::[a-z ]+(\[\])?|[() ]', '', 'g') FROM pg_indexes"
    " WHERE schemaname = 'public' ORDER BY 1",
    "(constraints)": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace ="
    " 'public'::regnamespace ORDER BY 1, 2",
    "(triggers)": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "(functions)": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    "(storage)": "SELECT attrelid::regclass::text, attname, attstorage FROM pg_attribute JOIN pg_class ON attrelid ="
    " pg_class.oid WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0"
    " AND NOT attisdropped ORDER BY 1, 2",
    "(numbers)": "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1",
}


@pytest.fixture
def live(migrated: str) -> Iterator[str]:
    """A running Heron's database, of a later version than the backup's: it has a table more."""
    name = f"live_{uuid.uuid4().hex[:10]}"
    with connect("postgres") as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
        with connect(name) as later:
            later.execute("CREATE TABLE of_tomorrow (user_id bigint NOT NULL REFERENCES accounts_user)")
        yield name
        left = server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"%{name}%"]).fetchall()
        for (database,) in left:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(database))))


@pytest.mark.django_db(transaction=True)
def test_what_was_dumped_is_there_again_and_nothing_else(live: str, tmp_path: Path) -> None:
    fill_every_table(make_user())
    database = str(connection.settings_dict["NAME"])
    before = everything(database)
    dump, *_ = commands(database)
    assert "pg_dump" in dump
    run(dump, tmp_path)
    _, *restore = commands(live)
    assert len(restore) == 3
    for command in restore:
        run(command, tmp_path)
    assert everything(live) == before
    assert "of_tomorrow" in everything(f"{live}_before")
