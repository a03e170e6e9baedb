"""Children end with their parent, whatever ends the parent; servers start twice over the same folder."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from onebox.layout import Layout
from onebox.postgres import Postgres
from onebox.processes import Child, wait_until
from onebox.valkey import Valkey

PROJECT = Path(__file__).resolve().parents[2]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_that_ignores_the_signal_is_killed_with_its_own_children(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print(p.pid, flush=True); time.sleep(60)"
    )
    child = Child("stubborn", [sys.executable, "-c", script], log=tmp_path / "log", stop_seconds=0.3)
    child.start()
    wait_until("The child", lambda: (tmp_path / "log").read_text().strip().isdigit(), child=child)
    grandchild = int((tmp_path / "log").read_text())
    assert alive(grandchild)
    child.stop()
    assert not child.running
    wait_until("The grandchild's end", lambda: not alive(grandchild), seconds=5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the kernel's parent-death signal (Linux)")
def test_a_killed_launcher_leaves_no_child_behind(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib; from onebox.processes import Child; "
        "c = Child('c', [sys.executable, '-c', 'import time; time.sleep(60)'], log=pathlib.Path(sys.argv[1])); "
        "c.start(); print(c.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "log")], cwd=PROJECT, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.send_signal(signal.SIGKILL)
    wait_until("The child's end", lambda: not alive(child), seconds=5)


def test_a_child_that_never_gets_ready_is_reported_with_its_log(tmp_path: Path) -> None:
    child = Child("broken", [sys.executable, "-c", "raise SystemExit('no such port')"], log=tmp_path / "log")
    child.start()
    with pytest.raises(RuntimeError, match="no such port"):
        wait_until("The broken server", lambda: False, child=child, seconds=5)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Not pytest's own, whose mode keeps a server that runs as another user out."""
    folder = Path(tempfile.mkdtemp(prefix="heron-onebox-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_postgres_keeps_its_data_over_a_restart_and_over_a_crash(open_folder: Path) -> None:
    postgres = Postgres(open_folder / "pg", log=open_folder / "pg.log")
    for expected in (0, 1, 2):
        postgres.start()
        postgres.ensure_database("kept")
        with psycopg.connect(postgres.url("kept")) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS mail (id int)")
            row = connection.execute("SELECT count(*) FROM mail").fetchone()
            assert row == (expected,)
            connection.execute("INSERT INTO mail VALUES (1)")
        assert postgres.child is not None
        assert postgres.child.process is not None
        pid = postgres.child.process.pid
        if expected == 1:
            os.kill(pid, signal.SIGKILL)
        postgres.stop()
        wait_until("PostgreSQL's end", lambda pid=pid: not alive(pid), seconds=10)


def test_postgres_lets_no_other_user_in(open_folder: Path) -> None:
    postgres = Postgres(open_folder / "pg", log=open_folder / "pg.log", durable=False)
    postgres.start()
    try:
        assert postgres.socket_folder.stat().st_mode & 0o077 == 0
        assert "listen_addresses=" in postgres.child.argv  # type: ignore[union-attr]
    finally:
        postgres.stop()


def test_valkey_wants_its_password(tmp_path: Path) -> None:
    valkey = Valkey(log=tmp_path / "valkey.log")
    valkey.start()
    try:
        assert redis.Redis.from_url(valkey.url).ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=valkey.port).ping()
        command_lines = " ".join(valkey.child.argv)  # type: ignore[union-attr]
        assert valkey.password not in command_lines
    finally:
        valkey.stop()


def test_the_data_folder_belongs_to_one_launcher(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.prepare()
    first = layout.lock()
    first.write("http://localhost:8000")
    first.flush()
    with pytest.raises(RuntimeError, match=r"already runs.*localhost:8000"):
        layout.lock()
    first.close()
    layout.lock().close()


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.prepare()
    before = layout.secret("vault-key").read_text()
    layout.prepare()
    assert layout.secret("vault-key").read_text() == before
    assert layout.secret("vault-key").stat().st_mode & 0o777 == 0o600
    assert layout.secrets.stat().st_mode & 0o777 == 0o700
