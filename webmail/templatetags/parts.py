"""``{% part "mail/rows.jinja" %}``, in every template without loading: a part in Jinja2 within a page of Django's."""

from django import template
from django.template.context import RequestContext
from django.utils.safestring import SafeString, mark_safe

from webmail.parts import render_part

register = template.Library()


@register.simple_tag(takes_context=True)
def part(context: RequestContext, name: str) -> SafeString:
    """The part with all that the page knows; it has escaped what it was given."""
    return mark_safe(render_part(name, context.flatten(), context.get("request")))  # noqa: S308
