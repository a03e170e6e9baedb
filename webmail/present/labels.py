"""Keywords (RFC 9051 §2.3.2) as the labels a reader sees: named, coloured, the machinery left out. Pure."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from webmail.templatetags.heron import hue_of

#: Thunderbird's five tags travel under these names and have names of their own on the screen.
_THUNDERBIRD: dict[str, tuple[Promise | str, int]] = {
    "$label1": (_("Important"), 15),
    "$label2": (_("Work"), 45),
    "$label3": (_("Personal"), 150),
    "$label4": (_("To do"), 260),
    "$label5": (_("Later"), 290),
}
# Seen in practice: clients keep their own book in keywords; none of it is a label.
_MACHINERY = frozenset(
    {"junk", "nonjunk", "notjunk", "forwarded", "redirected", "mdnsent", "old", "recent", "unwanted"}
)


#: The colours a label can have: hues of ``heron.HUES`` under the names that people give them.
COLOURS: tuple[tuple[int, Promise | str], ...] = (
    (15, _("Red")),
    (45, _("Orange")),
    (75, _("Amber")),
    (115, _("Olive")),
    (150, _("Green")),
    (175, _("Teal")),
    (205, _("Turquoise")),
    (235, _("Sky blue")),
    (260, _("Blue")),
    (290, _("Violet")),
    (325, _("Magenta")),
    (350, _("Pink")),
)
#: Where nobody's own colours are known.
NO_HUES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Chip:
    """A small coloured word in a row: a label, a folder, an account. ``hue`` is one of ``heron.HUES``, in degrees."""

    text: str
    hue: int


def chip(text: str) -> Chip:
    return Chip(text, hue_of(text))


def is_label(keyword: str) -> bool:
    """Whether a keyword is one that people give, not the book-keeping of a program."""
    name = keyword.lower()
    return name in _THUNDERBIRD or not (name.startswith(("$", "\\")) or name in _MACHINERY)


def label_of(keyword: str, hues: Mapping[str, int] = NO_HUES) -> Chip:
    """A keyword under the name and in the colour that its reader knows; ``hues`` has those that the reader chose.

    >>> label_of("$label1").text, label_of("Gr&APwA3w-e_aus_Bremen").text
    ('Important', 'Grüße aus Bremen')
    """
    known = _THUNDERBIRD.get(keyword.lower())
    plain = Chip(str(known[0]), known[1]) if known else chip(_CODED.sub(_decode, keyword.replace("_", " ")))
    return Chip(plain.text, hues.get(keyword.lower(), plain.hue))


def keyword_of(name: str) -> str:
    """The keyword for a label that somebody typed: its own for one of Thunderbird's names, else an atom
    (RFC 9051 §9) whose letters beyond ASCII are in modified UTF-7, as Thunderbird writes them.

    >>> keyword_of("to do"), keyword_of(" Grüße aus  Bremen "), keyword_of("R&D (old)")
    ('$label4', 'Gr&APwA3w-e_aus_Bremen', 'R&-D_-old-')
    """
    words = " ".join(name.split())
    for keyword, (known, _hue) in _THUNDERBIRD.items():
        if words.casefold() in _names_of(known):
            return keyword
    return _BEYOND_ASCII.sub(_encode, _NOT_ATOM.sub("-", words).replace("&", "&-").replace(" ", "_"))


def _names_of(known: Promise | str) -> set[str]:
    """What Thunderbird's label is called here, and in English, which is understood everywhere."""
    with override("en"):
        english = str(known).casefold()
    return {english, str(known).casefold()}


def labels(keywords: Iterable[str], hues: Mapping[str, int] = NO_HUES) -> tuple[Chip, ...]:
    """The labels among these keywords, in the order given.

    >>> [label.text for label in labels(["$label1", "$Forwarded", "Travel"])]
    ['Important', 'Travel']
    """
    return tuple(label_of(keyword, hues) for keyword in keywords if is_label(keyword))


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """A label in the menu that gives and takes labels."""

    keyword: str
    text: str
    hue: int


def label_choices(used: Mapping[str, int | None]) -> tuple[LabelChoice, ...]:
    """What the menu offers: the five that mail programs share, then those in use, by name. Their colours stand beside
    the keywords, None for what the name gives.
    """
    hues = {keyword.lower(): hue for keyword, hue in used.items() if hue is not None}
    own = {keyword: label_of(keyword, hues) for keyword in used if is_label(keyword)}
    shared = {keyword: label_of(keyword, hues) for keyword in _THUNDERBIRD}
    rest = sorted((one for one in own.items() if one[0].lower() not in shared), key=lambda one: one[1].text.casefold())
    return tuple(LabelChoice(keyword, chip.text, chip.hue) for keyword, chip in (*shared.items(), *rest))


#: What an atom cannot hold: specials of the grammar and control characters.
_NOT_ATOM = re.compile(r'[(){%*"\\\]\x00-\x1f\x7f]')
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_CODED = re.compile(r"&([A-Za-z0-9+,]*)-")


def _encode(run: re.Match[str]) -> str:
    coded = base64.b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
    return f"&{coded}-"


def _decode(coded: re.Match[str]) -> str:
    if not coded[1]:
        return "&"
    try:
        return base64.b64decode(coded[1].replace(",", "/") + "=" * (-len(coded[1]) % 4)).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return coded[0]


def is_forwarded(keywords: Iterable[str]) -> bool:
    """``$Forwarded`` (RFC 5788), or the same word as older clients write it."""
    return any(keyword.lower() in {"$forwarded", "forwarded"} for keyword in keywords)
