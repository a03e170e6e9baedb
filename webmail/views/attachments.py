"""Files of a message: one, some of it (a range), all as a zip; pictures it refers to; its source. Screens room.

Every response here may hold a stranger's bytes, so each carries a policy under which nothing runs and
nothing loads, and no bytes are held beyond the piece being sent.
"""

import re
from collections.abc import Iterator
from email.utils import format_datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from mailsync.message.bodies import attachments as attached_parts
from mailsync.message.bodies import stream_part
from mailsync.message.transfer import Read
from mailsync.models import Message
from mailsync.store.opening import message_root, part_reader
from mailsync.store.raw import BodyNotFetched, raw_reader, raw_size
from webmail import access
from webmail.files import begin, file_name, file_range, file_size, how_served, part_of
from webmail.reader import user_of
from webmail.streaming import stream
from webmail.zips import zip_pieces

POLICY = "default-src 'none'; sandbox"
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=3600",
}
#: What was encrypted lies in no browser's cache either.
NOT_KEPT = {"Cache-Control": "no-store"}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")
_PIECE_BYTES = 256 * 1024


@require_safe
@login_required
def attachment(request: HttpRequest, message_id: int, part: str, name: str) -> HttpResponseBase:
    """A file to save; with ``?inline`` shown by the browser, if it is a raster picture or plain text.

    ``name`` is what the browser calls it in the address bar; the name to save by is the part's own.
    """
    message = access.readable_for(user_of(request), message_id)
    found = part_of(message, part)
    read = _reader(message)
    beginning, pieces = begin(found, read)
    served = how_served(found, beginning)
    inline = served.inline and "inline" in request.GET
    size = file_size(message, found, read)
    headers = {
        **_headers_of(message),
        "Content-Type": served.content_type,
        "Content-Disposition": str(content_disposition_header(not inline, file_name(found))),
        "Accept-Ranges": "bytes",
    }
    wanted = wanted_range(request, size)
    if wanted is None:
        return stream(request, pieces, headers={**headers, "Content-Length": str(size)})
    start, end = wanted
    if start >= end:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    return stream(
        request,
        file_range(message, found, read, start, end),
        status=206,
        headers={**headers, "Content-Length": str(end - start), "Content-Range": f"bytes {start}-{end - 1}/{size}"},
    )


def wanted_range(request: HttpRequest, size: int) -> tuple[int, int] | None:
    """The one range asked for (RFC 9110 §14.2), as half-open offsets; None to send all. Several ranges: all."""
    match = _RANGE.match(request.headers.get("Range", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last n bytes
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


@require_safe
@login_required
def attachments_zip(request: HttpRequest, message_id: int) -> HttpResponseBase:
    """All files of the message in one archive, made while it is sent."""
    message = access.readable_for(user_of(request), message_id)
    read = _reader(message)
    root = message_root(message)
    parts = attached_parts(root) if root else ()
    if not parts:
        raise Http404
    files = ((file_name(part), stream_part(part, read)) for part in parts)
    name = f"{_subject_name(message)}.zip"
    return stream(
        request,
        zip_pieces(files, message.received_at),
        headers={
            **_headers_of(message),
            "Content-Type": "application/zip",
            "Content-Disposition": str(content_disposition_header(True, name)),
        },
    )


@require_safe
@login_required
def cid(request: HttpRequest, message_id: int, part: str) -> HttpResponseBase:
    """A picture inside the message that its HTML shows; only what begins as a raster picture."""
    message = access.readable_for(user_of(request), message_id)
    beginning, pieces = begin(part_of(message, part), _reader(message))
    served = how_served(part_of(message, part), beginning)
    if not served.content_type.startswith("image/") or not served.inline:
        raise Http404
    headers = {**_HEADERS, "Content-Type": served.content_type, "Cache-Control": "private, max-age=86400, immutable"}
    if message.inside is not None:
        headers |= NOT_KEPT
    return stream(request, pieces, headers=headers)


@require_safe
@login_required
def eml(request: HttpRequest, message_id: int) -> HttpResponseBase:
    """The message's bytes exactly as the server gave them, to save."""
    message = access.message_for(user_of(request), message_id)
    try:
        read, size = raw_reader(message), raw_size(message)
    except BodyNotFetched as error:
        raise Http404(str(error)) from error
    return stream(
        request,
        _slices(read, size),
        headers={
            **_HEADERS,
            "Content-Type": "message/rfc822",
            "Content-Length": str(size),
            "Content-Disposition": str(content_disposition_header(True, f"{_subject_name(message)}.eml")),
            "Last-Modified": format_datetime(message.received_at, usegmt=False),
        },
    )


def _reader(message: Message) -> Read:
    try:
        return part_reader(message)
    except BodyNotFetched as error:
        raise Http404(str(error)) from error


def _headers_of(message: Message) -> dict[str, str]:
    return {**_HEADERS, **(NOT_KEPT if message.inside is not None else {})}


def _slices(read: Read, size: int) -> Iterator[bytes]:
    for start in range(0, size, _PIECE_BYTES):
        yield read(start, min(size, start + _PIECE_BYTES))


def _subject_name(message: Message) -> str:
    """The subject as a file name."""
    return re.sub(r"[^\w .,()-]+", "_", message.subject)[:80].strip(" ._") or "message"
