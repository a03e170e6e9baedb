"""The emoji that a message can be given: what was looked for in, buttons for the composer's menu out."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webmail.present.emoji import emoji_groups, find_emoji


@require_safe
@login_required
def emoji(request: HttpRequest) -> HttpResponse:
    """``q``: words of a name. Without them a choice in groups."""
    words = request.GET.get("q", "").strip()[:60]
    context = {"found": find_emoji(words)} if words else {"groups": emoji_groups()}
    response = render(request, "compose/emoji.html", {"words": words, **context})
    response["Cache-Control"] = "private, max-age=3600"
    return response
