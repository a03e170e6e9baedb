"""A request is answered in one thread, from its first middleware to its last: ASGI requests flow in, responses out.

Django's own handler goes to a thread and back for most middlewares, again for the view and for both signals, and starts
a thread for each request: more than a short request's own work. Here a few threads wait, as under WSGI, and each
request goes to one of them once. What is streamed (files, events) is sent from the event loop, as Django does it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import HttpResponseBase
from django.urls import set_script_prefix

from webmail.turns import Turns

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

#: Answers being made at once, with those that wait for somebody else.
MOST_THREADS = 64
#: Of those that have just begun. A third one adds nothing where the database is on the same machine.
AT_ONCE = 2
#: Several times what a list, an opened message or an act takes; whoever needs longer is not waited for.
SHORT_SECONDS = 0.02


class OneThreadHandler(ASGIHandler):
    """``ASGIHandler`` with the chain of middlewares that WSGI has."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="request")
        self._turns = Turns(AT_ONCE, SHORT_SECONDS)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()
        async with self._turns.take():
            # What the request makes its own (language, time zone) is forgotten with it, and holds while it is streamed.
            context = copy_context()
            response = await loop.run_in_executor(self._threads, context.run, self._answer, scope, body)
        if response.streaming:
            await loop.create_task(self._stream(response, receive, send), context=context)
            body.close()
        else:
            await self.send_response(response, send)

    def _answer(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response = self.get_response(request) if request is not None else refused
        assert response is not None, "there is a request or a refusal"
        if response.streaming:
            close_old_connections()  # of this thread; the stream is made elsewhere
        else:
            response.close()
            body.close()
        return response

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        """Until all is sent, or the client has gone."""
        sending = asyncio.create_task(self.send_response(response, send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        sending.cancel()
        leaving.cancel()
        sent, _left = await asyncio.gather(sending, leaving, return_exceptions=True)
        await sync_to_async(response.close)()
        if isinstance(sent, Exception):
            raise sent
