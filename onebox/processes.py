"""Child processes that never outlive their parent: started, watched, stopped by process id.

On Linux the kernel signals each child when the thread that started it dies, so that even a killed
launcher leaves nothing behind. Start children from the main thread only.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


def _die_with_parent(signal_number: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def in_child() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:  # The parent went between fork and prctl.
            os._exit(1)

    return in_child


class Child:
    """One child process with its log file.

    ``stop_signal`` asks it to end; after ``stop_seconds`` its whole process group is killed.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stdin: bytes | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_seconds: float = 10,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = log
        self.env = dict(env) if env is not None else None
        self.cwd = cwd
        self.user = user
        self.stdin = stdin
        self.stop_signal = stop_signal
        self.stop_seconds = stop_seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        output: IO[bytes]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.PIPE if self.stdin is not None else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user else None,
                start_new_session=True,  # Ctrl-C reaches the launcher only, which stops all in order.
                # Started from the main thread, before any other thread exists.
                preexec_fn=_die_with_parent(self.stop_signal),  # noqa: PLW1509
            )
        if self.stdin is not None and self.process.stdin is not None:
            self.process.stdin.write(self.stdin)
            self.process.stdin.close()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Ask, wait, then kill the process group; returns when the process is gone."""
        if self.process is None:
            return
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.stop_seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)
        self.process = None

    def tail(self, lines: int = 15) -> str:
        """The end of the log, for an error message."""
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"


def wait_until(what: str, check: Callable[[], bool], *, child: Child | None = None, seconds: float = 30) -> None:
    """Poll ``check`` until it holds. Raises ``RuntimeError`` with the child's log when it cannot."""
    end = time.monotonic() + seconds
    while not check():
        if child is not None and not child.running:
            raise RuntimeError(f"{what} stopped before it was ready. The end of {child.log}:\n{child.tail()}")
        if time.monotonic() > end:
            raise RuntimeError(
                f"{what} was not ready after {seconds:.0f} seconds; see {child.log if child else 'logs'}."
            )
        time.sleep(0.05)
