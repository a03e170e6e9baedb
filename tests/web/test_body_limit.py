"""Bodies beyond what is allowed are refused before anything is written anywhere."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from webmail.body_limit import SMALL_BYTES, limit_bodies


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads a whole body, as Django does, and says how much it was."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def ask(path: str, pieces: list[bytes], declared: bytes | None) -> tuple[int, int]:
    """Status, and how many pieces were taken from the line."""
    waiting, sent = list(pieces), []

    async def receive() -> dict[str, Any]:
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", declared)] if declared is not None else []
    scope = {"type": "http", "path": path, "headers": headers}
    whole = limit_bodies(reads_all, 1_000_000)
    # In a thread of its own: a browser test before this one leaves Playwright's loop in the main thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(whole(scope, receive, send))).result()
    return sent[0]["status"], len(pieces) - len(waiting)


def test_a_body_within_the_limit_passes() -> None:
    assert ask("/draft/", [b"x" * 500_000, b"x" * 500_000], b"1000000") == (200, 2)


def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    assert ask("/draft/", [b"x"], b"1000001") == (413, 0)


@pytest.mark.parametrize("declared", [None, b"10"])
def test_a_body_that_turns_out_too_large_is_cut_off(declared: bytes | None) -> None:
    assert ask("/draft/", [b"x" * 400_000] * 10, declared) == (413, 3)


@pytest.mark.parametrize("path", ["/accounts/login/", "/setup/token/"])
def test_where_anybody_may_knock_the_limit_is_small(path: str) -> None:
    assert ask(path, [b"x" * SMALL_BYTES], None) == (200, 1)
    assert ask(path, [b"x"], str(SMALL_BYTES + 1).encode()) == (413, 0)


@pytest.mark.parametrize("declared", [b"-1", b"many", b"1e9"])
def test_a_length_that_is_no_number_is_refused(declared: bytes) -> None:
    assert ask("/draft/", [b"x"], declared) == (413, 0)
