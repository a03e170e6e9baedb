"""The catalogues: in step with the source, whole, with the same places in each form, and compiled.

``make words`` mends all but the missing translations, which it names.
"""

import re
from functools import lru_cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from django.conf import settings

from translations import catalogue
from translations.code import read_code
from translations.sentences import read_sentences
from translations.templates import part_phrases

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
_PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


@lru_cache(maxsize=1)
def source() -> Catalog:
    return catalogue.template_of(catalogue.source_phrases())


def keys(found: Catalog) -> set[tuple[str | None, object]]:
    return {(message.context, message.id) for message in found if message.id}


def forms(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, (list, tuple)) else [message.string]


def ids(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (list, tuple)) else (message.id,)


def test_german_is_shipped() -> None:
    assert "de" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_is_in_step_with_the_source(language: str) -> None:
    known, said = keys(catalogue.load(language)), keys(source())
    assert said - known == set(), "run `make words` and translate"
    assert known - said == set(), "run `make words`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_translated(language: str) -> None:
    assert catalogue.untranslated(catalogue.load(language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_places_of_their_phrase(language: str) -> None:
    """A singular may leave its number out; nothing may name a place that is not there."""
    for message in catalogue.load(language):
        if not message.id:
            continue
        wanted = set(_PLACE.findall(ids(message)[-1]))
        for form in forms(message):
            assert set(_PLACE.findall(form)) <= wanted, message.id
        assert set(_PLACE.findall(forms(message)[-1])) == wanted, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_in_step(language: str) -> None:
    path = catalogue.po_path(language)
    with path.with_suffix(".mo").open("rb") as file:
        compiled = {(m.context, ids(m)): forms(m) for m in read_mo(file) if m.id}
    assert compiled == {(m.context, ids(m)): forms(m) for m in catalogue.load(language) if m.id}


def test_gettext_calls_are_found_with_plural_and_context() -> None:
    code = '_("one")\nngettext("%d cat", "%d cats", n)\npgettext("folder", "Archive")\n_(variable)\nother("no")\n'
    assert [(said.text, said.plural, said.context) for said in read_code(code, "x.py")] == [
        ("one", "", ""),
        ("%d cat", "%d cats", ""),
        ("Archive", "", "folder"),
    ]


def test_phrases_of_parts_are_found_with_plural_and_context() -> None:
    part = (
        '<b title="{{ _("One") }}">{{ pgettext("folder", "Archive") }}</b>{{ other("no") }}'
        "{% trans trimmed count=n %}{{ count }} cat\n{% pluralize %}{{ count }} cats{% endtrans %}"
    )
    assert [(said.text, said.plural, said.context) for said in part_phrases(part, "x.jinja")] == [
        ("One", "", ""),
        ("Archive", "", "folder"),
        ("%(count)s cat", "%(count)s cats", ""),
    ]


def test_sentences_are_found_and_nothing_else() -> None:
    code = (
        '"""A docstring. With a stop."""\n'
        "def f(settings, error):\n"
        '    logger.warning("Account %s: it failed.", 1)\n'
        '    raise NeedsUser(f"{settings.host} did not answer: {error.line}.", code="x", detail="Not said. No.")\n'
        '    raise TypeError("A programmer reads this one.")\n'
        '    return _("Django says this one."), "SELECT a FROM b", "two words"\n'
    )
    assert [said.text for said in read_sentences(code, "x.py")] == ["{host} did not answer: {line}."]


# Words of templates that are names, or the same in every language.
_NAMES = {"Heron", "IMAP", "POP3", "vCard", "CSV", "manage.py makeadmin"}
# What page.html calls itself, for style sheets.
_NAMES |= {"read", "list"}
_TAGS = re.compile(
    r"{%\s*blocktrans.*?{%\s*endblocktrans\w*\s*%}|{%\s*comment.*?endcomment\s*%}"
    r"|{%-?\s*trans\b.*?{%\s*endtrans\s*-?%}"
    r"|{%\s*block \w+\s*%}[\w ]*{%\s*endblock\s*%}|{%.*?%}|{{.*?}}|{#.*?#}",
    re.DOTALL,
)
_SAID = re.compile(r'\b(?:title|aria-label|placeholder|alt|aria-description|aria-roledescription)="([^"]*)"')


@pytest.mark.parametrize("path", sorted(Path("templates").rglob("*.*")), ids=str)
def test_templates_say_nothing_untranslated(path: Path) -> None:
    bare = _TAGS.sub("\0", path.read_text(encoding="utf-8"))
    said = _SAID.findall(bare)
    text = re.sub(r"<script.*?</script>|<[^>]*>|&\w+;", "\0", bare, flags=re.DOTALL)
    loose = [piece.strip(" –\n") for piece in (*said, *text.split("\0"))]
    assert [piece for piece in loose if re.search(r"[A-Za-z]{2,}", piece) and piece not in _NAMES] == []
