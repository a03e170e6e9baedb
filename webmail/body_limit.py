"""No request body larger than is allowed ever reaches a disk: an ASGI application flows in, a guarded one out.

Django spools a whole body to a file before any view or middleware can object. So a body that says it is
too large is refused unread, and one that turns out to be is cut off (RFC 9110 §15.5.14).
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

#: Signing in, setting up: a few fields, and no session is needed to send them.
_SMALL_PATHS = ("/accounts/", "/setup/")
SMALL_BYTES = 64 * 1024


class _TooLarge(Exception):
    """The body went beyond its limit."""


def limit_bodies(app: App, limit_bytes: int) -> App:
    """``app`` with bodies of at most ``limit_bytes``, and of 64 kB where anybody may knock."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        most = SMALL_BYTES if scope["path"].startswith(_SMALL_PATHS) else limit_bytes
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > most:
            await _refuse(send)
            return
        seen, answered = 0, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise _TooLarge
            return message

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await app(scope, counted, noted)
        except _TooLarge:
            if not answered:
                await _refuse(send)

    return guarded


async def _refuse(send: Send) -> None:
    body = b"This is larger than this Heron takes.\n"
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
