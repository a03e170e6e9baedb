"""Whom to write to: what was typed in, people to offer out, as JSON for the recipient fields."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from mailsync.message.addresses import parse_address_list
from mailsync.store.contact_groups import members
from mailsync.types import Address
from webmail.forms import LINE_LIMIT
from webmail.people import offered_groups, offered_people
from webmail.present.compose import person_facts
from webmail.present.said import said
from webmail.reader import user_of

TYPED_LIMIT = 100


@require_http_methods(["GET", "POST"])
@login_required
def recipients(request: HttpRequest) -> JsonResponse:
    """``q``: people and groups who match, nearest first; ``group``: the people of one. By POST, ``parse``: the
    addresses of a pasted list, and what is wrong."""
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
    user = user_of(request)
    if "group" in request.GET:
        return JsonResponse({"people": [person_facts(one) for one in members(user.pk, request.GET["group"])]})
    typed = request.GET.get("q", "")[:TYPED_LIMIT]
    people = [person_facts(Address(one.name, one.address)) for one in offered_people(user.pk, typed)]
    groups = [
        {
            **person_facts(Address(one.name, "")),
            "group": one.name,
            "told": ngettext("%(n)d person", "%(n)d people", one.count) % {"n": one.count},
        }
        for one in offered_groups(user.pk, typed)
    ]
    response = JsonResponse({"people": [*groups, *people], "errors": []})
    response["Cache-Control"] = "private, max-age=30"
    return response
