"""Under ASGI a request stays in one thread, from its first middleware to its view, and leaves nothing behind in it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils.translation import activate, get_language

from webmail.one_thread import AT_ONCE, OneThreadHandler
from webmail.turns import end_turn

T = TypeVar("T")

_passed: list[int] = []
_answered = threading.Event()


def noting(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        _passed.append(threading.get_ident())
        return get_response(request)

    return middleware


def plain(request: HttpRequest) -> HttpResponse:
    _passed.append(threading.get_ident())
    return HttpResponse("plain")


async def in_loop(request: HttpRequest) -> HttpResponse:
    await sync_to_async(lambda: _passed.append(threading.get_ident()))()  # as it asks the database
    return HttpResponse("in the loop")


def in_german(request: HttpRequest) -> HttpResponse:
    before = str(get_language())
    activate("de")
    return HttpResponse(before)


def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[str]:
        activate("de")
        try:
            for number in count():
                yield f"{number} {get_language()}"
                await asyncio.sleep(0)
        finally:
            _passed.append(-1)

    return StreamingHttpResponse(pieces())


def waits(request: HttpRequest) -> HttpResponse:
    end_turn()  # as one does that asks another server
    _answered.wait(10)
    return HttpResponse("waited")


urlpatterns = [
    path("waits", waits),
    path("plain", plain),
    path("loop", in_loop),
    path("german", in_german),
    path("endless", endless),
]


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [f"{__name__}.noting"] * 3
    _passed.clear()


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: a browser test before this one leaves Playwright's loop in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _begin(handler: OneThreadHandler, where: str) -> ApplicationCommunicator:
    server = ApplicationCommunicator(
        handler, {"type": "http", "method": "GET", "path": where, "headers": [], "query_string": b""}
    )
    await server.send_input({"type": "http.request"})
    assert (await server.receive_output())["status"] == 200
    return server


async def _ask(*paths: str) -> list[bytes]:
    handler, bodies = OneThreadHandler(), []
    for where in paths:
        server = await _begin(handler, where)
        bodies.append((await server.receive_output())["body"])
        await server.wait()
    return bodies


@pytest.mark.parametrize(("where", "body"), [("/plain", b"plain"), ("/loop", b"in the loop")])
def test_middlewares_and_view_share_a_thread(where: str, body: bytes) -> None:
    assert in_loop(_ask(where)) == [body]
    assert len(_passed) == 4
    assert len(set(_passed)) == 1


def test_the_next_request_takes_the_thread_but_not_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of several, another may take the next request: the first is free a moment after its answer.
    monkeypatch.setattr("webmail.one_thread.MOST_THREADS", 1)
    assert in_loop(_ask("/german", "/german")) == [b"en", b"en"]
    assert len(set(_passed)) == 1


def test_those_that_wait_for_another_server_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webmail.one_thread.SHORT_SECONDS", 60)
    _answered.clear()

    async def ask() -> list[bytes]:
        handler = OneThreadHandler()
        waiting = [asyncio.create_task(_begin(handler, "/waits")) for _ in range(AT_ONCE)]
        plain = await asyncio.wait_for(_begin(handler, "/plain"), 5)
        _answered.set()
        servers = [*await asyncio.gather(*waiting), plain]
        return [(await server.receive_output())["body"] for server in servers]

    assert in_loop(ask()) == [b"waited"] * AT_ONCE + [b"plain"]


def test_a_stream_ends_when_its_client_has_gone() -> None:
    async def leave() -> bytes:
        server = await _begin(OneThreadHandler(), "/endless")
        first: bytes = (await server.receive_output())["body"]
        await server.send_input({"type": "http.disconnect"})
        await server.wait()
        return first

    assert in_loop(leave()) == b"0 de"
    assert _passed[-1] == -1


def test_the_cache_of_each_request_uses_the_connections_of_the_process() -> None:
    first, second = (caches.create_connection("default")._cache.get_client() for _ in range(2))
    assert first is not second
    assert first.connection_pool is second.connection_pool
