"""A language that nobody speaks: each phrase of the site accented, a third longer and written from right to left.

It shows what a translator would find: a phrase that is not wrapped stays plain, one that is put together of pieces
falls apart, one whose place is too narrow sticks out, and what points left where it should point right is seen.
"""

import re
from pathlib import Path

from babel.messages.catalog import Catalog

from translations import catalogue

#: Django knows that this one runs from right to left; its catalogue is ours, numbers and dates are Django's.
LANGUAGE = "ar"

_ACCENTED = str.maketrans(
    "AEINOUYaceginouyzCGSTZ",
    "ÅÉÎÑÖÛÝåçéĝîñöûýžÇĜŠŦŽ",
)
#: What stays as it is: places to be filled in, marks of HTML, characters by name.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>|&\w+;)")
#: UAX #9 §3.3.4: the text up to PDF runs from right to left, whatever its letters are.
_OVERRIDE, _POP = "\u202e", "\u202c"
#: Formats of dates and times are no sentences.
_FORMATS = ("time format", "date format")


def pseudo(phrase: str) -> str:
    """The phrase in that language.

    >>> pseudo("Save %(n)s files").replace(_OVERRIDE, "<").replace(_POP, ">")
    '<Šåvé ~>%(n)s< fîlés~~>'
    """
    pieces = _KEPT.split(phrase)
    return "".join(piece if at % 2 else _stretched(piece) for at, piece in enumerate(pieces))


def _stretched(text: str) -> str:
    if not any(letter.isalpha() for letter in text):
        return text
    more = "~" * max(1, len(text) // 3)
    longer = text.translate(_ACCENTED) + re.sub("(.{8})(?=.)", r"\1 ", more)
    return f"{_OVERRIDE}{longer}{_POP}"


def pseudo_catalogue(source: Catalog) -> Catalog:
    """Every phrase of the source in that language, in all six plural forms of Arabic."""
    spoken = Catalog(locale=LANGUAGE, domain="django", fuzzy=False)
    for message in source:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
        said = [one if message.context in _FORMATS else pseudo(one) for one in ids]
        forms = (said[0], *[said[-1]] * (spoken.num_plurals - 1)) if len(ids) > 1 else said[0]
        spoken.add(message.id, forms, context=message.context)
    return spoken


def write_catalogue(folder: Path) -> None:
    """Puts the language into a folder that ``LOCALE_PATHS`` may name. Django must be set up."""
    place = folder / LANGUAGE / "LC_MESSAGES"
    place.mkdir(parents=True)
    source = catalogue.template_of(catalogue.source_phrases())
    (place / "django.mo").write_bytes(catalogue.mo_bytes(pseudo_catalogue(source)))
