"""What a benchmark measures: time on the wall, processor time of the worker and of PostgreSQL, bytes on the wire.

On a machine that is busy, processor time is the number to compare. PostgreSQL's is read from ``/proc``, so it is
told only where the server runs on this machine.
"""

import contextlib
import os
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mailsync.extract.process import ChildProcess
from mailsync.protocol.imap import ImapSource

#: TCP_INFO of Linux: where bytes sent and received stand, and how much of it to read.
_TCP_INFO_BYTES, _TCP_INFO_AT = 192, 120
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Figures:
    """What one part of a run took, in seconds. ``database`` is PostgreSQL's processor time."""

    wall: float = 0.0
    cpu: float = 0.0
    database: float = 0.0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(self.wall + other.wall, self.cpu + other.cpu, self.database + other.database)


@contextmanager
def timed(what: str) -> Iterator[Figures]:
    """Print wall time, and the processor time of this process, of the commands it has waited for, of PostgreSQL."""
    taken = Figures()
    wall, cpu, database = time.perf_counter(), _cpu(), database_cpu()
    yield taken
    taken.wall, taken.cpu = time.perf_counter() - wall, _cpu() - cpu
    taken.database = database_cpu() - database
    show(what, taken)


def show(what: str, taken: Figures) -> None:
    database = f"{taken.database:>9.2f} s PostgreSQL" if taken.database else ""
    print(f"{what:<46}{taken.wall:>9.1f} s{taken.cpu:>9.2f} s CPU{database}", flush=True)


def _cpu() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def children_peak() -> Iterator[list[float]]:
    """The most memory that a process which read messages for this one has had, in MB."""
    peak = [0.0]
    real = ChildProcess.stop

    def stop(child: ChildProcess) -> None:
        if child.pid is not None:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
                # A process that has ended and is not waited for has no such line.
                found = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
                peak[0] = max(peak[0], *found, 0.0)
        real(child)

    with mock.patch.object(ChildProcess, "stop", stop):
        yield peak


def backend() -> int | None:
    """The process of our database connection, where it is one of this machine."""
    from django.db import connection

    if connection.connection is None:
        return None
    pid: int = connection.connection.info.backend_pid
    command = Path(f"/proc/{pid}/cmdline")
    return pid if command.exists() and b"postgres" in command.read_bytes() else None


def database_cpu() -> float:
    """Seconds of processor time of PostgreSQL, all its processes together, those that have ended included."""
    pid = backend()
    if pid is None:
        return 0.0
    server = int(_stat(pid)[1])
    pids = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    total = sum(map(int, _stat(server)[11:15]))
    for one in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = _stat(one)
            total += sum(map(int, fields[11:13])) if int(fields[1]) == server else 0
    return total / _TICKS


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) /proc/pid/stat behind the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _running_seconds(pid: int) -> float:
    """Processor time of a process, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@dataclass
class Share:
    """Processor time spent in one function by its callers' threads, and by PostgreSQL on their behalf."""

    cpu: float = 0.0
    database: float = 0.0

    def around(self, work: Callable[..., Any], *, asks_database: bool) -> Callable[..., Any]:
        def measured(*args: Any, **kwargs: Any) -> Any:
            pid = backend() if asks_database else None
            began, asked = time.thread_time(), _running_seconds(pid) if pid else 0.0
            try:
                return work(*args, **kwargs)
            finally:
                self.cpu += time.thread_time() - began
                self.database += _running_seconds(pid) - asked if pid else 0.0

        return measured


@contextmanager
def counted_traffic() -> Iterator[list[int]]:
    """Bytes on the wire of every IMAP connection that is closed inside, as the kernel counts them: sent, received."""
    bytes_moved = [0, 0]
    real = ImapSource.close

    def close(source: ImapSource) -> None:
        with contextlib.suppress(OSError, ValueError):
            with socket.socket(fileno=os.dup(source.fileno())) as same:
                info = same.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
            sent, received = struct.unpack_from("QQ", info, _TCP_INFO_AT)
            bytes_moved[0] += sent
            bytes_moved[1] += received
        real(source)

    with mock.patch.object(ImapSource, "close", close):
        yield bytes_moved


def memory_kb() -> float:
    """What this process has in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
