"""A message asks for a read receipt: its reader says yes or no. Only POST.

In: a message and the choice. Out: back to where the reader was, with a word on what was done.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mailsync import actions
from webmail import access
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.compose import next_url


@require_POST
@login_required
def receipt(request: HttpRequest, message_id: int) -> HttpResponse:
    """``do`` is ``send`` or ``ignore``."""
    user = user_of(request)
    message = access.message_for(user, message_id)
    choice = request.POST.get("do")
    if choice not in ("send", "ignore"):
        raise Http404
    try:
        actions.answer_receipt(user.pk, message.pk, send=choice == "send")
    except actions.CannotDo as error:
        messages.error(request, said(error))
    else:
        messages.success(request, _("The receipt is on its way.") if choice == "send" else _("No receipt is sent."))
    return redirect(next_url(request))
