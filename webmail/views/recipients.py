"""Whom to write to: what was typed in, people to offer out, as JSON for the recipient fields."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mailsync.message.addresses import parse_address_list
from mailsync.types import Address
from webmail.forms import LINE_LIMIT
from webmail.people import offered_people
from webmail.present.compose import person_facts
from webmail.present.said import said
from webmail.reader import user_of

TYPED_LIMIT = 100


@require_http_methods(["GET", "POST"])
@login_required
def recipients(request: HttpRequest) -> JsonResponse:
    """``q``: people who match, nearest first. By POST, ``parse``: the addresses of a pasted list, and what is wrong."""
    if request.method == "POST":
        pasted = request.POST.get("parse", "")
        if len(pasted) > LINE_LIMIT:
            # Cut, it would leave people out, and make another address of the last one. The field refuses it, too.
            return JsonResponse({"error": _("These are too many addresses for one message.")}, status=413)
        # A column pasted from a table: each line is an address of its own.
        lines = pasted.splitlines()
        parsed = parse_address_list(", ".join(line.strip(" ,;\t") for line in lines if line.strip(" ,;\t")))
        return JsonResponse(
            {"people": [person_facts(one) for one in parsed.addresses], "errors": [said(one) for one in parsed.errors]}
        )
    found = offered_people(user_of(request).pk, request.GET.get("q", "")[:TYPED_LIMIT])
    response = JsonResponse({"people": [person_facts(Address(one.name, one.address)) for one in found], "errors": []})
    response["Cache-Control"] = "private, max-age=30"
    return response
