"""Messages are read in another process as they would be here, in their order; and whatever becomes of it, all are."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from mailsync.errors import TryNow
from mailsync.extract import process
from mailsync.extract.reader import Reader
from mailsync.extract.reading import read_header, read_message
from tests.factories import raw_message

RAWS = [
    raw_message(subject="Boats", body="The keel is done.\r\n" * 50),
    b"",
    b"Subject: =?utf-8?q?B=C3=B6en?=\r\n\r\n\xff\xfe not any charset \x00",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nDeck\r\n--a\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="plan.pdf"\r\n\r\n' + b"x" * 300_000 + b"\r\n--a--\r\n",
]


@pytest.fixture
def reader() -> Iterator[Reader]:
    one = Reader()
    yield one
    one.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The children, as they are started."""
    children: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        children.append(real(*args, **kwargs))
        return children[-1]

    monkeypatch.setattr(process.subprocess, "Popen", start)
    return children


def batches(*sizes: int) -> list[tuple[int, Sequence[bytes]]]:
    return [(number, [RAWS[(number + at) % len(RAWS)] for at in range(size)]) for number, size in enumerate(sizes)]


def test_all_is_read_in_order_by_one_process(reader: Reader, started: list[subprocess.Popen[bytes]]) -> None:
    given = batches(4, 0, 1, 7)
    assert list(reader.read_messages(given)) == [(key, [read_message(raw) for raw in raws]) for key, raws in given]
    assert list(reader.read_headers(given)) == [(key, [read_header(raw) for raw in raws]) for key, raws in given]
    assert len(started) == 1


def test_the_next_batch_is_fetched_while_one_is_read(reader: Reader) -> None:
    fetched: list[int] = []

    def fetch() -> Iterator[tuple[int, Sequence[bytes]]]:
        for key, raws in batches(2, 2, 2):
            fetched.append(key)
            yield key, raws

    seen = [(key, list(fetched)) for key, _ in reader.read_messages(fetch())]
    assert seen == [(0, [0, 1]), (1, [0, 1, 2]), (2, [0, 1, 2])]


@pytest.mark.parametrize("dies_after", [0, 1, 2])
def test_a_child_that_dies_costs_no_message(
    reader: Reader, started: list[subprocess.Popen[bytes]], dies_after: int, caplog: pytest.LogCaptureFixture
) -> None:
    def fetch() -> Iterator[tuple[int, Sequence[bytes]]]:
        for key, raws in batches(3, 3, 3):
            if key == dies_after and started:
                os.kill(started[-1].pid, signal.SIGKILL)
                started[-1].wait()
            yield key, raws

    if dies_after == 0:
        list(reader.read_messages(batches(1)))
    expected = [(key, [read_message(raw) for raw in raws]) for key, raws in batches(3, 3, 3)]
    assert list(reader.read_messages(fetch())) == expected
    assert "read without it" in caplog.text
    # The next ones have a new process.
    list(reader.read_messages(batches(1)))
    assert len(started) == 2


def test_a_machine_that_starts_no_process_reads_all_the_same(monkeypatch: pytest.MonkeyPatch, reader: Reader) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(process.subprocess, "Popen", refuse)
    assert list(reader.read_messages(batches(2))) == [(0, [read_message(raw) for raw in RAWS[:2]])]


def test_what_came_before_a_line_broke_is_read(reader: Reader) -> None:
    def fetch() -> Iterator[tuple[int, Sequence[bytes]]]:
        yield from batches(2, 2)
        raise TryNow("The line dropped.")

    given = reader.read_messages(fetch())
    assert [next(given)[0], next(given)[0]] == [0, 1]
    with pytest.raises(TryNow, match="The line dropped"):
        next(given)


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next(reader: Reader) -> None:
    left = reader.read_messages(batches(2, 2, 2))
    next(left)
    # Whether or not anybody has closed that one by now, as an error that is still being told may hold it.
    assert list(reader.read_headers(batches(1))) == [(0, [read_header(RAWS[0])])]
    assert [key for key, _ in left] == [1, 2]


def test_it_ends_with_its_parent(reader: Reader, started: list[subprocess.Popen[bytes]]) -> None:
    list(reader.read_messages(batches(1)))
    assert started[0].stdin is not None
    started[0].stdin.close()
    assert started[0].wait(10) == 0
