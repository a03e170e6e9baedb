"""What scripts say: every phrase they ask for is there, none is there for nothing, and numbers find their form."""

import re
from pathlib import Path

from django.utils.translation import override

from webmail.present.words import script_words

SCRIPTS = "\n".join(path.read_text(encoding="utf-8") for path in Path("static/js").rglob("*.js"))


def test_every_phrase_that_a_script_asks_for_is_there() -> None:
    asked = set(re.findall(r'\b(?:words|counted)\("(\w+)"', SCRIPTS))
    assert asked
    assert asked <= set(script_words())


def test_no_phrase_is_there_for_nothing() -> None:
    assert {name for name in script_words() if f'"{name}"' not in SCRIPTS} == set()


def test_what_goes_with_a_number_has_a_form_for_each_category() -> None:
    assert script_words()["messages"] == {"2": "{n} messages", "1": "{n} message"}
    with override("de"):
        forms = script_words()["messages"]
        assert isinstance(forms, dict)
        assert set(forms) == {"1", "2"}
