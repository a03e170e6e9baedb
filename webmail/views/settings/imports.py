"""Mail from files: in go a folder and a file, whole or piece by piece, out come pages that tell how far it is.

A browser with scripts sends pieces, so that a large file survives a lost connection; without them the form itself
brings a file that fits one request.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.base import File
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from mailsync import actions
from mailsync.models import Upload
from mailsync.store import uploads
from mailsync.store.listing import load_tree
from mailsync.store.mail_imports import imports_of
from webmail import access
from webmail.numbers import read_number
from webmail.present.imports import present_imports
from webmail.present.said import said
from webmail.present.tree import present_move_targets
from webmail.reader import user_of


@dataclass(frozen=True, slots=True)
class _Into:
    account_id: int
    folder_id: int | None


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The form, and what was imported lately; a POST brings whole files."""
    user = user_of(request)
    if request.method == "POST":
        into = _into(user, request.POST.get("into", ""))
        files = request.FILES.getlist("file")
        if not files:
            messages.error(request, _("Choose a file first."))
        for file in files:
            try:
                _take(user, into, file)
            except actions.CannotDo as error:
                messages.error(request, said(error))
        return redirect("settings_import")
    return render(
        request, "settings/import.html", {"targets": present_move_targets(load_tree(user.pk)), **_listed(user)}
    )


@require_safe
@login_required
def listed(request: HttpRequest) -> HttpResponse:
    """What was imported lately; asked for again while something is under way."""
    return render(request, "settings/import_list.html", _listed(user_of(request)))


@require_POST
@login_required
def begin(request: HttpRequest) -> HttpResponse:
    """Announce a file (``into``, ``name``, ``size``, ``fingerprint``): what cannot be taken is told now."""
    user = user_of(request)
    size = read_number(request.POST.get("size", ""), digits=15)
    if size is None:
        raise Http404
    try:
        upload = _announce(
            user,
            _into(user, request.POST.get("into", "")),
            name=request.POST.get("name", ""),
            size_bytes=size,
            fingerprint=request.POST.get("fingerprint", ""),
        )
    except actions.CannotDo as error:
        return JsonResponse({"error": said(error)}, status=422)
    url = reverse("import_piece", args=[upload.pk])
    return JsonResponse({"url": url, "received": upload.received_bytes, "piece": uploads.PIECE_BYTES})


@require_POST
@login_required
def piece(request: HttpRequest, upload_id: int) -> HttpResponse:
    """The bytes from ``at`` on; the last of them begin the import, and the answer then brings the list."""
    user = user_of(request)
    at = read_number(request.GET.get("at", ""), digits=15)
    if at is None:
        raise Http404
    try:
        progress = actions.add_import_piece(user.pk, upload_id, at, request.body)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        actions.cancel_import_upload(user.pk, upload_id)
        return JsonResponse({"error": said(error)}, status=422)
    answer: dict[str, object] = {"received": progress.upload.received_bytes}
    if progress.act is not None:
        answer["html"] = render(request, "settings/import_list.html", _listed(user)).content.decode()
    return JsonResponse(answer)


@require_POST
@login_required
def cancel(request: HttpRequest, upload_id: int) -> HttpResponse:
    """The rest of a file is not coming."""
    try:
        actions.cancel_import_upload(user_of(request).pk, upload_id)
    except actions.NotYours as error:
        raise Http404 from error
    return HttpResponse(status=204)


def _listed(user: User) -> dict[str, object]:
    lines = present_imports(imports_of(user.pk))
    return {"lines": lines, "is_busy": any(line.is_busy for line in lines)}


def _into(user: User, text: str) -> _Into:
    """``a<account>``: a new folder of it; else the id of a folder."""
    number = read_number(text.removeprefix("a"))
    if number is None:
        raise Http404
    if text.startswith("a"):
        return _Into(access.account_for(user, number).pk, None)
    folder = access.folder_for(user, number)
    return _Into(folder.account_id, folder.pk)


def _announce(user: User, into: _Into, *, name: str, size_bytes: int, fingerprint: str) -> Upload:
    return actions.begin_import(
        user.pk, into.account_id, into.folder_id, name=name, size_bytes=size_bytes, fingerprint=fingerprint
    )


def _take(user: User, into: _Into, file: File[bytes]) -> None:
    """A file that came with the form."""
    name, size = file.name or "", file.size or 0
    upload = _announce(user, into, name=name, size_bytes=size, fingerprint=f"form {name} {size}")
    try:
        for start in range(upload.received_bytes, size, uploads.PIECE_BYTES):
            file.seek(start)
            actions.add_import_piece(user.pk, upload.pk, start, file.read(uploads.PIECE_BYTES))
    except actions.CannotDo:
        actions.cancel_import_upload(user.pk, upload.pk)
        raise
