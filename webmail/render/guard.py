"""A linear scan of the source before any parser sees it. Pure: text in, the same text or ``TooHard`` out.

HTML parsers have quadratic corners: deep nesting, huge attribute lists, runs of options, runs of
entities. This scan is a cheap way out of the worst of them; the wall is the child process with its
clock (``isolate.py``).
"""

import re
import sys

MAX_CHARACTERS = 1_500_000
#: Below this size no known input is slow, so nothing is counted.
SMALL = 20_000
MAX_OPEN_TAGS = 3_000
MAX_ENTITIES = 40_000
MAX_ATTRIBUTES_IN_A_TAG = 1_000
MAX_OPTIONS = 500

# NUL and the other controls, lone surrogates (no UTF-8 can hold them), and the noncharacters that
# mark slots inside the cleaner (see body.py).
UNWANTED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef]")
_NUMERIC_REFERENCE = re.compile(r"&#(?:[xX]([0-9A-Fa-f]+)|([0-9]+))")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_NOT_NESTING = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "param", "source", "wbr"}
    | {"p", "li", "dt", "dd", "option", "tr", "td", "th", "tbody", "thead", "tfoot", "o", "v", "font"}
)
_PICTURE_DATA = re.compile(r";base64,[A-Za-z0-9+/=\s]{1000,}+")
_SELECTS = re.compile(r"</?(?:select|option|optgroup)\b[^<>]*>?", re.IGNORECASE)
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{20000,}")


class TooHard(ValueError):
    """The source is too large or too twisted to be shown as HTML; its text is shown instead."""


def guard(source: str) -> str:
    """The source without the characters no message needs. Raises ``TooHard`` past a limit. Linear time."""
    source = UNWANTED.sub("", source)
    if len(source) > MAX_CHARACTERS and markup_size(source) > MAX_CHARACTERS:
        raise TooHard(f"{len(source)} characters")
    if len(source) < SMALL:
        return source
    if _deepest(source) > MAX_OPEN_TAGS:
        raise TooHard("nesting")
    if source.count("&") > MAX_ENTITIES:
        raise TooHard("entities")
    if source.count("=") > MAX_ATTRIBUTES_IN_A_TAG:
        for tag in _LONG_TAG.finditer(source):
            if tag.group().count("=") > MAX_ATTRIBUTES_IN_A_TAG:
                raise TooHard("attributes")
    if source.count("<option") + source.count("<OPTION") > MAX_OPTIONS:
        source = _SELECTS.sub("", source)
    return source


def markup_size(source: str) -> int:
    """The characters that are read as markup: pictures that lie in the source cost a parser next to nothing."""
    return len(source) - sum(len(picture.group()) for picture in _PICTURE_DATA.finditer(source))


def spells_unwanted(source: str) -> bool:
    """Whether a numeric character reference of ``source`` may stand for one of ``UNWANTED`` (no named one does)."""
    for hexadecimal, decimal in set(_NUMERIC_REFERENCE.findall(source)):
        digits = (hexadecimal or decimal).lstrip("0")
        if len(digits) > 7:  # not a character, whatever a parser makes of it
            return True
        code = int(digits or "0", 16 if hexadecimal else 10)
        if code > sys.maxunicode or UNWANTED.match(chr(code)):
            return True
    return False


def _deepest(source: str) -> int:
    """How many elements are open at once, counting as if every end tag closed the last one opened."""
    depth = deepest = 0
    for slash, name in _TAG.findall(source):
        if name.lower() in _NOT_NESTING:
            continue
        if not slash:
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest
