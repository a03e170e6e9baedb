"""What a request of the browser costs on the wire."""

import brotli
from playwright.sync_api import Request


def weight(request: Request) -> int:
    """Bytes of the body. Static files are compressed when they are collected, which a test does not do."""
    if "/events?" in request.url:
        return 0
    if "/static/" in request.url:
        response = request.response()
        body = response.body() if response else b""
        # Nothing at all has one byte when it is compressed.
        return len(brotli.compress(body)) if body else 0
    return request.sizes()["responseBodySize"]
