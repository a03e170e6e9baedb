"""All mail of an account, copied into another: which folder goes where flows out, the wish to do it flows in.

Chosen by its address (``?to=<account>&bins=1``), so that the page works without scripts; a POST begins.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import MailAccount
from mailsync import actions
from webmail import access
from webmail.numbers import read_number
from webmail.present.imports import present_copies
from webmail.present.said import said
from webmail.reader import user_of


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def index(request: HttpRequest, account_id: int) -> HttpResponse:
    user = user_of(request)
    account = access.account_for(user, account_id)
    others = [one for one in user.mail_accounts.all() if one.pk != account.pk]
    chosen = request.POST if request.method == "POST" else request.GET
    with_bins = bool(chosen.get("bins"))
    target = next((one for one in others if one.pk == read_number(chosen.get("to", ""))), None)
    if target is None and len(others) == 1:
        target = others[0]
    if request.method == "POST" and target is not None:
        try:
            actions.copy_whole_account(user.pk, account.pk, target.pk, with_bins=with_bins)
        except actions.CannotDo as error:
            messages.error(request, said(error))
        else:
            messages.success(request, _("Under way. It goes on by itself, also when you leave."))
        return redirect("account_transfer", account.pk)
    goals = actions.plan_whole_copy(user.pk, account.pk, target.pk, with_bins=with_bins) if target else []
    page = {
        "others": others,
        "target": target,
        "with_bins": with_bins,
        "goals": goals,
        "total": sum(one.source.total for one in goals),
        **_listed(account),
    }
    return render(request, "settings/account_transfer.html", page)


@require_safe
@login_required
def listed(request: HttpRequest, account_id: int) -> HttpResponse:
    """What was copied lately; asked for again while something is under way."""
    account = access.account_for(user_of(request), account_id)
    return render(request, "settings/account_transfer_list.html", _listed(account))


def _listed(account: MailAccount) -> dict[str, object]:
    lines = present_copies(actions.whole_copies(account.user_id, account.pk))
    return {"account": account, "lines": lines, "is_busy": any(line.is_busy for line in lines)}
