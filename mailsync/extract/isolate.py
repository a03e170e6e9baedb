"""Reads strangers' files in a limited child process: a file in, its text or the reason why there is none out.

The child is a fresh interpreter without our environment, so that no secret is in it; it is started with the first
file and ends with the ``with``. One that dies over a file (time, memory, a fault in C code) is replaced for the next.
"""

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from mailsync.extract.process import ChildGoneError, ChildProcess

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
        start = f"from mailsync.extract.child import serve; serve({limit_seconds}, {limit_bytes})"
        self._child = ChildProcess(start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop()

    def extract(self, kind: str, data: bytes, charset: str = "") -> Extracted:
        """Never raises for what is in the file."""
        try:
            self._child.send(json.dumps({"kind": kind, "charset": charset}).encode(), data)
            answer, body = self._child.receive()
        except ChildGoneError:
            return Extracted("", f"over {self.limit_seconds:.0f} s or {self.limit_bytes >> 20} MB")
        text = body.decode()
        return Extracted(text) if answer == b"text" else Extracted("", text)
