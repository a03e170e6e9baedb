"""The outbox: what is on its way, what failed, and what may have been sent; and what is scheduled, in a list of its
own. With what can be done about each.

In: a user and, for a verb, a message on its way. Out: the page, or the draft that was opened again.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from mailsync import actions
from mailsync.models import Outgoing
from webmail import access
from webmail.present.outbox import is_scheduled, open_condition, present_outgoing, scheduled_condition, without_bytes
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.compose import picked_time, scheduled_words, wants_json
from webmail.views.mailbox import column

#: Finished messages shown below those that wait.
RECENT = 20

_VERBS: dict[str, Callable[[int, int, QueryDict], Any]] = {
    "undo": lambda user_id, outgoing_id, _: actions.undo_send(user_id, outgoing_id),
    "reopen": lambda user_id, outgoing_id, _: actions.reopen(user_id, outgoing_id),
    "retry": lambda user_id, outgoing_id, _: actions.retry_send(user_id, outgoing_id),
    "now": lambda user_id, outgoing_id, _: actions.reschedule(user_id, outgoing_id, None),
    "later": lambda user_id, outgoing_id, data: actions.reschedule(user_id, outgoing_id, picked_time(data)),
    "sent": lambda user_id, outgoing_id, _: actions.mark_as_sent(user_id, outgoing_id),
    "dismiss": lambda user_id, outgoing_id, _: actions.dismiss_outgoing(user_id, outgoing_id),
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
    rows = _rows(user_of(request).pk).exclude(scheduled_condition())
    # The draft of a stopped message is open again, so the message itself is nothing to show.
    living = rows.exclude(state=Outgoing.State.CANCELLED)
    waiting = [present_outgoing(row) for row in living.filter(open_condition()).order_by("-id")[:200]]
    recent = [present_outgoing(row) for row in living.exclude(open_condition()).order_by("-id")[:RECENT]]
    stuck = sum(card.needs_its_writer for card in waiting)
    return _listed(request, {"waiting": waiting, "stuck": stuck, "moving": len(waiting) - stuck, "recent": recent})


@require_safe
@login_required
def scheduled(request: HttpRequest) -> HttpResponse:
    """What waits for the moment that its writer chose, the next one first."""
    rows = _rows(user_of(request).pk).filter(scheduled_condition()).order_by("send_at", "id")[:200]
    return _listed(request, {"is_scheduled": True, "waiting": [present_outgoing(row) for row in rows]})


def _listed(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    template = "compose/outbox_list.html" if request.htmx.target == "outbox" else "compose/outbox.html"  # type: ignore[attr-defined]
    response = render(request, template, context if "list" in template else {**column(request), **context})
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_http_methods(["GET", "POST"])
@login_required
def outgoing_act(request: HttpRequest, outgoing_id: int) -> HttpResponse:
    """GET: what became of it, in words. POST: ``do`` is one of ``_VERBS``."""
    user = user_of(request)
    row = access.outgoing_for(user, outgoing_id)
    if request.method == "GET":
        return _told(request, row)
    verb = _VERBS.get(request.POST.get("do", ""))
    if verb is None:
        raise Http404
    try:
        result = verb(user.pk, row.pk, request.POST)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        if wants_json(request):
            return JsonResponse({"error": said(error)}, status=409)
        messages.error(request, said(error))
        return redirect(_page_of(row))
    if request.POST["do"] in {"undo", "reopen"}:
        url = reverse("draft", args=[result.pk])
        return JsonResponse({"draft": url}) if wants_json(request) else redirect(url)
    done = scheduled_words(result.send_at) if request.POST["do"] == "later" else str(_SAID[request.POST["do"]])
    if wants_json(request):
        return JsonResponse({"label": done})
    messages.success(request, done)
    row.refresh_from_db(fields=["state", "send_at"])
    return redirect(_page_of(row))


def _page_of(row: Outgoing) -> str:
    return reverse("scheduled" if is_scheduled(row) else "outbox")


def _told(request: HttpRequest, row: Outgoing) -> HttpResponse:
    if not wants_json(request):
        return redirect(f"{_page_of(row)}#o{row.pk}")
    card = present_outgoing(row)
    return JsonResponse({"title": card.title, "state": card.state, "explanation": card.explanation, "tone": card.tone})


def _rows(user_id: int) -> QuerySet[Outgoing]:
    mine = Outgoing.objects.filter(user_id=user_id, automatic=False)
    return without_bytes(mine.select_related("account", "identity"))
