"""The guardian and its worker: the processes in which hostile input is read. See ``isolate.py``.

The guardian is one thread that only passes frames. The worker, forked from it with all modules
loaded, does the work under hard limits: memory, a clock that ends it even inside C code, and not one
more open file.
"""

import contextlib
import gc
import os
import resource
import signal
import sys
from typing import IO, NoReturn

from webmail.render import pdf, raster
from webmail.render.cleaner import sanitize
from webmail.render.guard import TooHard
from webmail.render.wire import (
    CLEAN,
    DONE,
    FAILED,
    KILLED,
    PAGE,
    PICTURE,
    TOO_HARD,
    read_frame,
    read_page_request,
    write_frame,
)

_WARM_UP = """<style>@media screen{b{color:red}}</style><p style="background:url('cid:a')">
<a href="http://xn--mnchen-3ya.example/?a=1&amp;b">münchen.example</a> <a href="mailto:a@b.example?subject=c">d</a>"""


class Worker:
    """A forked child behind two pipes."""

    def __init__(self, limit_seconds: float, limit_bytes: int) -> None:
        requests_out, requests_in = os.pipe()
        answers_out, answers_in = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(requests_in)
            os.close(answers_out)
            _work(os.fdopen(requests_out, "rb"), os.fdopen(answers_in, "wb"), limit_seconds, limit_bytes)
        os.close(requests_out)
        os.close(answers_in)
        self.requests: IO[bytes] = os.fdopen(requests_in, "wb")
        self.answers: IO[bytes] = os.fdopen(answers_out, "rb")

    def ask(self, kind: bytes, payload: bytes) -> tuple[bytes, bytes]:
        """Raises ``EOFError`` or ``OSError`` when the worker is dead."""
        write_frame(self.requests, kind, payload)
        return read_frame(self.answers)

    def bury(self) -> int:
        """Ends the worker and gives its exit status as ``waitpid`` does."""
        self.answers.close()
        with contextlib.suppress(OSError):  # what was still buffered has no reader
            self.requests.close()
        os.kill(self.pid, signal.SIGKILL)
        return os.waitpid(self.pid, 0)[1]


def guard_worker(limit_seconds: float, limit_bytes: int) -> None:
    """Passes requests to a worker, and its answers back, until our own input ends."""
    # What is imported late is imported now: the worker may open no file.
    sanitize(_WARM_UP)
    raster.load()
    pdf.load()
    gc.collect()
    gc.freeze()
    worker = Worker(limit_seconds, limit_bytes)
    while True:
        try:
            kind, payload = read_frame(sys.stdin.buffer)
        except EOFError:
            worker.bury()
            return
        try:
            answer = worker.ask(kind, payload)
        except (EOFError, OSError):
            status = worker.bury()
            answer = KILLED, f"over {limit_seconds} s or {limit_bytes} bytes (status {status})".encode()
            worker = Worker(limit_seconds, limit_bytes)
        write_frame(sys.stdout.buffer, *answer)


def _work(requests: IO[bytes], answers: IO[bytes], limit_seconds: float, limit_bytes: int) -> NoReturn:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    # A body is some hundred thousand small objects that all die with it: collecting in between only costs time.
    gc.disable()
    try:
        while True:
            kind, payload = read_frame(requests)
            # SIGALRM at its default action ends the process, whatever code is running.
            signal.setitimer(signal.ITIMER_REAL, limit_seconds)
            answer = _answer(kind, payload)
            signal.setitimer(signal.ITIMER_REAL, 0)
            write_frame(answers, *answer)
            gc.collect(1)
    except (EOFError, OSError, MemoryError):
        os._exit(1)


def _answer(kind: bytes, payload: bytes) -> tuple[bytes, bytes]:
    try:
        if kind == CLEAN:
            return DONE, sanitize(payload.decode()).as_json().encode()
        if kind == PAGE:
            return DONE, pdf.draw_page(*read_page_request(payload)).pack()
        assert kind == PICTURE
        return DONE, raster.neutralise(payload)
    except TooHard as error:
        return TOO_HARD, str(error).encode()
    except MemoryError:
        raise
    except Exception as error:  # whatever a library raises on hostile input, the reader is shown something else
        return FAILED, f"{type(error).__name__}: {error}"[:300].encode()
