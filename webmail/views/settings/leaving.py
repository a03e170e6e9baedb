"""A person leaves Heron by themselves: what goes is told, who it is is asked again, then nothing is left.

In: a user, and their address typed to confirm. Out: the page that asks, or the door. Screens room.
"""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.leaving import begin_leaving, is_last_administrator
from mailsync import actions
from mailsync.store.export import load_kept
from mailsync.store.keeping import count_only_here
from webmail.reader import user_of
from webmail.views.shell import clear_browser


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth carries no types
def leave(request: HttpRequest) -> HttpResponse:
    """Asks for the address by name before a person and everything of theirs go: at once from sight."""
    user = user_of(request)
    typed, error = request.POST.get("address", ""), ""
    if is_last_administrator(user):
        error = _("You are the only administrator. Make somebody else one first, in the administration.")
    elif request.method == "POST":
        if typed.strip().lower() == user.email.lower():
            for account in user.mail_accounts.all():
                actions.withdraw_permission(account)
            logout(request)
            begin_leaving(user)
            messages.success(request, _("Your account here is closed. Everything in it is being deleted."))
            return clear_browser(redirect("account_login"))
        error = _("This is not the address you sign in with. Nothing was deleted.")
    kept = load_kept(user.pk)
    context = {
        "kept": kept,
        "messages_kept": sum(one.messages for one in kept),
        "only_here": sum(count_only_here(one.account.pk) for one in kept),
        "has_pop3": any(one.account.protocol == "pop3" for one in kept),
        "is_last": is_last_administrator(user),
        "error": error,
        "typed": typed,
    }
    return render(request, "settings/leave.html", context, status=422 if request.method == "POST" else 200)
