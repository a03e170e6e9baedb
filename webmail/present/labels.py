"""Keywords (RFC 9051 §2.3.2) as the labels a reader sees: named, coloured, the machinery left out. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from webmail.templatetags.heron import hue_of

#: Thunderbird's five tags travel under these names and have names of their own on the screen.
_THUNDERBIRD = {
    "$label1": ("Important", 15),
    "$label2": ("Work", 45),
    "$label3": ("Personal", 150),
    "$label4": ("To do", 260),
    "$label5": ("Later", 290),
}
# Seen in practice: clients keep their own book in keywords; none of it is a label.
_MACHINERY = frozenset(
    {"junk", "nonjunk", "notjunk", "forwarded", "redirected", "mdnsent", "old", "recent", "unwanted"}
)


@dataclass(frozen=True, slots=True)
class Chip:
    """A small coloured word in a row: a label, a folder, an account. ``hue`` is one of ``heron.HUES``, in degrees."""

    text: str
    hue: int


def chip(text: str) -> Chip:
    return Chip(text, hue_of(text))


def labels(keywords: Iterable[str]) -> tuple[Chip, ...]:
    """The labels among these keywords, in the order given.

    >>> [label.text for label in labels(["$label1", "$Forwarded", "Travel"])]
    ['Important', 'Travel']
    """
    found = []
    for keyword in keywords:
        known = _THUNDERBIRD.get(keyword.lower())
        if known:
            found.append(Chip(*known))
        elif not keyword.startswith(("$", "\\")) and keyword.lower() not in _MACHINERY:
            found.append(chip(keyword.replace("_", " ")))
    return tuple(found)


def is_forwarded(keywords: Iterable[str]) -> bool:
    """``$Forwarded`` (RFC 5788), or the same word as older clients write it."""
    return any(keyword.lower() in {"$forwarded", "forwarded"} for keyword in keywords)
