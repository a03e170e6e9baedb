"""The shell that stays in the browser: what an installed app is told to be, the service worker, the page it shows
without a connection, and its end.

The worker keeps styles, drawings and that one page, never mail: what is kept is the same for everybody. It lies at the
root, as a worker rules over the paths below its own.
"""

import json
from typing import Any, TypeVar

from allauth.account.views import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from webmail.assets import STYLES, read_module
from webmail.icons import SPRITE

Answer = TypeVar("Answer", bound=HttpResponseBase)

#: What the page without a connection is made of. Their names change with their content, and the worker with them.
_SHELL = (STYLES, "js/page/offline.js", SPRITE, "img/favicon.svg")


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What the installed app is called, opens and takes (W3C Web Application Manifest), in the language of the browser:
    it asks for this without saying who is signed in."""

    def picture(name: str, size: str, kind: str = "image/png", **more: str) -> dict[str, str]:
        return {"src": static(f"img/{name}"), "sizes": size, "type": kind, **more}

    def shortcut(name: str, view: str, drawing: str) -> dict[str, Any]:
        return {"name": name, "url": reverse(view), "icons": [picture(f"shortcut-{drawing}-192.png", "192x192")]}

    told = {
        "name": "Heron",
        "short_name": "Heron",
        "description": _("All of your mailboxes in one place"),
        "lang": get_language(),
        "id": "/",
        "start_url": reverse("home"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#e6edf6",
        "theme_color": "#0b5cc4",
        "categories": ["productivity", "communication"],
        "icons": [
            picture("favicon.svg", "any", "image/svg+xml"),
            picture("icon-192.png", "192x192"),
            picture("icon-512.png", "512x512"),
            picture("icon-maskable-512.png", "512x512", purpose="maskable"),
        ],
        "protocol_handlers": [{"protocol": "mailto", "url": f"{reverse('compose')}?mailto=%s"}],
        "share_target": {
            "action": reverse("share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {
                "title": "title",
                "text": "text",
                "url": "url",
                "files": [{"name": "files", "accept": ["*/*"]}],
            },
        },
        "shortcuts": [
            shortcut(_("New message"), "compose", "write"),
            shortcut(_("Inbox"), "home", "inbox"),
            shortcut(_("Search"), "search", "search"),
        ],
    }
    answer = JsonResponse(told, content_type="application/manifest+json")
    patch_vary_headers(answer, ["Accept-Language"])
    return answer


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; new when one of the kept files is."""
    kept = {"page": reverse("offline"), "share": reverse("share"), "files": [static(name) for name in _SHELL]}
    source = f"const SHELL = {json.dumps(kept)};\n{read_module('worker')}"
    return HttpResponse(source, content_type="text/javascript; charset=utf-8")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown in place of a page that cannot be reached. Nobody's: it is kept in the browser."""
    return render(request, "offline.html")


def sign_out(request: HttpRequest) -> HttpResponseBase:
    """Sign out, and leave nothing of the person in this browser: drafts, waiting changes, the worker, what it kept."""
    answer: HttpResponseBase = logout(request)
    return clear_browser(answer) if request.method == "POST" else answer


def clear_browser(answer: Answer) -> Answer:
    """The answer to somebody who has signed out, with the word to the browser to keep nothing of them.

    W3C Clear Site Data §3.1. Cookies are Django's to end; "cache" would fetch every style and script anew.
    """
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer
