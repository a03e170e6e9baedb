"""The whole site as real processes for a browser: web, worker, scheduler and watcher on a database of its own."""

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from onebox.processes import Child, wait_until
from onebox.valkey import Valkey, free_port
from tests.servers import names
from tests.servers.certificates import Certificates
from tests.servers.dns_server import DnsServer
from tests.servers.pages import Pages

PROJECT = Path(__file__).resolve().parents[2]


class Site:
    """A running Heron. ``manage`` runs a Django command or a piece of Python in its environment.

    ``names``, ``dns`` and ``pages`` are the world in which it finds servers."""

    def __init__(self, folder: Path, certificates: Certificates, migrated: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.database = f"site_{uuid.uuid4().hex[:12]}"
        self.migrated = migrated
        self.valkey = Valkey(log=folder / "valkey.log")
        self.children: dict[str, Child] = {}
        self.ca_file = certificates.ca_file
        self.names = names.Names(folder / "names.json")
        self.dns = DnsServer()
        self.pages = Pages(certificates)

    @property
    def _admin_url(self) -> str:
        return os.environ["DATABASE_URL"].replace("postgres://", "postgresql://")

    @property
    def database_url(self) -> str:
        """Of this site's own database, as libpq takes it."""
        return urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{self.database}"))

    def start(self) -> None:
        self.valkey.start()
        self.dns.start()
        self.pages.start()
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.database} TEMPLATE {self.migrated}")
        parts = urlsplit(os.environ["DATABASE_URL"])
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("HERON_", "PYTEST_"))},
            "DATABASE_URL": urlunsplit(parts._replace(path=f"/{self.database}")),
            "REDIS_URL": self.valkey.url,
            "DJANGO_SETTINGS_MODULE": "tests.site_settings",
            "HERON_SECRET_KEY": "test-only-test-only-test-only-test-only-test-only",
            "HERON_VAULT_KEYS": "dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMhISE=",
            "HERON_BASE_URL": self.url,
            "HERON_ALLOW_PRIVATE_HOSTS": "all",
            "HERON_ALLOW_PLAINTEXT": "on",
            "HERON_EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "HERON_EMAIL_FILE_PATH": str(self.folder / "letters"),
            "SSL_CERT_FILE": self.ca_file,
            "HERON_NAMESERVERS": self.dns.address,
            "HERON_PROVIDER_DATABASE": "https://database.test/v1.1/",
            names.VARIABLE: str(self.names.file),
            "PYTHONPATH": str(PROJECT),
            "PYTHONUNBUFFERED": "1",
        }
        celery = ("-m", "celery", "-A", "webmail")
        self._child(
            *("web", "-m", "uvicorn", "webmail.asgi:application", "--port", str(self.port)),
            *("--timeout-graceful-shutdown", "1", "--log-level", "warning"),
        )
        self._child(
            *("worker", *celery, "worker", "-Q", "interactive,send,sync,backfill,maintenance", "-c", "2"),
            *("-l", "info", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        )
        self._child("scheduler", *celery, "beat", "-s", str(self.folder / "beat"), "--pidfile=", "-l", "warning")
        self._child("watcher", "manage.py", "watch")
        web = self.children["web"]
        wait_until("The web server", self._answers, child=web, seconds=40)

    def _child(self, name: str, *arguments: str) -> None:
        child = Child(name, [sys.executable, *arguments], log=self.folder / f"{name}.log", env=self.env, cwd=PROJECT)
        child.start()
        self.children[name] = child

    def _answers(self) -> bool:
        import urllib.request
        from urllib.error import URLError

        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def make_user(self, email: str, password: str, name: str) -> None:
        """A person who can sign in: with a verified address, as an invitation leaves them."""
        self.manage(
            "shell",
            "-c",
            "from accounts.models import User; from allauth.account.models import EmailAddress; "
            f"u = User.objects.create_user({email!r}, {password!r}, name={name!r}, timezone='Europe/Berlin'); "
            f"EmailAddress.objects.create(user=u, email={email!r}, verified=True, primary=True)",
        )

    def logs(self) -> str:
        return "\n\n".join(f"--- {name}\n{child.tail(60)}" for name, child in self.children.items())

    def stop(self) -> None:
        for child in self.children.values():
            child.ask_to_stop()
        for child in self.children.values():
            child.stop()
        self.valkey.stop()
        self.dns.stop()
        self.pages.stop()
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")


@pytest.fixture(scope="session")
def site(certificates: Certificates, migrated: str) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="heron-site-") as folder:
        running = Site(Path(folder), certificates, migrated)
        try:
            running.start()
            yield running
        except Exception as error:
            error.add_note(running.logs())
            raise
        finally:
            running.stop()
