"""What a reader does about the sender of a message: block them, sweep up their mail; and why a message is here.

In: a message of theirs. Out: pages that ask, and the way back to the inbox with a toast that takes it back.
"""

from typing import Any, Literal, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.providers import provider_for_address
from mailsync import actions
from mailsync.models import Message, Placement
from mailsync.store.contacts import known_addresses
from mailsync.store.forwards import load_addresses
from mailsync.store.listing import load_tree
from mailsync.store.rules import folders_to_try
from mailsync.store.senders import count_from
from mailsync.store.webhooks import load_webhooks
from mailsync.store.whys import load_whys
from mailsync.types import ActionResult, Role
from webmail import access
from webmail.numbers import read_number
from webmail.present.rules import present_whys
from webmail.present.said import said
from webmail.present.tree import present_move_targets
from webmail.reader import user_of
from webmail.scope import folder_title
from webmail.views.folders import arranging_page
from webmail.views.settings.rules import names_of

#: Counted before it is said how many there are; beyond that a page would wait for a figure that nobody needs.
MOST_COUNTED = 10_000


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def block(request: HttpRequest, message_id: int) -> HttpResponse:
    """Block the sender of a message, or their domain; ``sure`` has to be given for a contact."""
    user = user_of(request)
    message = access.message_for(user, message_id)
    sender = message.from_address.strip().lower()
    domain = sender.rpartition("@")[2]
    is_contact = bool(known_addresses(user.pk, [sender]))
    error = ""
    if request.method == "POST":
        pattern = domain if request.POST.get("what") == "domain" else sender
        if is_contact and not request.POST.get("sure"):
            error = _("Confirm that you want to block one of your contacts.")
        else:
            try:
                done = actions.block_sender_of(
                    user.pk, message.pk, _in_inbox(message), pattern, to_bin=bool(request.POST.get("bin"))
                )
            except actions.CannotDo as refused:
                error = said(refused)
            else:
                return _done(request, done)
    context = {"error": error, "message": message, "sender": sender, "domain": domain, "is_contact": is_contact}
    # Where nearly everybody shares a domain, blocking it is seldom meant.
    context["is_everybodys"] = provider_for_address(sender) is not None
    return arranging_page(request, load_tree(user.pk), "mail/block.html", {**context, "title": _("Block sender")})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sweep(request: HttpRequest, message_id: int) -> HttpResponse:
    """Put away what lies in the inboxes from the sender of a message."""
    user = user_of(request)
    message = access.message_for(user, message_id)
    sender = message.from_address.strip().lower()
    tree = load_tree(user.pk)
    error = ""
    if request.method == "POST":
        try:
            return _done(request, _sweep(request, user.pk, sender))
        except actions.CannotDo as refused:
            error = said(refused)
        except actions.NotYours as missing:
            raise Http404 from missing
    count = count_from(folders_to_try(user.pk, inbox_only=True), sender, most=MOST_COUNTED)
    context: dict[str, Any] = {
        "error": error,
        "title": _("Sweep"),
        "sender": sender,
        "message": message,
        "count": min(count, MOST_COUNTED),
        "are_more": count > MOST_COUNTED,
        "targets": present_move_targets(tree),
    }
    return arranging_page(request, tree, "mail/sweep.html", context)


def _sweep(request: HttpRequest, user_id: int, sender: str) -> ActionResult:
    which = request.POST.get("which", "")
    if which not in ("all", "but_latest", "old"):
        raise actions.CannotDo(_("Choose what is to be done."))
    where = request.POST.get("where", "")
    name, folder_id = ("move", read_number(where[1:])) if where.startswith("f") else (where, None)
    if name == "move" and folder_id is None:
        raise Http404
    return actions.sweep(
        user_id,
        sender,
        cast(Literal["all", "but_latest", "old"], which),
        name,
        folder_id=folder_id,
        onward=bool(request.POST.get("onward")),
    )


@require_safe
@login_required
def why(request: HttpRequest, message_id: int) -> HttpResponse:
    """What rules, blocked senders and the reader did to a message, and where it lies."""
    user = user_of(request)
    message = access.message_for(user, message_id)
    tree = load_tree(user.pk)
    names = names_of(tree, load_webhooks(user.pk), load_addresses(user.pk))
    lying = Placement.objects.filter(message=message, shown=True).select_related("folder")
    context = {
        "title": _("Why is this here?"),
        "message": message,
        "where": [folder_title(one.folder) for one in lying],
        "lines": present_whys(load_whys(user.pk, message.pk), names),
    }
    return arranging_page(request, tree, "mail/why.html", context)


def _in_inbox(message: Message) -> list[int]:
    rows = Placement.objects.filter(message=message, shown=True, folder__role=Role.INBOX.value)
    return list(rows.values_list("pk", flat=True))


def _done(request: HttpRequest, result: ActionResult) -> HttpResponse:
    messages.success(request, result.label, extra_tags=f"undo:{result.group}")
    return redirect(reverse("home"))
