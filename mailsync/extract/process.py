"""A child process that does one kind of work on request: the parent's end.

The child is a fresh interpreter (a fork of a threaded worker could inherit a held lock) that is given a line of our
own code and none of our environment, so that no secret is in it. It is started with the first request, and again
after one over which it died.
"""

import contextlib
import os
import subprocess
import sys

from mailsync.extract.wire import read_frame, write_frame


class ChildGoneError(Exception):
    """It did not start, or ended in the middle of a request: a limit, a fault in C code, an operator's kill."""


class ChildProcess:
    """``start`` is the code that it runs, which answers each frame on its input with one on its output. Not for several
    threads at a time."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._child: subprocess.Popen[bytes] | None = None
        self._is_asked = False

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return self._child.pid if self._child is not None else None

    def send(self, head: bytes, *body: bytes) -> None:
        """A request. Raises ``ChildGoneError``."""
        if self._is_asked:
            # Nobody has waited for that answer: it is not to be taken for the one to this.
            self.stop()
        try:
            child = self._running()
            assert child.stdin is not None
            write_frame(child.stdin, head, *body)
        except OSError as error:
            self.stop()
            raise ChildGoneError from error
        self._is_asked = True

    def receive(self) -> tuple[bytes, bytes]:
        """The answer to what was sent last. Raises ``ChildGoneError``."""
        if self._child is None or not self._is_asked:
            raise ChildGoneError
        assert self._child.stdout is not None
        try:
            answer = read_frame(self._child.stdout)
        except (OSError, EOFError) as error:
            self.stop()
            raise ChildGoneError from error
        self._is_asked = False
        return answer

    def stop(self) -> None:
        """End it, whatever it is doing; a later request starts it again."""
        child, self._child, self._is_asked = self._child, None, False
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):  # what was still buffered has no reader any more
                if stream is not None:
                    stream.close()
        child.kill()
        child.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own text
                [sys.executable, "-c", self._start],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C is for the worker; the child ends when its pipe does
            )
        return self._child
