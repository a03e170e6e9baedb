"""How an account stands, folder by folder, and what its user can do about it. In: an id. Out: the page or its part.

One address: read, it shows what ``mailsync.store.truth`` found; posted to, it asks the workers to fetch,
to verify or to try again, and shows the same page. The part is drawn anew when an ``account`` hint arrives.
"""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import MailAccount
from mailsync import actions
from mailsync.store.truth import load_truth
from webmail import access
from webmail.events import made_at
from webmail.numbers import read_number
from webmail.present.said import said
from webmail.reader import user_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def sync(request: HttpRequest, account_id: int) -> HttpResponse:
    account = access.account_for(user_of(request), account_id)
    if request.method == "POST":
        return _act(request, account)
    template = "settings/account_sync_part.html" if request.htmx else "settings/account_sync.html"  # type: ignore[attr-defined]
    made = made_at(timezone.now())
    return render(request, template, {"account": account, "truth": load_truth(account), "made": made})


def _act(request: HttpRequest, account: MailAccount) -> HttpResponse:
    """One of the page's verbs, named by the button ``do``."""
    name = request.POST.get("do", "sync")
    verb = _VERBS.get(name)
    if verb is None:
        raise Http404
    try:
        messages.success(request, verb(request, account))
    except actions.CannotDo as error:
        messages.error(request, said(error))
    if "do" not in request.POST:
        # "Sync now" on the list of accounts.
        return redirect("settings_accounts")
    return redirect("account_sync", account.pk)


def _sync(request: HttpRequest, account: MailAccount) -> str:
    actions.sync_now(account.user_id, account.pk)
    return _("Fetching from %(account)s now.") % {"account": account}


def _verify(request: HttpRequest, account: MailAccount) -> str:
    actions.verify_now(account.user_id, account.pk)
    return _("Every folder of %(account)s is compared with the server now.") % {"account": account}


def _retry(request: HttpRequest, account: MailAccount) -> str:
    folder_id = read_number(request.POST.get("folder", ""))
    if folder_id is None:
        raise Http404
    folder = access.folder_for(user_of(request), folder_id)
    actions.retry_folder(account.user_id, folder.pk)
    return _("%(folder)s is tried again now.") % {"folder": folder.name}


def _changes(request: HttpRequest, account: MailAccount) -> str:
    actions.retry_changes(account.user_id, account.pk)
    return _("What waits is carried to the server now.")


_VERBS: dict[str, Callable[[HttpRequest, MailAccount], str]] = {
    "sync": _sync,
    "verify": _verify,
    "retry": _retry,
    "changes": _changes,
}
