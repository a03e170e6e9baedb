"""Files stream under ASGI too: piece by piece, without Django's warning that it gathers them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpResponse
from django.test import AsyncClient

from tests.factories import make_user
from tests.web.mail import store
from tests.web.test_attachments import attached


@pytest.mark.django_db
def test_pieces_come_one_by_one() -> None:
    bob = make_user("bob")
    data = bytes(range(256)) * 8_000
    message = store(bob, attached(("a.bin", "application/octet-stream", data)))
    client = AsyncClient()
    client.force_login(bob)

    async def fetch(url: str) -> list[bytes]:
        response = await client.get(url)
        assert response.is_async  # type: ignore[attr-defined]
        return [piece async for piece in response.streaming_content]  # type: ignore[attr-defined]

    pieces = async_to_sync(fetch)(f"/m/{message.pk}/part/2/a.bin")
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 256 * 1024
    assert len(async_to_sync(fetch)(f"/m/{message.pk}/attachments.zip")) > 5


@pytest.mark.parametrize(
    ("headers", "status", "shown"),
    [({}, 200, slice(None)), ({"range": "bytes=3-9"}, 206, slice(3, 10)), ({"range": "bytes=9999999-"}, 416, slice(0))],
)
def test_a_static_file_is_one_answer(headers: dict[str, str], status: int, shown: slice) -> None:
    file = settings.BASE_DIR / "static" / "js" / "shell.js"

    async def ask(headers: dict[str, str]) -> HttpResponse:
        return await AsyncClient().get("/static/js/shell.js", headers=headers)  # type: ignore[return-value]

    def fetch(headers: dict[str, str]) -> HttpResponse:
        with ThreadPoolExecutor(1) as apart:  # this thread has a loop of its own where browsers were driven before
            return apart.submit(asyncio.run, ask(headers)).result()

    answer = fetch(headers)
    assert (answer.status_code, answer.streaming) == (status, False)
    assert answer.content == file.read_bytes()[shown]
    if status == 200:
        assert answer["Content-Type"].startswith("text/javascript")
        assert int(answer["Content-Length"]) == len(answer.content)
        again = fetch({"if-modified-since": answer["Last-Modified"]})
        assert (again.status_code, again.content) == (304, b"")
