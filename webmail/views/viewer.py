"""A file of a message looked at before it is saved: pictures, PDF, text, sound and films, in a page of ours; and its
source.

In: a message and the section number of its file. Out: a page under the site's own policy; the file's bytes meet the
browser only as ``views/attachments.py`` serves them, and a PDF only as pictures that the guarded child has drawn.
"""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mailsync.message.bodies import attachments as attached_parts
from mailsync.message.bodies import decode_part, decode_text
from mailsync.message.facts import Part
from mailsync.models import Message
from mailsync.store.opening import message_root, part_reader
from mailsync.store.raw import BodyNotFetched, raw_reader, raw_size
from webmail import access
from webmail.files import part_of, preview_kind
from webmail.reader import user_of
from webmail.reading import attached_file
from webmail.render import DrawnPage, RenderFailed, draw_page
from webmail.render.raster import picture_type
from webmail.render.wire import MAX_PAGES
from webmail.views.attachments import POLICY

#: Of a text this much is shown, of a PDF no larger one is drawn: the rest is a click on "save" away.
MAX_TEXT_BYTES = 512 * 1024
#: Of the source; the whole is in the .eml.
MAX_SOURCE_BYTES = 1024 * 1024
MAX_DOCUMENT_BYTES = 60 * 1024 * 1024
_KEPT_SECONDS = 600
_KEPT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page of a document before it is asked for; all are taken to be as large as the first."""

    number: int
    width: int
    height: int


@require_safe
@login_required
def view_file(request: HttpRequest, message_id: int, part: str) -> HttpResponse:
    """404 for what cannot be shown; it can still be saved."""
    message = access.readable_for(user_of(request), message_id)
    found = part_of(message, part)
    kind = preview_kind(found)
    if kind in ("", "message") or message.raw_id is None:
        raise Http404
    root = message_root(message)
    shown = [one for one in attached_parts(root) if preview_kind(one) not in ("", "message")] if root else []
    # A file of an attached message has no neighbours.
    at = next((number for number, one in enumerate(shown) if one.path == part), len(shown))
    context = {
        "message": message,
        "file": attached_file(message, found),
        "kind": kind,
        "before": shown[at - 1].path if 0 < at < len(shown) else "",
        "after": shown[at + 1].path if at + 1 < len(shown) else "",
        **_content(message, found, kind),
    }
    return render(request, "mail/viewer.html", context)


@require_safe
@login_required
def source(request: HttpRequest, message_id: int) -> HttpResponse:
    """The message as it came; of a large one the beginning."""
    message = access.message_for(user_of(request), message_id)
    try:
        read = raw_reader(message)
    except BodyNotFetched as error:
        raise Http404(str(error)) from error
    size = raw_size(message)
    text = read(0, min(size, MAX_SOURCE_BYTES)).decode("utf-8", "replace")
    context = {"message": message, "text": text, "size_bytes": size, "is_cut": size > MAX_SOURCE_BYTES}
    return render(request, "mail/source.html", context)


@require_safe
@login_required
def document_page(request: HttpRequest, message_id: int, part: str, number: int) -> HttpResponse:
    """Page ``number`` (from 1) of a PDF, as a picture."""
    message = access.readable_for(user_of(request), message_id)
    found = part_of(message, part)
    if preview_kind(found) != "pdf" or not 1 <= number <= MAX_PAGES or message.raw_id is None:
        raise Http404
    try:
        drawn = _drawn(message, found, number - 1)
    except RenderFailed as error:
        raise Http404 from error
    return HttpResponse(
        drawn.picture,
        headers={
            "Content-Type": picture_type(drawn.picture[:12]) or "application/octet-stream",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, max-age=3600" if message.inside is None else "no-store",
        },
    )


def _content(message: Message, part: Part, kind: str) -> dict[str, object]:
    if kind == "text":
        text = decode_text(part, part_reader(message), max_bytes=MAX_TEXT_BYTES)
        return {"text": text, "is_cut": part.size_bytes > MAX_TEXT_BYTES}
    if kind != "pdf":
        return {}
    try:
        first = _drawn(message, part, 0)
    except RenderFailed:
        return {"trouble": _("This PDF could not be shown: it is damaged, locked by a password or too large. Save it.")}
    pages = min(first.pages, MAX_PAGES)
    return {
        "pages": [DocumentPage(number, first.width, first.height) for number in range(1, pages + 1)],
        "page_count": first.pages,
        "is_cut": first.pages > MAX_PAGES,
    }


def _drawn(message: Message, part: Part, number: int) -> DrawnPage:
    """From the cache or drawn anew. Raises ``RenderFailed``."""
    key = f"page:{message.raw_id}:{message.created_at.timestamp()}:{part.path}:{number}"
    kept = cache.get(key) if message.inside is None else None
    if kept is not None:
        return DrawnPage.unpack(kept)
    if part.size_bytes > MAX_DOCUMENT_BYTES:
        raise RenderFailed(f"{part.size_bytes} bytes")
    try:
        drawn = draw_page(decode_part(part, part_reader(message)), number)
    except BodyNotFetched as error:
        raise RenderFailed(str(error)) from error
    if len(drawn.picture) <= _KEPT_BYTES and message.inside is None:
        cache.set(key, drawn.pack(), _KEPT_SECONDS)
    return drawn
