"""The search box while it is typed in: what it offers, and the recent searches it remembers and forgets."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from mailsync import actions
from webmail.access import recent_search_for
from webmail.numbers import read_number
from webmail.reader import user_of
from webmail.suggest import suggestions


@require_safe
@login_required
def suggest(request: HttpRequest) -> HttpResponse:
    """``q`` is what stands in the box, ``at`` the caret: the options of the box's list."""
    text, at = request.GET.get("q", "")[:500], request.GET.get("at", "")
    place = read_number(at, digits=4)
    if place is None:
        place = len(text)
    groups = suggestions(user_of(request), text, place)
    count = sum(len(group.suggestions) for group in groups)
    response = render(request, "mail/search_suggest.html", {"groups": groups, "count": count})
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@login_required
def remember(request: HttpRequest) -> HttpResponse:
    """``q`` was searched for by hand."""
    actions.remember_search(user_of(request).pk, request.POST.get("q", ""))
    return HttpResponse(status=204)


@require_POST
@login_required
def forget(request: HttpRequest, recent_id: int | None = None) -> HttpResponse:
    """One recent search, or all."""
    if recent_id is not None:
        recent_search_for(user_of(request), recent_id)
    actions.forget_recent_searches(user_of(request).pk, recent_id)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204)
    return redirect("search")
