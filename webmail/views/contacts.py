"""A card that came with a message goes into the address book. Only POST.

In: a message and the section number of its card. Out: back to where the reader was, with a word on what was done.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from mailsync import actions
from mailsync.store.raw import BodyNotFetched
from webmail import access
from webmail.files import part_of
from webmail.present.said import said
from webmail.reader import user_of
from webmail.vcards import is_vcard, read_part
from webmail.views.compose import next_url


@require_POST
@login_required
def keep_card(request: HttpRequest, message_id: int, part: str) -> HttpResponse:
    """All people of the file; twice is as once."""
    user = user_of(request)
    message = access.readable_for(user, message_id)
    found = part_of(message, part)
    if not is_vcard(found):
        raise Http404
    try:
        people, new = actions.keep_contacts(user.pk, read_part(message, found).cards)
    except BodyNotFetched as error:
        raise Http404 from error
    except actions.CannotDo as error:
        messages.error(request, said(error))
        return redirect(next_url(request))
    if not people:
        messages.error(request, _("There is nobody in this card."))
    elif new == 1 and len(people) == 1:
        messages.success(request, _("%(name)s is in your contacts.") % {"name": people[0].name})
    elif new:
        messages.success(
            request,
            ngettext("%(n)d person is new in your contacts.", "%(n)d people are new in your contacts.", new)
            % {"n": new},
        )
    else:
        messages.success(request, _("They were in your contacts; what was new about them has been added."))
    return redirect(next_url(request))
