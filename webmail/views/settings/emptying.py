"""When Trash and Junk empty themselves: a form flows in, a question or a redirect out.

What cannot come back is said in words, with how much there is of it, before a shorter time is saved.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from mailsync import actions
from mailsync.models import Emptying
from mailsync.store import emptying as store
from mailsync.types import Role
from webmail.numbers import read_number
from webmail.present.said import said
from webmail.reader import user_of

FIELDS = {"trash_days": Role.TRASH, "junk_days": Role.JUNK}
NAMES: dict[Role, Promise] = {Role.TRASH: gettext_lazy("Bin"), Role.JUNK: gettext_lazy("Junk")}


@dataclass(frozen=True, slots=True)
class Wish:
    """One folder's field as the page shows it."""

    field: str
    name: Promise
    chosen: int | None
    offered: tuple[int, ...] = store.OFFERED_DAYS


@dataclass(frozen=True, slots=True)
class Doomed:
    """What goes with the next run, should the wish be saved."""

    name: Promise
    days: int
    count: int


def wishes_of(stored: Emptying) -> list[Wish]:
    return [Wish(field, NAMES[role], getattr(stored, field)) for field, role in FIELDS.items()]


@require_POST
@login_required
def emptying(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    sent = {field: request.POST.get(field, "") for field in FIELDS}
    wished = {field: read_number(text, digits=3) for field, text in sent.items()}
    stored = store.load_emptying(user.pk)
    shorter = {
        role: days
        for field, role in FIELDS.items()
        if (days := wished[field]) is not None and days < (getattr(stored, field) or 10_000)
    }
    if shorter and "sure" not in request.POST:
        doomed = [
            Doomed(NAMES[role], days, store.overstayed(user.pk, role, days).count()) for role, days in shorter.items()
        ]
        return render(request, "settings/emptying.html", {"doomed": doomed, "sent": sent})
    try:
        actions.set_emptying(user.pk, **wished)
    except actions.CannotDo as error:
        messages.error(request, said(error))
    else:
        messages.success(request, _("Saved."))
    return redirect("settings_storage")
