"""What the mail rooms said, in the reader's language: an English sentence flows in, a translated one flows out.

Workers speak English: to nobody in particular, into tables, for operators too. The catalogue has their sentences
under the context "mail", with named places for what a worker filled in (``translations/sentences.py`` takes them
from the source). Here a sentence is recognised again and said anew; what is not recognised stays as it is.
"""

import re
from datetime import datetime
from functools import lru_cache

from django.utils import formats
from django.utils.translation import get_language, pgettext
from django.utils.translation.trans_real import translation

CONTEXT = "mail"
_PLACE = re.compile(r"\{(\w+)\}")
#: A pattern must have this many letters of its own, or it would fit anything.
_MIN_LETTERS = 8
#: A server's own words may stand in a sentence, and have no end: what is longer stays as it is.
_MOST_LETTERS, _MOST_SENTENCES = 2_000, 20
_DAY = re.compile(r"\d{1,2} [A-Z][a-z]+")
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


def said(text: object) -> str:
    """The sentence, or several after each other, in the language of the moment."""
    english = str(text or "")
    language = get_language() or "en"
    if not english or language.split("-")[0] == "en" or len(english) > _MOST_LETTERS:
        return english
    return _said(english, language)


@lru_cache(maxsize=2048)
def _said(english: str, language: str) -> str:
    whole = _one(english, language)
    if whole is not None:
        return whole
    # Several sentences: the longest known beginning, then the rest in the same way.
    ends = [match.start() for match in _SENTENCE_END.finditer(english)]
    if len(ends) + english.count(": ") > _MOST_SENTENCES:
        return english
    for end in reversed(ends):
        first = _one(english[:end], language)
        if first is not None:
            return f"{first} {_said(english[end + 1 :], language)}"
    if ends:
        return f"{english[: ends[0]]} {_said(english[ends[0] + 1 :], language)}"
    # Of whom something is said: an address, a colon, the sentence.
    whom, colon, what = english.partition(": ")
    return f"{whom}: {_said(what, language)}" if colon else _day(english)


def _day(text: str) -> str:
    """A day as workers write it, "3 December", as the reader's language does; all else as it is."""
    if not _DAY.fullmatch(text):
        return text
    try:
        return formats.date_format(datetime.strptime(f"{text} 2000", "%d %B %Y"), "MONTH_DAY_FORMAT")  # noqa: DTZ007
    except ValueError:
        return text


def _one(english: str, language: str) -> str | None:
    known = pgettext(CONTEXT, english)
    if known != english:
        return known
    for pattern, template in _patterns(language):
        match = pattern.fullmatch(english)
        if match:
            # A value may be a phrase of its own: why a certificate does not hold.
            values = {name: _said(value, language) for name, value in match.groupdict().items()}
            return _fill(pgettext(CONTEXT, template), values)
    return None


def _fill(template: str, values: dict[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), template)


@lru_cache(maxsize=8)
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Sentences with places, the most particular ones first."""
    prefix = f"{CONTEXT}\x04"
    catalogue = translation(language)._catalog  # type: ignore[attr-defined]  # Django has no other way to its keys
    keys = [key for key in catalogue.keys() if isinstance(key, str)]  # noqa: SIM118 - it is no dict
    templates = [key.removeprefix(prefix) for key in keys if key.startswith(prefix) and _PLACE.search(key)]
    letters = {template: len(re.sub(r"\W", "", _PLACE.sub("", template))) for template in templates}
    templates = [template for template in templates if letters[template] >= _MIN_LETTERS]
    return tuple((_pattern(one), one) for one in sorted(templates, key=lambda one: (-letters[one], one)))


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)
    return re.compile(
        "".join(re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+?)" for at, part in enumerate(parts)), re.DOTALL
    )
