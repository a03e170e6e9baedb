"""Runs the cleaner in a child process with a wall clock and a memory limit. Pure but for the process.

Hostile input meets C parsers in the child, not in the web process, and the quadratic corners of every
HTML parser cost at most ``LIMIT_SECONDS``. There are two processes: a *guardian*, started once for
each web process as a fresh interpreter (a fork of a threaded server could inherit a held lock), and
its *worker*, forked from the guardian with all modules loaded, so that a killed worker is back within
milliseconds.

    web process ── pipes ── guardian (one thread) ── socket pair ── worker (2 s, 1 GB, no new files)

A message on the wire is a kind byte and a length, big-endian, then the payload.
"""

import logging
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, NoReturn

from webmail.render.body import CleanBody
from webmail.render.cleaner import sanitize
from webmail.render.guard import MAX_CHARACTERS, TooHard

LIMIT_SECONDS = 2.0
LIMIT_BYTES = 1 << 30
_HEADER = struct.Struct(">cI")
_OK, _TOO_HARD, _FAILED, _KILLED = b"o", b"h", b"f", b"k"

# The interpreter is told where the package lies and loads webmail.render alone: webmail/__init__.py
# would load Celery and Django's settings, which the guardian neither needs nor may see.
_START = (
    "import sys, types\n"
    "package = types.ModuleType('webmail'); package.__path__ = [sys.argv[1]]; sys.modules['webmail'] = package\n"
    "from webmail.render.isolate import guard_worker; guard_worker(float(sys.argv[2]), int(sys.argv[3]))\n"
)
log = logging.getLogger(__name__)


class RenderFailed(Exception):
    """The body cannot be shown as HTML (too hard, or a fault of ours): show its text instead."""


class Isolated:
    """Cleans bodies in a guarded child. Safe to call from several threads; calls take turns."""

    def __init__(self, *, limit_seconds: float = LIMIT_SECONDS, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_seconds = limit_seconds
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # the process that started the guardian: after a fork the pipe is the parent's

    def sanitize(self, source: str) -> CleanBody:
        """As ``cleaner.sanitize``. Raises ``RenderFailed`` where that raises, and past time or memory."""
        if len(source) > MAX_CHARACTERS * 2:
            raise RenderFailed(f"{len(source)} characters")
        kind, payload = self._call(source.encode("utf-8", "replace"))
        if kind == _OK:
            return CleanBody.from_bytes(payload)
        reason = payload.decode("utf-8", "replace")
        log.log(logging.ERROR if kind == _FAILED else logging.WARNING, "body not shown as HTML: %s", reason)
        raise RenderFailed(reason)

    def close(self) -> None:
        """Ends the guardian and its worker."""
        with self._lock:
            self._stop()

    def _call(self, request: bytes) -> tuple[bytes, bytes]:
        with self._lock:
            for attempt in (1, 2):
                process = self._running()
                assert process.stdin is not None
                assert process.stdout is not None
                try:
                    _write(process.stdin, _OK, request)
                    return _read(process.stdout)
                except (OSError, EOFError) as error:
                    # The guardian itself is gone (an operator's kill, the machine out of memory): once more.
                    self._stop()
                    if attempt == 2:
                        raise RenderFailed("the cleaner's process does not start") from error
        raise AssertionError("unreachable")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _START,
                    str(Path(__file__).resolve().parent.parent),
                    str(self.limit_seconds),
                    str(self.limit_bytes),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C is for the server; the guardian ends when its pipe does
            )
            self._owner = os.getpid()
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was buffered has no reader any more
                    pass
        process.kill()
        process.wait()


# The wire. -------------------------------------------------------------------------------------
def _write(stream: IO[bytes], kind: bytes, payload: bytes) -> None:
    stream.write(_HEADER.pack(kind, len(payload)) + payload)
    stream.flush()


def _read(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """One message. Raises ``EOFError`` when the other side is gone."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    kind, size = _HEADER.unpack(header)
    payload = stream.read(size)
    if len(payload) < size:
        raise EOFError
    return kind, payload


# In the guardian. ------------------------------------------------------------------------------
def guard_worker(limit_seconds: float, limit_bytes: int) -> None:
    """Passes requests to a worker and its answers back until our own input ends."""
    # Load what is imported late, as the worker may open no file.
    sanitize('<p style="color:red">a<a href="http://xn--mnchen-3ya.example/?a=1">münchen.example</a><style>b{top:0}</style>')
    worker, pid = _fork_worker(limit_seconds, limit_bytes)
    while True:
        try:
            _, request = _read(sys.stdin.buffer)
        except EOFError:
            os.kill(pid, signal.SIGKILL)
            return
        try:
            _write(worker, _OK, request)
            kind, payload = _read(worker)
        except (EOFError, OSError):
            worker.close()
            _, status = os.waitpid(pid, 0)
            kind, payload = _KILLED, f"over {limit_seconds} s or {limit_bytes} bytes (status {status})".encode()
            worker, pid = _fork_worker(limit_seconds, limit_bytes)
        _write(sys.stdout.buffer, kind, payload)


def _fork_worker(limit_seconds: float, limit_bytes: int) -> tuple[IO[bytes], int]:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _work(theirs.makefile("rwb"), limit_seconds, limit_bytes)
    theirs.close()
    stream = ours.makefile("rwb")
    ours.close()  # the stream keeps the descriptor
    return stream, pid


def _work(stream: IO[bytes], limit_seconds: float, limit_bytes: int) -> NoReturn:
    """In the worker: cleans what comes in. SIGALRM, left at its default, ends the process even inside C code."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    try:
        while True:
            _, request = _read(stream)
            signal.setitimer(signal.ITIMER_REAL, limit_seconds)
            kind, payload = _answer(request)
            signal.setitimer(signal.ITIMER_REAL, 0)
            _write(stream, kind, payload)
    except (EOFError, OSError, MemoryError):
        os._exit(1)


def _answer(request: bytes) -> tuple[bytes, bytes]:
    try:
        return _OK, sanitize(request.decode()).as_bytes()
    except TooHard as error:
        return _TOO_HARD, str(error).encode()
    except MemoryError:
        raise
    except Exception as error:  # whatever a library raises on hostile input, the reader gets the text
        return _FAILED, f"{type(error).__name__}: {error}"[:300].encode()
