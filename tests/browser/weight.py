"""What a request of the browser costs on the wire."""

import brotli
from playwright.sync_api import Request


def weight(request: Request) -> int:
    """Bytes of the body. Static files are compressed when they are collected, which a test does not do."""
    if "/events?" in request.url:
        return 0
    travelled = request.sizes()["responseBodySize"]
    if travelled <= 0:  # the browser had it already; of what it took from its cache it counts the headers against it
        return 0
    if "/static/" in request.url:
        response = request.response()
        return len(brotli.compress(response.body())) if response else 0
    return travelled
