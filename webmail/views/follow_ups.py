"""Messages whose writer waits for an answer: a page of them, and being reminded another time or not at all.

In: a user and, for a verb, a message that they sent. Out: the page, or the way back.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from mailsync import actions
from mailsync.models import Message
from mailsync.store.follow_ups import load_follow_ups
from webmail import access
from webmail.numbers import read_number
from webmail.present.follow_ups import present_follow_up
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.compose import next_url
from webmail.views.mailbox import column

#: So many on one page.
_MOST = 200


@require_safe
@login_required
def waiting(request: HttpRequest) -> HttpResponse:
    """What nobody has answered in time, then what may still be answered."""
    user = user_of(request)
    rows = list(load_follow_ups(user.pk)[:_MOST])
    names = [row.outgoing.message_id for row in rows]
    copies = Message.objects.filter(account__user=user, message_id__in=names, placements__shown=True)
    here = dict(copies.values_list("message_id", "pk"))
    cards = [present_follow_up(row, here.get(row.outgoing.message_id, 0)) for row in rows]
    context = {
        "title": _("Waiting for answers"),
        "told": [card for card in cards if card.told],
        "waiting": [card for card in cards if not card.told],
    }
    response = render(request, "compose/waiting.html", {**column(request), **context})
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_POST
@login_required
def remind(request: HttpRequest, outgoing_id: int) -> HttpResponse:
    """``days``: be reminded in so many, unless it is answered; 0: no more."""
    user = user_of(request)
    row = access.outgoing_for(user, outgoing_id)
    days = read_number(request.POST.get("days", ""))
    if days is None:
        raise Http404
    try:
        actions.remind_of(user.pk, row.pk, days)
    except actions.CannotDo as error:
        messages.error(request, said(error))
    else:
        messages.success(request, _said(days))
    return redirect(next_url(request) if request.POST.get("next") else "waiting")


def _said(days: int) -> str:
    if not days:
        return _("You are not reminded of it any more.")
    words = ngettext(
        "You are reminded tomorrow, unless somebody answers.",
        "You are reminded in %(n)d days, unless somebody answers.",
        days,
    )
    return words % {"n": days}
