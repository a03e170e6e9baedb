"""Whom to write to: what was typed in, people to offer out, as JSON for the recipient fields."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from mailsync.message.addresses import parse_address_list
from mailsync.types import Address
from webmail.people import offered_people
from webmail.present.compose import person_facts
from webmail.present.said import said
from webmail.reader import user_of

TYPED_LIMIT = 100
#: A pasted list longer than this is a mailing list, not a letter.
PASTED_LIMIT = 20_000


@require_safe
@login_required
def recipients(request: HttpRequest) -> JsonResponse:
    """``q``: people who match, nearest first. ``parse``: the addresses of a pasted list, and what is wrong with it."""
    if "parse" in request.GET:
        # A column pasted from a table: each line is an address of its own.
        lines = request.GET["parse"][:PASTED_LIMIT].splitlines()
        parsed = parse_address_list(", ".join(line.strip(" ,;\t") for line in lines if line.strip(" ,;\t")))
        return JsonResponse(
            {"people": [person_facts(one) for one in parsed.addresses], "errors": [said(one) for one in parsed.errors]}
        )
    found = offered_people(user_of(request).pk, request.GET.get("q", "")[:TYPED_LIMIT])
    response = JsonResponse({"people": [person_facts(Address(one.name, one.address)) for one in found], "errors": []})
    response["Cache-Control"] = "private, max-age=30"
    return response
