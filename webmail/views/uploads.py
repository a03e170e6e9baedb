"""Big files on their way in pieces, and the links by which too big ones are had. Screens room.

In: a file announced, then its pieces. Out: how far it is, then the tile of the attachment or the words of the link.
A link opens without sign-in: its token is signed, it expires, and who made it can stop it.
"""

from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mailsync import actions
from mailsync.models import Draft, Upload
from mailsync.store import uploads
from webmail import access
from webmail.numbers import read_number
from webmail.present.compose import present_file
from webmail.present.files import file_tile
from webmail.present.said import said
from webmail.reader import user_of
from webmail.streaming import stream
from webmail.views.attachments import POLICY, wanted_range

Response = TypeVar("Response", bound=HttpResponseBase)

_SALT = "heron.shared-file"


@require_POST
@login_required
def begin(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Announce a file: what cannot go is told now. ``link`` asks for a link instead of an attachment."""
    found = access.draft_for(user_of(request), draft_id)
    announced = request.POST
    size = read_number(announced.get("size", ""), digits=15)
    if size is None:
        raise Http404
    try:
        upload = actions.begin_upload(
            user_of(request).pk,
            found.pk,
            name=announced.get("name", ""),
            content_type=announced.get("type", ""),
            size_bytes=size,
            fingerprint=announced.get("fingerprint", ""),
            as_link=announced.get("link") == "1",
        )
    except actions.CannotDo as error:
        return _refused(error)
    url = reverse("draft_upload_piece", args=[found.pk, upload.pk])
    return JsonResponse({"url": url, "received": upload.received_bytes, "piece": uploads.PIECE_BYTES})


@require_POST
@login_required
def piece(request: HttpRequest, draft_id: int, upload_id: int) -> HttpResponse:
    """The bytes from ``at`` on. The answer says how far the file is, whatever came of them."""
    found = access.draft_for(user_of(request), draft_id)
    at = read_number(request.GET.get("at", ""), digits=15)
    if at is None:
        raise Http404
    try:
        progress = actions.add_piece(user_of(request).pk, found.pk, upload_id, at, request.body)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        return _refused(error)
    answer: dict[str, Any] = {"received": progress.upload.received_bytes}
    if progress.attachment is not None:
        file = present_file(found, progress.attachment)
        answer["html"] = render_to_string("compose/file.html", {"file": file, "draft": found}, request)
    elif progress.upload.expires_at is not None:
        answer["link"] = _link_words(request, found, progress.upload)
    return JsonResponse(answer)


@require_POST
@login_required
def cancel(request: HttpRequest, draft_id: int, upload_id: int) -> HttpResponse:
    found = access.draft_for(user_of(request), draft_id)
    try:
        actions.cancel_upload(user_of(request).pk, found.pk, upload_id)
    except actions.NotYours as error:
        raise Http404 from error
    return HttpResponse(status=204)


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What a link leads to: a page that says what the file is and until when it can be had."""
    upload = _shared(token)
    if upload is None:
        return render(request, "compose/shared.html", {"upload": None}, status=404)
    context = {
        "upload": upload,
        "tile": file_tile(upload.name, "", upload.content_type, upload.size_bytes),
        "token": token,
        "is_mine": request.user.pk == upload.user_id,
    }
    return _unlisted(render(request, "compose/shared.html", context))


@require_safe
def shared_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file, or a range of it so that a broken download goes on; to be saved, never shown."""
    upload = _shared(token)
    if upload is None:
        raise Http404
    size = upload.size_bytes
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": str(content_disposition_header(True, upload.name)),
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
    }
    start, end = wanted_range(request, size) or (0, size)
    if start >= end:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    partial = (start, end) != (0, size)
    headers["Content-Length"] = str(end - start)
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return _unlisted(stream(request, uploads.read(upload, start, end), headers, status=206 if partial else 200))


@require_POST
@login_required
def shared_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Who made the link takes it back."""
    upload = _shared(token)
    if upload is None or upload.user_id != user_of(request).pk:
        raise Http404
    actions.stop_sharing(user_of(request).pk, upload.pk)
    messages.success(request, _("“%(name)s” cannot be had by its link any more.") % {"name": upload.name})
    return redirect("home")


def link_of(request: HttpRequest, upload: Upload) -> str:
    token = signing.dumps(upload.pk, salt=_SALT)
    return request.build_absolute_uri(reverse("shared", args=[token]))


def _shared(token: str) -> Upload | None:
    """The token names the file and is ours; until when it leads anywhere stands in the row, as it can be stopped."""
    try:
        upload_id = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return uploads.find_shared(int(upload_id))


def _link_words(request: HttpRequest, found: Draft, upload: Upload) -> dict[str, str]:
    """The line that goes into the letter, as HTML and as text."""
    context = {"name": upload.name, "size": upload.size_bytes, "until": upload.expires_at}
    url = link_of(request, upload)
    html = render_to_string("compose/link.html", {**context, "url": url, "draft": found}, request)
    text = render_to_string("compose/link.txt", {**context, "url": url, "draft": found}, request)
    return {"html": html.strip(), "text": text.strip()}


def _refused(error: actions.CannotDo) -> JsonResponse:
    by_link = isinstance(error, actions.TooLarge) and error.by_link
    return JsonResponse({"error": said(error), "field": error.field, "link": by_link}, status=413)


def _unlisted(response: Response) -> Response:
    """For whoever holds the address, and nobody who was told it by a browser or a search engine."""
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response
