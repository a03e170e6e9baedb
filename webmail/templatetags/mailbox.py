"""What the page needs beyond the common tags: the folder column. ``{% load mailbox %}``."""

from collections.abc import Sequence
from typing import Any

from django import template
from markupsafe import Markup

from webmail.parts import macro_of
from webmail.present.tree import MoveTarget, Nav, NavItem
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


@register.simple_tag
def folder_items(items: Sequence[NavItem]) -> Markup:
    """The lines of one list of the column."""
    draw = macro_of("mail/column.jinja", "entry")
    return Markup("").join(map(draw, items))


@register.simple_tag
def move_choices(folders: Sequence[MoveTarget], form: str) -> Markup:
    """A button for each folder of an account that mail can be moved to, by that form."""
    draw = macro_of("mail/column.jinja", "target")
    return Markup("").join(draw(folder, form) for folder in folders)
