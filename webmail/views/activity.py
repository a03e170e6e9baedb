"""What the user did in the last 30 days, each of it with Undo, and what servers refused of it. Reads only."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from mailsync.store.journal import load_acts
from webmail.numbers import read_number
from webmail.present.activity import present_entries
from webmail.reader import reader_of
from webmail.views.mailbox import column

PAGE_ACTS = 50


@require_safe
@login_required
def activity(request: HttpRequest) -> HttpResponse:
    reader = reader_of(request)
    before = read_number(request.GET.get("before", ""))
    entries = load_acts(reader.user.pk, before=before, limit=PAGE_ACTS + 1)
    page = entries[:PAGE_ACTS]
    context = {
        "days": present_entries(page, reader.now),
        "next_before": page[-1].act.pk if len(entries) > PAGE_ACTS else None,
        "is_first": before is None,
    }
    response = render(request, "mail/activity.html", {**column(request), **context})
    patch_cache_control(response, private=True, no_store=True)
    return response
