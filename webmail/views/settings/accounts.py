"""The mail accounts of a person: what each is, how it is, and every verb that changes it.

In go ids and forms, out come pages; the verbs are those of ``mailsync.actions``. A pause, a resume, a
"sync now" and a removal are forms of their own and work without scripts.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import security_log
from accounts.models import MailAccount, SecurityEvent
from mailsync import actions
from mailsync.models import Folder
from mailsync.store import keeping, pop
from mailsync.store.tree import load_tree
from webmail import access
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.certificates import heed
from webmail.views.settings.connect import steps_of
from webmail.views.settings.edit_form import AccountForm, EditServersForm
from webmail.views.settings.keeping import keeping_of


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """All accounts with their health, counts and last sync. Three queries, however many accounts."""
    user = user_of(request)
    totals = dict(
        Folder.objects.filter(account__user=user, missing_since__isnull=True)
        .values_list("account_id")
        .annotate(Sum("total"))
    )
    cards = [{"entry": entry, "total": totals.get(entry.account.pk, 0)} for entry in load_tree(user.pk)]
    return render(request, "settings/accounts.html", {"cards": cards})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def edit(request: HttpRequest, account_id: int) -> HttpResponse:
    """One account: its name and colour here; servers, identities and removal on the same page."""
    account = access.account_for(user_of(request), account_id)
    form = AccountForm(request.POST or None, instance=account)
    if request.method == "POST" and form.is_valid():
        actions.update_account(account.user_id, account.pk, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("account_edit", account.pk)
    return _page(request, account, form=form)


@require_POST
@never_cache
@sensitive_post_parameters("password", "smtp_password")
@login_required
def servers(request: HttpRequest, account_id: int) -> HttpResponse:
    """New servers or a new password, proved before they replace the old ones."""
    account = access.account_for(user_of(request), account_id)
    form = EditServersForm(account, request.POST)
    if not form.is_valid():
        return _page(request, account, servers_form=form)
    heed(request)
    report = actions.check_login(form.incoming(), form.outgoing())
    if not report.ok:
        return _page(request, account, servers_form=form, steps=steps_of(form, report))
    try:
        actions.update_account(
            account.user_id,
            account.pk,
            incoming=form.incoming(),
            outgoing=form.outgoing() or form.relay() or "none",
            **form.options(),
        )
    except actions.CannotDo as error:
        form.add_error(None, said(error))
        return _page(request, account, servers_form=form)
    security_log.record(SecurityEvent.Kind.MAILBOX_SECRET, account.user, request, detail=account.address)
    both = _("Both logins work. Fetching goes on.")
    messages.success(request, both if form.outgoing() else _("The login works. Fetching goes on."))
    return redirect("settings_accounts")


def _page(request: HttpRequest, account: MailAccount, **context: object) -> HttpResponse:
    failed = request.method == "POST"
    page = {
        "account": account,
        "form": AccountForm(instance=account),
        "servers_form": EditServersForm(account),
        "identities": account.identities.all(),
        "keeping": keeping_of(account),
        **context,
    }
    return render(request, "settings/account_edit.html", page, status=422 if failed else 200)


@require_POST
@login_required
def pause(request: HttpRequest, account_id: int) -> HttpResponse:
    account = access.account_for(user_of(request), account_id)
    actions.pause_account(account.user_id, account.pk)
    messages.success(request, _("%(account)s is paused.") % {"account": account})
    return redirect("settings_accounts")


@require_POST
@login_required
def resume(request: HttpRequest, account_id: int) -> HttpResponse:
    account = access.account_for(user_of(request), account_id)
    actions.resume_account(account.user_id, account.pk)
    messages.success(request, _("Fetching from %(account)s again.") % {"account": account})
    return redirect("settings_accounts")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def remove(request: HttpRequest, account_id: int) -> HttpResponse:
    """Asks for the address by name before an account and its mail here are forgotten."""
    account = access.account_for(user_of(request), account_id)
    error = ""
    if request.method == "POST":
        if request.POST.get("address", "").strip().lower() == account.address.lower():
            withdrawn = actions.withdraw_permission(account)
            actions.delete_account(account.user_id, account.pk)
            security_log.record(SecurityEvent.Kind.MAILBOX_REMOVED, user_of(request), request, detail=account.address)
            messages.success(request, _("%(address)s is disconnected.") % {"address": account.address})
            if withdrawn:
                words = _("The permission could not be given back (%(why)s). Remove Heron in your account there.")
                messages.warning(request, words % {"why": withdrawn})
            return redirect("settings_accounts")
        error = _("This is not the address of the account. Nothing was removed.")
    context = {
        "account": account,
        "error": error,
        "typed": request.POST.get("address", ""),
        "only_here": (pop if account.protocol == "pop3" else keeping).count_only_here(account.pk),
    }
    return render(request, "settings/account_remove.html", context, status=422 if error else 200)
