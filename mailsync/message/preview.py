"""The first words of a message for the list of messages. Pure."""

import re

MAX_CHARS = 200
_FIRST_LOOK_CHARS, _SCAN_CHARS = 1000, 4000
_URL = re.compile(r"[<(\[]?\b(?:https?://|www\.|mailto:)[^\s<>\])]*[>)\]]?", re.I)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufffc]+"
)
# Rules of dashes, stars and the like; table frames; image placeholders.
_NOISE = re.compile(r"[-=_*~#|+•·.]{3,}|\[(?:image|cid|bild|inline)[^\]]{0,100}\]", re.I)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LINK_LEFTOVERS = re.compile(r"[<(\[]\s*[>)\]]")


def make_preview(own_text: str, text: str = "") -> str:
    """About 200 characters of the sender's own words on one line; of the whole text where there are none.

    >>> make_preview("Hi Ann,\\n\\nsee https://example.org/a?b=c\\n-----\\nBob")
    'Hi Ann, see Bob'
    """
    return _shorten(own_text) or _shorten(text)


def _shorten(text: str) -> str:
    words = _words(text[:_FIRST_LOOK_CHARS])
    if len(words) <= 2 * MAX_CHARS and len(text) > _FIRST_LOOK_CHARS:
        # What the first look cut in two may stand in the last hundred characters, so it must give plenty.
        words = _words(text[:_SCAN_CHARS])
    if len(words) <= MAX_CHARS:
        return words
    cut = words.rfind(" ", MAX_CHARS - 40, MAX_CHARS)
    return words[: cut if cut > 0 else MAX_CHARS - 1] + "…"


def _words(text: str) -> str:
    head = _INVISIBLE.sub("", _CONTROLS.sub(" ", text))
    return " ".join(_LINK_LEFTOVERS.sub(" ", _NOISE.sub(" ", _URL.sub(" ", head))).split())
