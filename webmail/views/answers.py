"""What a message asks of its reader and a click answers: an invitation, and leaving a mailing list. Only POST.

In: a message and the choice. Out: back to where the reader was, with a word on what was done.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mailsync import actions
from mailsync.message.itip import CHOICES
from mailsync.store.raw import BodyNotFetched
from mailsync.store.unsubscriptions import load_unsubscription
from webmail import access
from webmail.present.lists import ways_left, ways_out
from webmail.present.said import said
from webmail.reader import user_of
from webmail.reading import verdict_on
from webmail.views.compose import next_url


@require_POST
@login_required
def answer(request: HttpRequest, message_id: int) -> HttpResponse:
    """``choice`` is ``ACCEPTED``, ``TENTATIVE`` or ``DECLINED``."""
    user = user_of(request)
    message = access.message_for(user, message_id)
    choice = next((one for one in CHOICES if one == request.POST.get("choice")), None)
    if choice is None:
        raise Http404
    try:
        actions.answer_invitation(user.pk, message.pk, choice)
    except BodyNotFetched as error:
        raise Http404 from error
    except actions.CannotDo as error:
        messages.error(request, said(error))
    else:
        messages.success(request, _("Your answer is on its way to the organizer."))
    return redirect(next_url(request))


@require_POST
@login_required
def leave_list(request: HttpRequest, message_id: int) -> HttpResponse:
    """By whatever the list offers that needs no page of its own: one request of our server, else a letter."""
    user = user_of(request)
    message = access.message_for(user, message_id)
    ways = ways_out(message, verdict_on(message))
    if ways is not None:
        ways = ways_left(ways, load_unsubscription(user.pk, ways.list_key))
    if ways is None or not (ways.one_click_url or ways.mail):
        raise Http404
    try:
        if ways.one_click_url:
            actions.leave_by_post(user.pk, message.pk, ways.list_key, ways.one_click_url)
        elif ways.mail:
            mail = ways.mail
            actions.leave_by_mail(user.pk, message.pk, ways.list_key, mail.address, mail.subject, mail.body)
    except actions.CannotDo as error:
        messages.error(request, said(error))
    else:
        messages.success(request, _("The list is being told to remove you."))
    return redirect(next_url(request))
