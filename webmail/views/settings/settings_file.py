"""What a person has arranged, as a file: written from here, read again here or in another Heron.

In: a user, or the file that they chose. Out: the file; or what was taken of it, and what was not and why.
"""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from mailsync import actions
from mailsync.store.settings_file import load_left_out, load_settings
from webmail.present.said import said
from webmail.reader import user_of

_LARGEST_BYTES = 24 * 1024 * 1024


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise actions.CannotDo(_("Choose a file first."))
        if file.size is None or file.size > _LARGEST_BYTES:
            raise actions.CannotDo(_("The file is too large for settings."))
        taken = actions.take_settings(user_of(request).pk, _read(file.read()))
    except actions.CannotDo as error:
        return _page(request, {"error": said(error)}, status=422)
    context = {
        "taken": [words for kind, count in taken.counts.items() if (words := _counted(kind, count))],
        "left_out": [f"{name}: {said(why)}" if name else said(why) for name, why in taken.left_out],
        "file_name": file.name,
    }
    return _page(request, context)


def _page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    context = {"too_large": load_left_out(user_of(request).pk), **(more or {})}
    return render(request, "settings/settings_file.html", context, status=status)


@require_safe
@login_required
def give(request: HttpRequest) -> HttpResponse:
    name = f"heron-settings-{timezone.localdate():%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(settings_text(request), content_type="application/json", headers=headers)


def settings_text(request: HttpRequest) -> bytes:
    return json.dumps(load_settings(user_of(request)), ensure_ascii=False, indent=1).encode() + b"\n"


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:  # what is no JSON, or no UTF-8, is a ValueError
        raise actions.CannotDo(_("This is no file of settings that this Heron reads.")) from error


def _counted(kind: str, n: int) -> str:
    """Said of what was new; how often it was not there yet."""
    words = {
        "labels": ngettext("%(n)d label", "%(n)d labels", n),
        "templates": ngettext("%(n)d template", "%(n)d templates", n),
        "rules": ngettext("%(n)d rule", "%(n)d rules", n),
        "blocked": ngettext("%(n)d blocked sender", "%(n)d blocked senders", n),
        "automatic_replies": ngettext("%(n)d automatic reply", "%(n)d automatic replies", n),
        "searches": ngettext("%(n)d saved search", "%(n)d saved searches", n),
        "accounts": ngettext("%(n)d mail account’s name and colour", "%(n)d mail accounts’ names and colours", n),
        "identities": ngettext("%(n)d identity with its signature", "%(n)d identities with their signatures", n),
        "trusted": ngettext("%(n)d trusted sender of pictures", "%(n)d trusted senders of pictures", n),
    }
    return words[kind] % {"n": n} if n and kind in words else ""
