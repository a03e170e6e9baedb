"""Starts everything in order, watches it, stops it in order: `make demo` and `make run`."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from mailsync.types import Address
from onebox import mailstate
from onebox.layout import PROJECT, Layout
from onebox.mailstate import DemoMailbox, StoredMail
from onebox.people import DEMO_PASSWORD, PEOPLE
from onebox.postgres import Postgres
from onebox.processes import Child, wait_until
from onebox.sample import FOLDERS, messages
from onebox.valkey import Valkey, free_port

_STATE_SAVED_EVERY_SECONDS = 60
_RESTARTS_ALLOWED = 5


class Stopped(Exception):
    """Ctrl-C or SIGTERM: stop all and leave quietly."""


class Launcher:
    """One Heron on one machine. ``demo`` adds a mail server with sample mail and two people."""

    def __init__(self, root: Path, *, demo: bool, port: int, host: str = "127.0.0.1") -> None:
        self.layout = Layout(root)
        self.demo = demo
        self.wanted_port = port
        self.host = host
        self.postgres = Postgres(self.layout.postgres, log=self.layout.logs / "postgres.log")
        self.valkey = Valkey(log=self.layout.logs / "valkey.log")
        self.mail_server: Child | None = None
        self.mail_filled = False
        self.imap_port = self.smtp_port = 0
        self.children: list[Child] = []
        self.setup_token = ""
        self.began_at = 0.0
        self.static: Child | None = None

    # Starting. ---------------------------------------------------------------------------------

    def run(self) -> int:
        """Start, wait for Ctrl-C, stop. Returns the exit status."""
        signal.signal(signal.SIGTERM, _raise_stopped)
        signal.signal(signal.SIGINT, _raise_stopped)
        self.layout.prepare()
        lock = self.layout.lock()
        status = 0
        try:
            began = time.monotonic()
            self.began_at = time.time()
            self._start()
            lock.seek(0)
            lock.truncate()
            lock.write(self.base_url)
            lock.flush()
            self._greet(time.monotonic() - began)
            self._watch()
        except Stopped:
            print("\nStopping …", flush=True)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            print(f"\n{error}", file=sys.stderr, flush=True)
            status = 1
        finally:
            # A second Ctrl-C must not interrupt the tidying up.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._stop()
            lock.close()
        return status

    def _start(self) -> None:
        self._say("Starting PostgreSQL and Valkey")
        self.port = _free_port_near(self.wanted_port)
        self.base_url = os.environ.get("HERON_BASE_URL", f"http://localhost:{self.port}")
        self.postgres.start()
        self.postgres.ensure_database("heron")
        self.valkey.start()
        self.setup_token = secrets.token_urlsafe(24)
        if self.demo:
            self.imap_port, self.smtp_port = free_port(), free_port()
        self.env = self._environment()
        self._collect_static()
        if self.demo:
            self._start_mail_server()
        self._say("Preparing the database and static files")
        self._prepare()
        self._say("Starting web, workers, scheduler and watcher")
        self._start_processes()

    def _environment(self) -> dict[str, str]:
        """The same variables that a production deployment sets (README, "Configure")."""
        ours = {
            "HERON_SECRET_KEY_FILE": str(self.layout.secret("secret-key")),
            "HERON_VAULT_KEYS_FILE": str(self.layout.secret("vault-key")),
            "HERON_BASE_URL": self.base_url,
            "HERON_STATIC_ROOT": str(self.layout.static),
            "HERON_SETUP_TOKEN": self.setup_token,
            "DATABASE_URL": self.postgres.url("heron"),
            "REDIS_URL": self.valkey.url,
            "DJANGO_SETTINGS_MODULE": "webmail.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(PROJECT),
        }
        if self.demo:
            ours |= {
                "HERON_ALLOW_PRIVATE_HOSTS": f"127.0.0.1:{self.imap_port} 127.0.0.1:{self.smtp_port}",
                "HERON_ALLOW_PLAINTEXT": "on",
                "HERON_EMAIL_HOST": "127.0.0.1",
                "HERON_EMAIL_PORT": str(self.smtp_port),
                "HERON_EMAIL_USER": "heron@demo.example",
                "HERON_EMAIL_PASSWORD": DEMO_PASSWORD,
                "HERON_EMAIL_FROM": "Heron <heron@demo.example>",
                "HERON_DEMO_IMAP_PORT": str(self.imap_port),
                "HERON_DEMO_SMTP_PORT": str(self.smtp_port),
            }
        elif "HERON_EMAIL_HOST" not in os.environ:
            ours |= {
                "HERON_EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "HERON_EMAIL_FILE_PATH": str(self.layout.outbox_of_heron),
            }
        return {**os.environ, **ours}

    def _start_mail_server(self) -> None:
        self._say("Filling the demo mail server")
        self.mail_server = Child(
            "mail server",
            [
                *(sys.executable, "-W", "ignore", "-m", "onebox.mailserver"),
                *("--imap-port", str(self.imap_port), "--smtp-port", str(self.smtp_port)),
            ],
            log=self.layout.logs / "mailserver.log",
            env={**os.environ, "HERON_DEMO_PASSWORD": DEMO_PASSWORD, "PYTHONPATH": str(PROJECT)},
            stop_seconds=5,
        )
        self.mail_server.start()
        wait_until("The demo mail server", lambda: _listens(self.imap_port), child=self.mail_server)
        for owner, mailbox in zip(("owner", "friend"), self.mailboxes, strict=True):
            if mailstate.load(mailbox, self.layout.mail_state):
                continue
            sample = messages(datetime.now(UTC), *(Address(person.name, person.address) for person in PEOPLE))
            mine = [StoredMail(m.folder, m.flags, m.date, m.raw) for m in sample if m.mailbox == owner]
            mailbox.fill(mine, FOLDERS)
        self.mail_filled = True
        mailstate.save(self.mailboxes, self.layout.mail_state)

    @property
    def mailboxes(self) -> list[DemoMailbox]:
        return [DemoMailbox("127.0.0.1", self.imap_port, person.address, DEMO_PASSWORD) for person in PEOPLE]

    def _collect_static(self) -> None:
        """Compressing takes seconds the first time, and needs neither database nor mail: it runs beside them."""
        self.static = Child(
            "static files",
            [sys.executable, "-m", "onebox.prepare", "static"],
            log=self.layout.logs / "static.log",
            env=self.env,
            cwd=PROJECT,
        )
        self.static.start()

    def _prepare(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "onebox.prepare", "demo" if self.demo else "database"],
            env=self.env,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        (self.layout.logs / "prepare.log").write_text(output, encoding="utf-8")
        if done.returncode:
            raise RuntimeError(f"Preparing failed:\n{output[-3000:]}")
        self.first_run = "no users yet" in done.stdout
        assert self.static is not None
        assert self.static.process is not None
        if self.static.process.wait(300):
            raise RuntimeError(f"Collecting the static files failed:\n{self.static.tail()}")

    def _start_processes(self) -> None:
        web = self._child(
            "web",
            "-m",
            *("uvicorn", "webmail.asgi:application", "--host", self.host, "--port", str(self.port)),
            *("--timeout-graceful-shutdown", "3", "--log-level", "warning"),
        )
        celery = ("-m", "celery", "-A", "webmail")
        interactive = self._child(
            "worker-interactive",
            *celery,
            *("worker", "-Q", "interactive,send", "-c", "2", "-n", "interactive@onebox", "-l", "warning"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        )
        self._child(
            "worker-sync",
            *celery,
            *("worker", "-Q", "sync,backfill,maintenance", "-c", "2", "-n", "sync@onebox", "-l", "warning"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        )
        self._child("scheduler", *celery, "beat", "-s", str(self.layout.root / "beat"), "-l", "warning", "--pidfile=")
        self._child("watcher", "manage.py", "watch")
        wait_until("The web server", lambda: _listens(self.port), child=web)
        wait_until("The first round of work", self._has_worked, child=interactive)

    def _has_worked(self) -> bool:
        """Whether scheduler and worker have met since this start: Heron is not up before mail can move."""
        with psycopg.connect(self.postgres.url("heron").replace("postgres://", "postgresql://")) as connection:
            query = "SELECT at > to_timestamp(%s) FROM mailsync_schedulertick"
            return connection.execute(query, [self.began_at]).fetchone() == (True,)

    def _child(self, name: str, *arguments: str) -> Child:
        child = Child(
            name,
            [sys.executable, *arguments],
            log=self.layout.logs / f"{name}.log",
            env=self.env,
            cwd=PROJECT,
        )
        child.start()
        self.children.append(child)
        return child

    # Running and stopping. ---------------------------------------------------------------------

    def _watch(self) -> None:
        """Restart what dies; give up, with its log, on what keeps dying."""
        saved_at = time.monotonic()
        while True:
            time.sleep(1)
            for child in self.children:
                if child.running:
                    continue
                child.restarts += 1
                if child.restarts > _RESTARTS_ALLOWED:
                    raise RuntimeError(f"{child.name} keeps stopping. The end of {child.log}:\n{child.tail()}")
                print(f"{child.name} stopped and is started again; see {child.log}", flush=True)
                child.start()
            for server in (self.postgres.child, self.valkey.child, self.mail_server):
                if server is not None and not server.running:
                    raise RuntimeError(f"{server.name} stopped. The end of {server.log}:\n{server.tail()}")
            if self.demo and time.monotonic() - saved_at > _STATE_SAVED_EVERY_SECONDS:
                self._save_mail()
                saved_at = time.monotonic()

    def _stop(self) -> None:
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()
        if self.mail_server is not None:
            # Stopped while they fill, half of them must not take the place of what is kept.
            if self.mail_server.running and self.mail_filled:
                self._save_mail()
            self.mail_server.stop()
        if self.static is not None:
            self.static.stop()
        self.valkey.stop()
        self.postgres.stop()

    def _save_mail(self) -> None:
        try:
            mailstate.save(self.mailboxes, self.layout.mail_state)
        except Exception as error:  # The sample is a copy: losing its last minute must not stop Heron.
            print(f"The demo mailboxes could not be saved: {error}", file=sys.stderr, flush=True)

    # Talking. ----------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        print(f"  {text} …", flush=True)

    def _greet(self, seconds: float) -> None:
        print(f"\nHeron is up after {seconds:.0f} s:  {self.base_url}\n")
        if self.demo:
            for person in PEOPLE:
                print(f"  sign in as  {person.address}  with the password  {DEMO_PASSWORD}")
            print("\nWrite from one to the other: it arrives by itself. The first is also administrator (/admin/).")
        elif self.first_run:
            print(f"  First of all, make yourself administrator:  {self.base_url}/setup/{self.setup_token}/")
        print(f"\nLogs are in {self.layout.logs}. Ctrl-C stops everything.", flush=True)


def _raise_stopped(*_: object) -> None:
    raise Stopped


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port_near(port: int) -> int:
    """The wanted port, or the next free one within twenty."""
    for candidate in range(port, port + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return candidate
    raise RuntimeError(f"Ports {port} to {port + 19} are all taken; set HERON_PORT to a free one.")
