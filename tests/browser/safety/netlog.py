"""A Chromium without any proxy, and its own log of the network: names looked up, connections, requests.

A proxy sees what is sent, but with one set Chromium looks up no names of its own. Here it is free to, and its
NetLog (``--log-net-log``) tells afterwards what it did, down to what it only prepared.
"""

import json
import os
import re
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
        """Chromium writes the constants on the first line and each event on one of its own."""
        with path.open(encoding="utf-8", errors="replace") as lines:
            constants = json.loads(next(lines).rstrip().rstrip(",") + "}")["constants"]
            kinds: dict[str, int] = constants["logEventTypes"]
            lookups = {number for name, number in kinds.items() if name.startswith("HOST_RESOLVER")}
            request = kinds["URL_REQUEST_START_JOB"]
            # Only lines that name one of these kinds are worth parsing.
            wanted = re.compile(f'"type":(?:{"|".join(map(str, (*lookups, request)))})[,}}]')
            for line in lines:
                self.events += line.startswith("{")
                if wanted.search(line):
                    event = json.loads(line.rstrip().rstrip(",").removesuffix("]}").removesuffix("],"))
                    params = event.get("params", {})
                    if event["type"] == request:
                        self._note(self.requested, str(params.get("url", "")))
                    elif event["type"] in lookups and "host" in params:
                        self._note(self.looked_up, str(params["host"]))

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
