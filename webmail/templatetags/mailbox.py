"""What the mailbox templates need beyond the common tags: the folder column, contact labels. ``{% load mailbox %}``."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

from webmail.present.tree import Nav
from webmail.views import mailbox

register = template.Library()


@register.simple_tag(takes_context=True)
def folder_column(context: dict[str, Any]) -> Nav | None:
    """The column of the page: the view's own ``nav``, else one made for the signed-in user; None before sign-in."""
    if "nav" in context:
        own: Nav = context["nav"]
        return own
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return None
    made: Nav = mailbox.column(request)["nav"]
    return made


@register.filter
def contact_label(label: str) -> str:
    """What an address or a number is for, in the reader's language; a label of its owner's own as it is."""
    return {
        "home": _("home"),
        "work": _("work"),
        "mobile": _("mobile"),
        "fax": _("fax"),
        "pager": _("pager"),
    }.get(label, label)
