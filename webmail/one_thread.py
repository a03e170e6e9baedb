"""A request is answered in one thread from its first middleware to its last: ASGI requests flow in, responses out.

Django's own handler goes to a thread and back for most middlewares and again for the view, some twenty times a request,
which cost more than the work of a short one. Only what an async view gives (the event stream) runs in the event loop.
"""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponseBase


class OneThreadHandler(ASGIHandler):
    """``ASGIHandler`` with the chain of middlewares that WSGI has."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
