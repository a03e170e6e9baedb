"""What the page needs beyond the common tags: the folder column. ``{% load mailbox %}``."""

from typing import Any

from django import template

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
