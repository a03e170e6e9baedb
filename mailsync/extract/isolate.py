"""Reads strangers' files in a limited child process: a file in, its text or the reason why there is none out.

The child is a fresh interpreter without our environment, so that no secret is in it; it is started with the first
file and ends with the ``with``. One that dies over a file (time, memory, a fault in C code) is replaced for the next.
"""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from mailsync.extract.wire import read_frame, write_frame

LIMIT_SECONDS = 20.0
LIMIT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Extracted:
    """``problem`` is empty where the file was read."""

    text: str
    problem: str = ""


class Extractor:
    """Not for several threads at a time."""

    def __init__(self, *, limit_seconds: float = LIMIT_SECONDS, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_seconds = limit_seconds
        self.limit_bytes = limit_bytes
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def extract(self, kind: str, data: bytes, charset: str = "") -> Extracted:
        """Never raises for what is in the file."""
        child = self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            write_frame(child.stdin, json.dumps({"kind": kind, "charset": charset}).encode(), data)
            answer, body = read_frame(child.stdout)
        except (OSError, EOFError):
            self._stop()
            return Extracted("", f"over {self.limit_seconds:.0f} s or {self.limit_bytes >> 20} MB")
        text = body.decode()
        return Extracted(text) if answer == b"text" else Extracted("", text)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            start = f"from mailsync.extract.child import serve; serve({self.limit_seconds}, {self.limit_bytes})"
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own text
                [sys.executable, "-c", start],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,
            )
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):  # what was still buffered has no reader any more
                if stream is not None:
                    stream.close()
        child.kill()
        child.wait()
