"""A small world of host names for the running site: names below ``.test`` lead to the stand-ins of a test.

The test writes which name has which port where (``Names``); the site's processes, whose settings call ``install``,
read it at each look-up. Everything between stays what it is: the door, its judgement, TLS and certificates.
"""

import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from mailsync.protocol import egress

VARIABLE = "HERON_TEST_NAMES"
_NET = "127.77.0."


class Names:
    """Name → port as it is typed → port of the stand-in. What is not named does not exist."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ports: dict[str, dict[int, int]] = {}
        self._write()

    def lead(self, host: str, ports: dict[int, int]) -> None:
        self.ports[host] = ports
        self._write()

    def _write(self) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.file.parent, delete=False) as file:
            json.dump(self.ports, file)
        os.replace(file.name, self.file)


def install(file: Path) -> None:
    """Let names below ``.test`` lead where the file says, in this process."""
    resolve, connect = egress._resolve, socket.create_connection

    def world() -> list[tuple[str, dict[str, int]]]:
        return list(json.loads(file.read_text()).items())

    def resolve_here(host: str, port: int) -> list[str]:
        names = [name for name, _ in world()]
        return [f"{_NET}{names.index(host) + 1}"] if host in names else resolve(host, port)

    def connect_here(address: tuple[str, int], *arguments: Any, **options: Any) -> socket.socket:
        if address[0].startswith(_NET):
            _, ports = world()[int(address[0].removeprefix(_NET)) - 1]
            # Port 1 refuses, as a machine without that service does.
            address = ("127.0.0.1", ports.get(str(address[1]), 1))
        return connect(address, *arguments, **options)

    egress._resolve = resolve_here
    socket.create_connection = connect_here  # type: ignore[assignment]
