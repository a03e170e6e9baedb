"""The mailing lists that write to all of a reader's accounts: in goes a user, out comes a page to leave them from."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailsync.store.subscriptions import RECENT, load_subscriptions
from webmail.present.subscriptions import present_subscriptions
from webmail.reader import user_of
from webmail.reading import verdict_on

#: The rest write least.
MOST_SHOWN = 200


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    found = load_subscriptions(user.pk, limit=MOST_SHOWN + 1)
    context = {
        "lines": present_subscriptions(user.pk, found[:MOST_SHOWN], verdict_on),
        "has_more": len(found) > MOST_SHOWN,
        "most": MOST_SHOWN,
        "days": RECENT.days,
        "several": user.mail_accounts.count() > 1,
    }
    return render(request, "settings/subscriptions.html", context)
