"""Files stream under ASGI too: piece by piece, without Django's warning that it gathers them."""

import pytest
from asgiref.sync import async_to_sync
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
