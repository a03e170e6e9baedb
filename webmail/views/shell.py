"""The shell that stays in the browser: the service worker, the page it shows without a connection, and its end.

The worker keeps styles, drawings and that one page, never mail: what is kept is the same for everybody. It lies at the
root, as a worker rules over the paths below its own.
"""

import json
from typing import TypeVar

from allauth.account.views import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from webmail.assets import STYLES, read_module
from webmail.icons import SPRITE

Answer = TypeVar("Answer", bound=HttpResponseBase)

#: What the page without a connection is made of. Their names change with their content, and the worker with them.
_SHELL = (STYLES, "js/page/offline.js", SPRITE, "img/favicon.svg")


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; new when one of the kept files is."""
    kept = {"page": reverse("offline"), "files": [static(name) for name in _SHELL]}
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
