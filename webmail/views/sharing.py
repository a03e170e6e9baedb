"""What another app shares with Heron becomes a new letter: its text, its link and its files (Web Share Target).

The browser sends it as a form that carries no token of ours. Where the service worker stands, the form never comes
here: the worker keeps it in the browser and asks for the page below, whose script begins the letter; the letter's own
page takes the files, with its bars, limits and words. Without the worker the letter is made of the form itself.

Any site could send such a form. Who sends it is said by Sec-Fetch-Site, which no page can write: "none" is the browser
for its user, as from the sheet of apps to share with. From elsewhere nothing is begun before the person has said so.
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from mailsync import actions
from mailsync.models import Draft
from mailsync.store import drafts
from webmail.forms import BODY_LIMIT
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.compose import wants_json

#: What goes through an address while somebody signs in; servers refuse a line of more than some kilobytes.
_CARRIED_CHARACTERS = 2000


# Sec-Fetch-Site stands in for the token, which a browser that shares cannot have.
@csrf_exempt
def share(request: HttpRequest) -> HttpResponse:
    """GET: the page that takes what the worker has kept under ``id``; with ``ask`` at a click. POST: the letter is made
    of ``title``, ``text``, ``url`` and ``files``; a script is told its address."""
    if request.method in ("GET", "HEAD"):
        return _offer(request)
    return _take(request) if _is_ours(request) else _page(request, status=403)


def _offer(request: HttpRequest) -> HttpResponse:
    asks, here = "ask" in request.GET, request.get_full_path()
    if not asks and not _is_ours(request):
        # Noted in the address, as after signing in the next request is from a page of ours.
        here = f"{reverse('share')}?{urlencode({'id': request.GET.get('id', ''), 'ask': '1'})}"
    if not request.user.is_authenticated:
        return redirect_to_login(here)
    return _page(request, asks=asks) if here == request.get_full_path() else redirect(here)


@require_POST
def _take(request: HttpRequest) -> HttpResponse:
    files = request.FILES.getlist("files")
    if not request.user.is_authenticated:
        if files:
            messages.warning(request, _("The files could not be kept. Share them once more when you are signed in."))
        return redirect(f"{reverse('compose')}?{urlencode(_carried(request.POST))}")
    try:
        draft = _begin(request)
    except actions.CannotDo as error:
        if wants_json(request):
            return JsonResponse({"error": said(error)}, status=409)
        messages.error(request, said(error))
        return redirect("settings_accounts" if error.field == "identity" else "home")
    for file in files:
        _attach(request, draft, file)
    url = reverse("draft", args=[draft.pk])
    return JsonResponse({"url": url}) if wants_json(request) else redirect(f"{url}?next=/")


def _begin(request: HttpRequest) -> Draft:
    """Saved at once, so that it is a draft like any other and closing it unchanged throws nothing away."""
    user_id, fields = user_of(request).pk, _fields(request.POST)
    identity = drafts.default_identity(user_id, None)
    draft = actions.start_draft(user_id, identity_id=identity.pk if identity is not None else None, text=fields["text"])
    return actions.save_draft(user_id, draft.pk, draft.version, subject=fields["subject"])


def _fields(form: QueryDict) -> dict[str, str]:
    """Subject and text. Android puts a link into the text, others beside it, and some do both."""
    text, link = form.get("text", "").strip(), form.get("url", "").strip()
    text = "\n".join(filter(None, (text, "" if link in text else link)))
    # NUL is no text of PostgreSQL's.
    return {
        "subject": " ".join(form.get("title", "").replace("\0", "").split()),
        "text": text.replace("\0", "")[:BODY_LIMIT],
    }


def _carried(form: QueryDict) -> dict[str, str]:
    fields = _fields(form)
    return {"subject": fields["subject"][:200], "body": fields["text"][:_CARRIED_CHARACTERS]}


def _attach(request: HttpRequest, draft: Draft, file: "UploadedFile[Any]") -> None:
    """What cannot be taken is said, and the rest goes along all the same."""
    kind = file.content_type or "application/octet-stream"
    try:
        actions.attach(user_of(request).pk, draft.pk, file.name or "", kind, file.read())
    except actions.CannotDo as error:
        messages.error(request, said(error))


def _is_ours(request: HttpRequest) -> bool:
    """From the browser itself or a page of ours (Fetch Metadata §2.2). A browser that does not say is not believed."""
    return request.headers.get("Sec-Fetch-Site") in ("none", "same-origin")


def _page(request: HttpRequest, *, asks: bool = False, status: int = 200) -> HttpResponse:
    response = render(request, "compose/share.html", {"asks": asks, "is_refused": status != 200}, status=status)
    patch_cache_control(response, private=True, no_store=True)
    return response
