"""Parts in Jinja2: what mail says is escaped, what is absent is empty, phrases come in the reader's language."""

import re
from uuid import uuid4

import pytest
from django.template import Context, Template, engines
from django.test import RequestFactory
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, override
from jinja2 import DictLoader
from markupsafe import Markup

from mailsync.types import ActionResult
from webmail.addresses import address_of
from webmail.parts import ENGINE, render_part, spoken


def rendered(source: str, **context: object) -> str:
    text: str = engines[ENGINE].from_string(source).render(context)
    return text


def test_what_mail_says_is_escaped_also_within_a_phrase() -> None:
    hostile = "<img src=x>\"'"
    escaped = "&lt;img src=x&gt;&quot;&#x27;"
    assert rendered("{{ it }}", it=hostile) == escaped
    said = rendered("{% trans name=it %}In {{ name }}:{% endtrans %}", it=hostile)
    assert said == f"In {escaped.replace('&quot;', '&#34;').replace('&#x27;', '&#39;')}:"
    assert escaped in rendered('{{ icon("flag", "s", it) }}', it=hostile)


class _Odd(str):
    def __str__(self) -> str:
        return "<odd>"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a<b", "a&lt;b"),
        (12, "12"),
        (True, "True"),
        (None, "None"),
        (Markup("<b>"), "<b>"),
        (mark_safe("<i>"), "<i>"),
        (_Odd("<plain>"), "&lt;odd&gt;"),
        (["<"], "[&#39;&lt;&#39;]"),
        (gettext_lazy("Archive"), "Archive"),
    ],
)
def test_what_is_written_of_any_kind_of_value_is_safe(value: object, shown: str) -> None:
    assert rendered("{{ it }}", it=value) == shown
    assert rendered("{% set held %}{{ it }}{% endset %}{{ held }}", it=value) == shown
    assert rendered("{% autoescape false %}{{ it }}{% endautoescape %}", it="<") == "<"


def test_what_is_absent_is_empty_however_deep_it_is_asked() -> None:
    assert rendered("{% if it.has.not %}yes{% else %}no{% endif %}{{ nor.this }}", it=None) == "no"


@pytest.mark.parametrize(("language", "said"), [("en", "Archive, In a:"), ("de", "Archivieren, In a:")])
def test_phrases_are_those_of_the_catalogue(language: str, said: str) -> None:
    with override(language):
        assert rendered('{{ _("Archive") }}, {% trans name="a" %}In {{ name }}:{% endtrans %}') == said


SAME = (
    '{{ _("Archive") }}<b title="{{ _("Delete") }}{{ in_brackets(key) }}">{{ icon("archive", "s", _("Archive")) }}</b>',
    '{% trans %}100% of "it" & more{% endtrans %}{% trans name=it %}Back to {{ name }} at 100%{% endtrans %}',
    "{% trans n=2 %}{{ n }} message{% pluralize %}{{ n }} messages{% endtrans %}{{ kbd(nothing, it) }}{{ kbd(none) }}",
    '{% set said = _("Read <more>") %}{{ said }}{{ icon("mail", label=said) }}{{ icon("mail", "", it) }}',
    '{{ url("act") }}{{ url("thread", 7, 8) }}{{ avatar(it, "s") }}{{ pgettext("time format", "H:i") }}',
    '{% macro it_in(text) %}{{ _(text) }}{{ _("Archive") }}{% endmacro %}{{ it_in("Delete") }}{{ it_in(it) }}',
)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("source", SAME)
def test_what_is_settled_when_it_is_compiled_says_the_same(source: str, language: str) -> None:
    context = {"it": "<i>\"'&", "key": "Shift+<", "_": engines[ENGINE].env.globals["_"]}
    with override(language):
        expected = engines[ENGINE].env.from_string(source).render(context)
        assert spoken(language).from_string(source).render(context) == expected


def test_a_phrase_is_a_word_of_its_language_s_template() -> None:
    source = '<p>{{ _("Archive") }}: {{ icon("archive", "", _("Delete")) }}</p>'
    compiled = {language: spoken(language).compile(source, raw=True) for language in ("en", "de")}
    assert "<p>Archive: <svg" in compiled["en"]
    assert "<p>Archivieren: <svg" in compiled["de"]
    assert "aria-label=" in compiled["de"]
    assert "call(" not in compiled["en"] + compiled["de"]


def test_what_is_included_becomes_part_of_it_and_sees_what_stands_around(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "list": '{% set word = "own" %}{% for n in all %}{% with last=loop.last %}{% include "row" %}{% endwith %}'
        '{% endfor %}{{ word }}{{ n }}{% include "end" %}',
        "row": '{% set word = _("Archive") %}{{ word }} {{ n }}{% if not last %}, {% endif %}{% include "end" %}',
        "end": "{{ it }}{{ nothing }}",
    }
    said = {}
    for reloads in (False, True):
        environment = spoken("de").overlay(loader=DictLoader(sources), auto_reload=reloads)
        template = environment.get_template("list")
        said[reloads] = template.render({"all": [1, 2], "it": "<", "_": lambda text: "Archivieren"})
        compiled = environment.compile(sources["list"], "list", raw=True)
        assert ("get_template(" in compiled) == reloads
    assert said[False] == said[True] == "Archivieren 1, &lt;Archivieren 2&lt;own&lt;"


def test_a_part_is_compiled_for_each_language_apart() -> None:
    context = {"groups": (), "next_url": "/f/1/"}
    said = []
    for language in ("en", "de", "en"):
        with override(language):
            said.append(render_part("mail/rows.jinja", context, None))
    assert said[0] == said[2] != said[1]


def test_a_page_in_the_other_language_takes_a_part_in_as_it_is() -> None:
    context = {"groups": (), "next_url": "/f/1/?a=1&b=2"}
    page = Template('<i>{% part "mail/rows.jinja" %}</i>').render(Context(context))
    assert page == f"<i>{render_part('mail/rows.jinja', context, None)}</i>"
    assert 'href="/f/1/?a=1&amp;b=2"' in page


def test_an_address_of_numbers_is_that_of_the_patterns() -> None:
    for name, *numbers in (("thread", 7, 10**12), ("message", 1), ("act",), ("undo",), ("source", 1_000_000_000)):
        assert address_of(name, *numbers) == reverse(name, args=numbers)


def test_each_part_masks_its_token_anew(rf: RequestFactory) -> None:
    context = {"result": ActionResult(uuid4(), 1, "Done"), "verb": "read"}
    request = rf.get("/")
    tokens = [re.findall('csrfmiddlewaretoken" value="([^"]+)"', render_part("mail/toast.jinja", context, request))]
    tokens += [re.findall('csrfmiddlewaretoken" value="([^"]+)"', render_part("mail/toast.jinja", context, request))]
    assert len(tokens[0]) == len(tokens[1]) == 1
    assert tokens[0] != tokens[1]
