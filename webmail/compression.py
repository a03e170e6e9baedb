"""Pages in a fifth of their bytes: responses flow through, compressed for who says that they read it.

What is streamed (events, files, ranges of files) goes as it is.

On BREACH, which guesses secrets by the size of compressed pages: the one secret in a page is the CSRF token, and Django
masks it anew in each response; up to 100 random bytes are added to each compressed one here.
"""

import re
import secrets
from collections.abc import Callable
from gzip import GzipFile
from io import BytesIO
from threading import local

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from zstandard import ZstdCompressor

Handler = Callable[[HttpRequest], HttpResponseBase]

#: The last that takes a quarter of the time of zlib's own choice (6), for a tenth more bytes.
GZIP_LEVEL = 3
#: A third of the time of that, for fewer bytes.
ZSTD_LEVEL = 3
#: A shorter answer goes in one packet as it is.
WORTH_COMPRESSING = 200
#: What is worth compressing: text that is made for one answer. Static files have been compressed once for all.
COMPRESSIBLE = frozenset({"text/html", "text/plain", "application/json", "application/manifest+json"})
_TAKES_GZIP = re.compile(r"\bgzip\b")
_TAKES_ZSTD = re.compile(r"\bzstd\b")
_MOST_PADDING = 100
#: Of a frame that whoever decompresses passes over (RFC 8878 §3.1.2).
_SKIPPED = (0x184D2A50).to_bytes(4, "little")


class CompressionMiddleware:
    """By zstd, which every browser of these years reads over HTTPS, or by gzip."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming or response.status_code != 200 or kind not in COMPRESSIBLE:
            return response
        assert isinstance(response, HttpResponse)
        content = response.content
        if len(content) < WORTH_COMPRESSING or response.has_header("Content-Encoding"):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        accepted = request.META.get("HTTP_ACCEPT_ENCODING", "")
        if _TAKES_ZSTD.search(accepted):
            encoding, packed = "zstd", zstd(content)
        elif _TAKES_GZIP.search(accepted):
            encoding, packed = "gzip", gzipped(content)
        else:
            return response
        if len(packed) >= len(content):
            return response
        etag = response.headers.get("ETag", "")
        if etag.startswith('"'):
            response.headers["ETag"] = f"W/{etag}"  # RFC 9110 §8.8.1: other bytes of the same page
        response.content = packed
        response.headers["Content-Length"] = str(len(packed))
        response.headers["Content-Encoding"] = encoding
        return response


class _OfThread(local):
    """To make a compressor takes as long as a short page; no two threads may use one at once."""

    def __init__(self) -> None:
        self.compressor = ZstdCompressor(ZSTD_LEVEL)


_own = _OfThread()


def zstd(content: bytes) -> bytes:
    """A frame (RFC 8878) and a second one of random length that holds nothing. The second comes last, as a browser that
    stops at the end of the first has all there is."""
    padding = secrets.randbelow(_MOST_PADDING + 1)
    return _own.compressor.compress(content) + _SKIPPED + padding.to_bytes(4, "little") + bytes(padding)


def gzipped(content: bytes) -> bytes:
    """A gzip file (RFC 1952) with a name of random length, as Django makes it, which lets nobody choose the level."""
    packed = BytesIO()
    name = "a" * secrets.randbelow(_MOST_PADDING + 1)
    with GzipFile(name, "wb", GZIP_LEVEL, packed, mtime=0) as file:
        file.write(content)
    return packed.getvalue()
