"""The event stream of a browser (Server-Sent Events): ids and counts flow out as they happen.

Async, as one process holds thousands of these. The stream keeps no database connection: what the
sign-in check has used goes back to the pool before the first byte, and after each later check.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.base import SessionBase
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language, override

from mailsync import actions
from webmail.events import RESYNC, TooManyStreams, fanout, session_mark
from webmail.present.said import said

#: A comment this often keeps proxies from closing a quiet stream, and finds browsers that are gone.
HEARTBEAT_SECONDS = 20.0
#: How long a browser waits before it connects again.
RETRY_MILLISECONDS = 3000


async def events(request: HttpRequest) -> HttpResponseBase:
    """Each event is one JSON line as ``mailsync.announce`` writes it; 204 tells a browser not to come again.

    ``?since=`` is when the page was made (milliseconds since 1970): what was told after that and before this stream
    began is answered by one resync.
    """
    user = await request.auser()
    user_id = user.pk if user.is_authenticated else None
    await _give_back_connection()
    if user_id is None:
        return HttpResponse(status=204)
    # A browser that comes again by itself names the last event it has heard (HTML, server-sent events), and its page
    # reads everything anew.
    since = None if "Last-Event-ID" in request.headers else _milliseconds(request.GET.get("since", ""))
    response = StreamingHttpResponse(
        _stream(user_id, request.session, get_language() or "en", since), content_type="text/event-stream"
    )
    response.headers["Cache-Control"] = "no-store, no-transform"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _milliseconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


async def _stream(user_id: int, session: SessionBase, language: str, since: int | None) -> AsyncIterator[str]:
    mark = session_mark(session.session_key)
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    try:
        async with fanout().listen(user_id) as queue:
            yield 'id: 1\ndata: {"kind": "hello"}\n\n'
            await _look_in(user_id, session)
            look_again = time.monotonic() + HEARTBEAT_SECONDS
            # Asked now that the subscription stands: nothing falls between the page's making and its listening.
            if since is not None and await fanout().has_missed(user_id, since):
                yield f"data: {RESYNC}\n\n"
            while True:
                try:
                    # Also where something comes all the time: whoever was signed out from elsewhere hears no more.
                    line = await asyncio.wait_for(queue.get(), look_again - time.monotonic())
                except TimeoutError:
                    if not await _look_in(user_id, session):
                        yield _SIGNED_OUT
                        return
                    look_again = time.monotonic() + HEARTBEAT_SECONDS
                    yield ": still here\n\n"
                    continue
                event = json.loads(line)
                if event["kind"] == "signed_out":
                    if event["session"] == mark:
                        yield _SIGNED_OUT
                        return
                    continue
                if event["kind"] == "notice":
                    with override(language):
                        line = json.dumps({**event, "text": said(event["text"])})
                yield f"data: {line}\n\n"
    except TooManyStreams:
        yield 'data: {"kind": "busy"}\n\n'


_SIGNED_OUT = 'data: {"kind": "signed_out"}\n\n'


@sync_to_async
def _look_in(user_id: int, session: SessionBase) -> bool:
    """Note that a page is open. False: the session was ended from another device or by the administrator."""
    try:
        if not session.session_key or not session.exists(session.session_key):
            return False
        actions.look_in(user_id)
        return True
    finally:
        connections.close_all()


@sync_to_async
def _give_back_connection() -> None:
    """The middleware ran in this same thread; its connection must not wait for the end of the stream."""
    connections.close_all()
