"""What production and the demo install is enough to run: every process loads with nothing else in reach."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
#: Runs in a process of its own: hides every module of a distribution that the requirements do not pin.
LOAD = """
import importlib, importlib.abc, importlib.metadata, re, sys
pinned = set(sys.argv[1].split())
plain = lambda name: re.sub("[-_.]+", "-", name).lower()
owners = importlib.metadata.packages_distributions()
hidden = {top for top, names in owners.items() if not pinned & {plain(name) for name in names}}
class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
for name in sys.argv[2].split():
    importlib.import_module(name)
"""
PROCESSES = (
    "webmail.asgi webmail.wsgi webmail.celery kombu.transport.redis celery.bin.worker celery.bin.beat "
    "mailsync.tasks mailsync.engine.watch mailsync.engine.probe django.core.cache.backends.redis uvicorn"
)
ONEBOX = "onebox.launcher onebox.prepare onebox.mailserver"


def load(file: str, modules: str, *, without: str = "") -> subprocess.CompletedProcess[str]:
    text = (PROJECT / file).read_text(encoding="utf-8")
    names = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==", text, re.MULTILINE)
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name in names} - {without}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, " ".join(pinned), modules],
        cwd=PROJECT,
        env={**os.environ, "HERON_DEBUG": "on", "DJANGO_SETTINGS_MODULE": "webmail.settings"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("file", "modules"),
    [("requirements.txt", PROCESSES), ("requirements-onebox.txt", f"{PROCESSES} {ONEBOX}")],
)
def test_every_process_loads_with_what_is_pinned(file: str, modules: str) -> None:
    done = load(file, modules)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_package_that_only_the_test_tools_bring_is_missed() -> None:
    done = load("requirements.txt", PROCESSES, without="packaging")
    assert "No module named 'packaging" in done.stderr
