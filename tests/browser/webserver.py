"""The site alone, served by uvicorn on the database that Django is connected to; for a browser to look at."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from onebox.valkey import free_port

#: Opens the form of the first administrator.
SETUP_TOKEN = "a-token-of-tests"
PROJECT = Path(__file__).resolve().parents[2]


@contextmanager
def served(**settings: str) -> Iterator[str]:
    """The URL of a web server that lives as long as the block; ``settings`` are put into its environment."""
    port = free_port()
    database = connection.settings_dict
    url = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    if database["HOST"].startswith("/"):
        url = f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "HERON_SETUP_TOKEN": SETUP_TOKEN,
        **settings,
    }
    arguments = ("--port", str(port), "--log-level", "warning", "--timeout-graceful-shutdown", "1")
    child = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "webmail.asgi:application", *arguments],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", child)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(10)


def _wait(url: str, child: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert child.poll() is None, "The web server ended at once."
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("The web server does not answer.")
