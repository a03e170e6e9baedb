"""Under ASGI a request stays in one thread, from its first middleware to its view."""

import threading
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path

from webmail.one_thread import OneThreadHandler

_passed: list[int] = []


def noting(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        _passed.append(threading.get_ident())
        return get_response(request)

    return middleware


def plain(request: HttpRequest) -> HttpResponse:
    _passed.append(threading.get_ident())
    return HttpResponse("plain")


async def in_loop(request: HttpRequest) -> HttpResponse:
    await sync_to_async(_passed.append)(threading.get_ident())
    return HttpResponse("in the loop")


urlpatterns = [path("plain", plain), path("loop", in_loop)]


async def _ask(where: str) -> bytes:
    # The handler's loop must be this one, so it is made here.
    server = ApplicationCommunicator(
        OneThreadHandler(), {"type": "http", "method": "GET", "path": where, "headers": [], "query_string": b""}
    )
    await server.send_input({"type": "http.request"})
    assert (await server.receive_output())["status"] == 200
    body: bytes = (await server.receive_output())["body"]
    await server.wait()
    return body


@pytest.mark.parametrize(("where", "body"), [("/plain", b"plain"), ("/loop", b"in the loop")])
def test_middlewares_and_view_share_a_thread(settings: object, where: str, body: bytes) -> None:
    settings.ROOT_URLCONF = __name__  # type: ignore[attr-defined]
    settings.MIDDLEWARE = [f"{__name__}.noting"] * 3  # type: ignore[attr-defined]
    _passed.clear()
    assert async_to_sync(_ask)(where) == body
    assert len(_passed) == 4
    assert len(set(_passed[:3])) == 1
    assert (_passed[3] in _passed[:3]) == (where == "/plain"), "an async view runs in the loop"


def test_the_cache_of_each_request_uses_the_connections_of_the_process() -> None:
    first, second = (caches.create_connection("default")._cache.get_client() for _ in range(2))
    assert first is not second
    assert first.connection_pool is second.connection_pool
