"""Responses that are made while they are sent: chunks of bytes in, a streaming response out. Screens room.

Under ASGI Django would gather a synchronous iterator into a list first: a whole attachment in memory.
So there each chunk is asked for on the request's own thread, which also holds its database connection.
"""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


def stream(request: HttpRequest, chunks: Iterator[bytes], **options: object) -> StreamingHttpResponse:
    """A response that holds one chunk at a time; ``options`` are those of ``StreamingHttpResponse``."""
    content = _on_request_thread(chunks) if isinstance(request, ASGIRequest) else chunks
    return StreamingHttpResponse(content, **options)  # type: ignore[arg-type]


async def _on_request_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    ask = sync_to_async(next, thread_sensitive=True)
    while (chunk := await ask(chunks, None)) is not None:
        yield chunk
