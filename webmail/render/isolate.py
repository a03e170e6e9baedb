"""Runs the cleaner, and the reading of strangers' pictures and PDFs, in a guarded child process.

Hostile input meets C parsers in the child, not in the web process, and the quadratic corners of every
HTML parser cost at most ``LIMIT_SECONDS``. There are two processes: a *guardian*, started once for
each web process as a fresh interpreter (a fork of a threaded server could inherit a held lock), and
its *worker*, forked from the guardian with all modules loaded, so that a killed worker is back within
milliseconds.

    web process ── pipes ── guardian (one thread) ── pipes ── worker (2 s, 1 GB, no new files)
"""

import atexit
import contextlib
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

from webmail.render.body import CleanBody
from webmail.render.guard import MAX_CHARACTERS, markup_size
from webmail.render.wire import (
    CLEAN,
    DONE,
    FAILED,
    PAGE,
    PICTURE,
    DrawnPage,
    pack_page_request,
    read_frame,
    write_frame,
)

LIMIT_SECONDS = 2.0
LIMIT_BYTES = 1 << 30

# The interpreter is told where the package lies and loads webmail.render alone: webmail/__init__.py
# would load Celery and Django's settings, which the guardian neither needs nor may see.
_START = """\
import sys, types
package = types.ModuleType("webmail")
package.__path__ = [sys.argv[1]]
sys.modules["webmail"] = package
from webmail.render.worker import guard_worker
guard_worker(float(sys.argv[2]), int(sys.argv[3]))
"""
log = logging.getLogger(__name__)


class RenderFailed(Exception):
    """This cannot be shown (too hard, or a fault of ours): show the message's text, or no picture."""


class Isolated:
    """The web process's end. Safe to call from several threads; calls take turns."""

    def __init__(self, *, limit_seconds: float = LIMIT_SECONDS, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_seconds = limit_seconds
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._guardian: subprocess.Popen[bytes] | None = None
        self._owner = 0  # the process that started the guardian; after a fork its pipes are the parent's
        atexit.register(self.close)

    def sanitize(self, source: str) -> CleanBody:
        """As ``cleaner.sanitize``. Raises ``RenderFailed`` where that raises, and past time or memory."""
        if len(source) > MAX_CHARACTERS * 2 and markup_size(source) > MAX_CHARACTERS * 2:
            raise RenderFailed(f"{len(source)} characters")
        return CleanBody.from_json(self._ask(CLEAN, source.encode("utf-8", "replace")).decode())

    def neutralise_picture(self, data: bytes) -> bytes:
        """As ``raster.neutralise``. Raises ``RenderFailed``."""
        return self._ask(PICTURE, data)

    def draw_page(self, data: bytes, number: int) -> DrawnPage:
        """As ``pdf.draw_page``. Raises ``RenderFailed``."""
        return DrawnPage.unpack(self._ask(PAGE, pack_page_request(data, number)))

    def start(self) -> None:
        """Starts the guardian ahead of the first call, which else waits for its modules: a third of a second."""
        with self._lock:
            self._running()

    @property
    def is_started(self) -> bool:
        return self._guardian is not None

    def close(self) -> None:
        """Ends the guardian and its worker; a later call starts them again."""
        with self._lock:
            self._stop()

    def _ask(self, kind: bytes, payload: bytes) -> bytes:
        with self._lock:
            answer, result = self._exchange(kind, payload)
        if answer == DONE:
            return result
        reason = result.decode("utf-8", "replace")
        # What a picture's library refuses is a broken picture; what the cleaner refuses may be a fault of ours.
        fault = answer == FAILED and kind == CLEAN
        log.log(logging.ERROR if fault else logging.INFO, "not shown: %s", reason)
        raise RenderFailed(reason)

    def _exchange(self, kind: bytes, payload: bytes) -> tuple[bytes, bytes]:
        for _attempt in range(2):
            guardian = self._running()
            assert guardian.stdin is not None
            assert guardian.stdout is not None
            try:
                write_frame(guardian.stdin, kind, payload)
                return read_frame(guardian.stdout)
            except (OSError, EOFError):
                # The guardian itself is gone (the machine ran out of memory, an operator's kill): once more.
                self._stop()
        raise RenderFailed("The cleaner's process does not start.")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._guardian is not None and (self._owner != os.getpid() or self._guardian.poll() is not None):
            self._stop()
        if self._guardian is None:
            package = Path(__file__).resolve().parent.parent
            self._guardian = subprocess.Popen(  # noqa: S603 - our own interpreter and our own text
                [sys.executable, "-c", _START, str(package), str(self.limit_seconds), str(self.limit_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C is for the server; the guardian ends when its pipe does
            )
            self._owner = os.getpid()
        return self._guardian

    def _stop(self) -> None:
        guardian, self._guardian = self._guardian, None
        if guardian is None:
            return
        for stream in (guardian.stdin, guardian.stdout):
            with contextlib.suppress(OSError):  # what was still buffered has no reader any more
                if stream is not None:
                    stream.close()
        if self._owner != os.getpid():
            guardian.returncode = 0  # our parent's child: not ours to wait for
            return
        try:
            guardian.wait(timeout=self.limit_seconds + 1)
        except subprocess.TimeoutExpired:
            guardian.kill()
            guardian.wait()
