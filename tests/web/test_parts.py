"""Parts in Jinja2: what mail says is escaped, what is absent is empty, phrases come in the reader's language."""

import re
from uuid import uuid4

import pytest
from django.template import Context, Template, engines
from django.test import RequestFactory
from django.urls import reverse
from django.utils.translation import override

from mailsync.types import ActionResult
from webmail.addresses import address_of
from webmail.parts import ENGINE, render_part


def rendered(source: str, **context: object) -> str:
    text: str = engines[ENGINE].from_string(source).render(context)
    return text


def test_what_mail_says_is_escaped_also_within_a_phrase() -> None:
    hostile = "<img src=x>\"'"
    escaped = "&lt;img src=x&gt;&#34;&#39;"
    assert rendered("{{ it }}", it=hostile) == escaped
    assert rendered("{% trans name=it %}In {{ name }}:{% endtrans %}", it=hostile) == f"In {escaped}:"
    assert escaped in rendered('{{ icon("flag", "s", it) }}', it=hostile).replace("&quot;", "&#34;").replace(
        "&#x27;", "&#39;"
    )


def test_what_is_absent_is_empty_however_deep_it_is_asked() -> None:
    assert rendered("{% if it.has.not %}yes{% else %}no{% endif %}{{ nor.this }}", it=None) == "no"


@pytest.mark.parametrize(("language", "said"), [("en", "Archive, In a:"), ("de", "Archivieren, In a:")])
def test_phrases_are_those_of_the_catalogue(language: str, said: str) -> None:
    with override(language):
        assert rendered('{{ _("Archive") }}, {% trans name="a" %}In {{ name }}:{% endtrans %}') == said


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
