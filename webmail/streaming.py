"""Responses that are made while they are sent: chunks of bytes in, a streaming response out. Screens room.

Under ASGI Django would gather a synchronous iterator into a list first: a whole attachment in memory.
So there each chunk is asked for on the request's own thread, which also holds its database connection.
"""

from collections.abc import AsyncIterator, Iterator, Mapping

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


def stream(
    request: HttpRequest, chunks: Iterator[bytes], headers: Mapping[str, str], *, status: int = 200
) -> StreamingHttpResponse:
    """A response that holds one chunk at a time."""
    content = _on_request_thread(chunks) if isinstance(request, ASGIRequest) else chunks
    return StreamingHttpResponse(content, status=status, headers=dict(headers))


async def _on_request_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    def following() -> bytes | None:
        return next(chunks, None)

    ask = sync_to_async(following, thread_sensitive=True)
    while (chunk := await ask()) is not None:
        yield chunk
