"""A Chromium without any proxy, and its own log of the network: names looked up, connections, requests.

A proxy sees what is sent, but with one set Chromium looks up no names of its own. Here it is free to, and its
NetLog (``--log-net-log``) tells afterwards what it did, down to what it only prepared.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType

from tests.browser.chromium import CHROMIUM, QUIET

_OWN = ("http://127.0.0.1:", "data:", "blob:", "chrome:", "chrome-extension:", "devtools:", "about:")
#: Chromium's own services, which it calls when it starts, whatever page is open.
_CALLS_HOME = ("googleapis.com", "google.com", "gstatic.com", "gvt1.com", "wpad", "googleusercontent.com")


@dataclass
class NetLog:
    """Filled when the browser has closed: each distinct thing that was not for this machine's own server."""

    looked_up: set[str] = field(default_factory=set)
    requested: set[str] = field(default_factory=set)
    events: int = 0

    def read(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            log = json.loads(text)
        except ValueError:  # the browser was ended before it closed the list
            log = json.loads(text.rstrip().rstrip(",") + "]}")
        kinds = {number: name for name, number in log["constants"]["logEventTypes"].items()}
        for event in log["events"]:
            name, params = kinds[event["type"]], event.get("params", {})
            self.events += 1
            if name.startswith("HOST_RESOLVER") and "host" in params:
                self._note(self.looked_up, str(params["host"]))
            elif name == "URL_REQUEST_START_JOB":
                self._note(self.requested, str(params.get("url", "")))

    def _note(self, where: set[str], what: str) -> None:
        host = what.partition("://")[2].partition("/")[0].partition(":")[0] or what.partition(":")[0]
        if what and not what.startswith(_OWN) and not host.endswith(_CALLS_HOME) and host != "127.0.0.1":
            where.add(what)


@contextmanager
def logged_chromium(chromium: Browser, folder: Path) -> Iterator[tuple[Browser, NetLog]]:
    """A second browser of the same kind, whose log is read when the block ends."""
    launcher: BrowserType = chromium.browser_type
    path, log = folder / "netlog.json", NetLog()
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    arguments: dict[str, Any] = {
        "executable_path": CHROMIUM,
        "args": [*QUIET, *sandbox, "--no-proxy-server", f"--log-net-log={path}"],
    }
    browser = launcher.launch(**arguments)
    try:
        yield browser, log
    finally:
        browser.close()
    if not path.exists():
        pytest.fail("Chromium wrote no log of its network.")
    log.read(path)
