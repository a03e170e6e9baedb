"""Parts of pages that are made often or have much that repeats: templates in Jinja2, ``templates/**/*.jinja``.

A name and a context flow in, safe HTML flows out. Django's own language walks a tree of nodes for every row of a list;
Jinja2 compiles a template to Python once. Both escape, both see the same functions, and a page in Django's language
takes a part in with ``{% part "mail/rows.jinja" %}``.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, cast

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.template.backends.utils import csrf_input
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import is_aware, localtime
from jinja2 import ChainableUndefined, Environment
from markupsafe import Markup, escape

from mailsync.plan.search_marks import Marked
from webmail.addresses import address_of
from webmail.present.people import contact_label
from webmail.settled import SettledEnvironment
from webmail.templatetags import heron

#: What it is given flows in, safe HTML flows out.
Macro = Callable[..., Markup]

#: The name of the engine in the settings.
ENGINE = "jinja2"


def render_part(name: str, context: Mapping[Any, Any], request: HttpRequest | None) -> str:
    shared: dict[str, Any] = {"_": _phrases_in(translation.get_language())}
    if request is not None:
        # Masked once for all forms of the part: Django's own masks it for each.
        shared |= {"request": request, "csrf_input": SimpleLazyObject(lambda: csrf_input(request))}
    return spoken(translation.get_language()).get_template(name).render({**context, **shared})


@cache
def spoken(language: str | None) -> Environment:
    """Where templates are found that are compiled for this language; None is for none at all."""
    made = cast(SettledEnvironment, cast(Jinja2, engines[ENGINE]).env)
    return made.spoken_in(language) if language else made


def macro_of(name: str, macro: str) -> Macro:
    """A macro of a part, for who draws many of a kind: made once in each language, and anew where templates may change
    (``HERON_DEBUG``). Beside the environment it sees its own part and nothing else."""
    made = _macro_in if not cast(Jinja2, engines[ENGINE]).env.auto_reload else _macro_in.__wrapped__
    return made(name, macro, translation.get_language())


@cache
def _macro_in(name: str, macro: str, language: str | None) -> Macro:
    template = spoken(language).get_template(name)
    return cast(Macro, getattr(template.make_module({"_": _phrases_in(language)}), macro))


def environment(**options: Any) -> Environment:
    """Jinja2 as the settings ask for it."""
    # What is absent is empty, however deep it is asked, as in Django's templates.
    made = SettledEnvironment(
        loader=options.get("loader"),
        auto_reload=options.get("auto_reload", False),
        undefined=ChainableUndefined,
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext, translation.ngettext, pgettext=translation.pgettext, npgettext=translation.npgettext
    )
    functions = {name: getattr(heron, name) for name in ("avatar", "icon", "in_brackets", "kbd")} | {"url": _url}
    made.constant = {"_": _phrase, "gettext": translation.gettext, "icon": heron.icon, "pgettext": translation.pgettext}
    made.constant |= {"url": _url}
    made.direct = frozenset(functions)
    made.globals |= {**functions, "_": _phrase}
    clock = ("heron_ago", "heron_day", "heron_time", "heron_time_full")
    told = (*clock, "avatar", "filesize", "initials", "said")
    made.filters |= {**functions, **{name: getattr(heron, name) for name in told}}
    made.filters |= {"contact_label": contact_label, "date": _date, "heron_times": heron.times}
    made.filters |= {"intcomma": intcomma, "marked": _marked}
    # A filter is called at once, what a context holds by way of it: rows have hundreds.
    made.filters["isoformat"] = datetime.isoformat
    return made


@cache
def _phrases_in(_language: str | None) -> Callable[[str], Markup]:
    """Phrases of ours in the language that is active, each looked up once; a reading pane has a hundred."""
    return cache(_phrase)


def _phrase(text: str) -> Markup:
    """As safe as the template that it stands in."""
    return Markup(translation.gettext(text))  # noqa: S704


def _url(name: str, *args: object) -> str:
    if all(type(one) is int for one in args):
        return address_of(name, *cast(tuple[int, ...], args))
    return reverse(name, args=args)


def _marked(line: Marked) -> Markup:
    """A line with what was found in it marked; a narrow list shortens what stands before."""
    tail = "".join(f"<mark>{escape(one.text)}</mark>" if one.hit else escape(one.text) for one in line.tail)
    head = f'<span class="ahead">{escape(line.lead)}</span><mark>{escape(line.hit)}</mark>'
    return Markup(f'{head}<span class="rest">{tail}</span>')  # noqa: S704


def _date(moment: date | datetime, pattern: str) -> str:
    """A moment in the reader's time zone, and a day as it is: it is the same in all of them."""
    if isinstance(moment, datetime) and is_aware(moment):
        moment = localtime(moment)
    return date_format(moment, pattern)
