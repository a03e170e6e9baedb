"""The outbox: what is on its way, what failed, and what may have been sent; with what can be done about each.

In: a user and, for a verb, a message on its way. Out: the page, or the draft that was opened again.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from mailsync import actions
from mailsync.models import Outgoing
from webmail import access
from webmail.present.outbox import present_outgoing
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.compose import wants_json
from webmail.views.mailbox import column

#: Finished messages shown below those that wait.
RECENT = 20

_VERBS: dict[str, Callable[[int, int], Any]] = {
    "undo": actions.undo_send,
    "reopen": actions.reopen,
    "retry": actions.retry_send,
    "now": lambda user_id, outgoing_id: actions.reschedule(user_id, outgoing_id, None),
    "sent": actions.mark_as_sent,
    "dismiss": actions.dismiss_outgoing,
}
_SAID = {
    "retry": gettext_lazy("It is being sent again."),
    "now": gettext_lazy("It leaves now."),
    "sent": gettext_lazy("Filed under Sent. It will not be sent again."),
    "dismiss": gettext_lazy("Removed from the outbox."),
}


@require_safe
@login_required
def outbox(request: HttpRequest) -> HttpResponse:
    """Waiting, uncertain and failed messages first, then the last few that were sent."""
    rows = _rows(user_of(request).pk)
    open_states = Q(finished_at__isnull=True) | Q(state__in=[Outgoing.State.FAILED, Outgoing.State.UNCERTAIN])
    # The draft of a stopped message is open again, so the message itself is nothing to show.
    living = rows.exclude(state=Outgoing.State.CANCELLED)
    waiting = [present_outgoing(row) for row in living.filter(open_states).order_by("-id")[:200]]
    recent = [present_outgoing(row) for row in living.exclude(open_states).order_by("-id")[:RECENT]]
    template = "compose/outbox_list.html" if request.htmx.target == "outbox" else "compose/outbox.html"  # type: ignore[attr-defined]
    context = {"waiting": waiting, "recent": recent}
    response = render(request, template, context if "list" in template else {**column(request), **context})
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_http_methods(["GET", "POST"])
@login_required
def outgoing_act(request: HttpRequest, outgoing_id: int) -> HttpResponse:
    """GET: what became of it, in words. POST: ``do`` is one of undo, reopen, retry, now, sent, dismiss."""
    user = user_of(request)
    row = access.outgoing_for(user, outgoing_id)
    if request.method == "GET":
        return _told(request, row)
    verb = _VERBS.get(request.POST.get("do", ""))
    if verb is None:
        raise Http404
    try:
        result = verb(user.pk, row.pk)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        if wants_json(request):
            return JsonResponse({"error": said(error)}, status=409)
        messages.error(request, said(error))
        return redirect("outbox")
    if request.POST["do"] in {"undo", "reopen"}:
        url = reverse("draft", args=[result.pk])
        return JsonResponse({"draft": url}) if wants_json(request) else redirect(url)
    done = str(_SAID[request.POST["do"]])
    if wants_json(request):
        return JsonResponse({"label": done})
    messages.success(request, done)
    return redirect("outbox")


def _told(request: HttpRequest, row: Outgoing) -> HttpResponse:
    if not wants_json(request):
        return redirect(f"{reverse('outbox')}#o{row.pk}")
    card = present_outgoing(row)
    return JsonResponse({"title": card.title, "state": card.state, "explanation": card.explanation, "tone": card.tone})


def _rows(user_id: int) -> QuerySet[Outgoing]:
    rows = Outgoing.objects.filter(user_id=user_id).select_related("account", "identity")
    return rows.defer("raw", "raw_sent_copy", "draft_snapshot").prefetch_related("recipients", "events")
