"""Archive mode of an account, and what is only here: a form flows in, a question or a redirect out.

What is to be deleted, and what that means, is said in words before a shorter time is saved.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import MailAccount, Protocol
from mailsync import actions
from mailsync.store import keeping as store
from mailsync.store.change_log import is_gmail
from mailsync.store.led_elsewhere import count_only_here
from webmail import access
from webmail.numbers import read_number
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.folders import done_with


@dataclass(frozen=True, slots=True)
class Keeping:
    """Archive mode as the page of its account shows it."""

    chosen: int | None
    may_release: bool
    why_not: str
    only_here: int
    offered: tuple[int, ...] = store.OFFERED_DAYS


def keeping_of(account: MailAccount) -> Keeping | None:
    """None for POP3, which has a choice of its own."""
    if account.protocol != Protocol.IMAP:
        return None
    why_not = _("This server cannot delete single messages safely (it has no UIDPLUS), so this is not offered.")
    if is_gmail(account.pk):
        why_not = _("Gmail's folders are labels on one store of mail, so this is not offered.")
    return Keeping(account.keep_days, store.may_release(account), why_not, count_only_here(account))


@require_POST
@login_required
def keeping(request: HttpRequest, account_id: int) -> HttpResponse:
    account = access.account_for(user_of(request), account_id)
    days = read_number(request.POST.get("days", ""), digits=4)
    is_shorter = days is not None and (account.keep_days is None or days < account.keep_days)
    if days is not None and is_shorter and "sure" not in request.POST:
        context = {"account": account, "days": days, "count": store.ripe(account, days).count()}
        return render(request, "settings/keeping.html", context)
    try:
        actions.set_keeping(account.user_id, account.pk, days)
    except actions.CannotDo as error:
        messages.error(request, said(error))
    else:
        messages.success(request, _("Saved."))
    return redirect(reverse("account_edit", args=[account.pk]) + "#archive-mode")


@require_POST
@login_required
def only_here(request: HttpRequest, account_id: int) -> HttpResponse:
    """``do``: copy what its server has not there, or move it to the bin."""
    account = access.account_for(user_of(request), account_id)
    wanted = {"copy": actions.copy_home, "bin": actions.throw_away_only_here}.get(request.POST.get("do", ""))
    if wanted is None:
        raise Http404
    try:
        result = wanted(account.user_id, account.pk)
    except actions.CannotDo as error:
        messages.error(request, said(error))
        return redirect("account_edit", account.pk)
    return done_with(request, result, redirect("account_edit", account.pk))
