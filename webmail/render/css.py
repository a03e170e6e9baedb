"""CSS in, allow-listed CSS out, over tinycss2's tokens: the declarations of style attributes and of rules. Pure.

Colours come out for both schemes (``dark.py``).

bleach calls ``StyleFilter.sanitize_css`` for each style attribute, with the value *decoded* by our
parser. (Its own CSSSanitizer was given undecoded text: ``rgb(&#41;&#59;position:fixed…`` passed as
a colour, and the browser decoded and applied the rest. So that class is not used.)

CSS is also the tracking hole: url() survives only in four properties, and only as what our own
picture policy makes of it (and in a sheet, ``sheet.py``); @import, @font-face, var(), attr(), env()
and image-set() never do.
"""

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import tinycss2
from tinycss2.color4 import parse_color

from webmail.render import policy
from webmail.render.dark import both_schemes

MAX_ATTRIBUTE = 8_192
MAX_NESTING = 12

#: Most style attributes have no quotes, brackets, escapes or comments: a regular grammar reads them.
_PLAIN = re.compile(r"[A-Za-z0-9#.%,:;! \t\n\r-]*\Z")
_PLAIN_DECLARATION = re.compile(
    r"\s*(-?[A-Za-z][A-Za-z-]*)\s*:\s*([^:;!\s][^:;!]*?)\s*(!\s*important)?\s*\Z", re.IGNORECASE
)
#: An escape for one of the noncharacters that mark slots (body.py).
_FORGED_MARK = re.compile(r"\\0{0,2}fd[de]", re.IGNORECASE)
_BRACKET = re.compile(r"[(\[{)\]}]")
_DIGITS = re.compile(r"\d{9,}+")
_MOST_DIGITS = 1000
_SAFE_TOKENS = frozenset({"whitespace", "number", "percentage", "dimension", "hash", "comment"})
#: With escapes a name could hold any character: "\\75rl\\28 x" is one long, meaningless identifier.
_SAFE_NAME = re.compile(r"[\w\ufdd0\ufdd1-]+\Z")
#: Font names and quotation marks need no more; what looks like CSS or markup inside a string is left out.
_SAFE_STRING = re.compile(r"[^(){}<>;\\\"\n]{0,200}\Z")
_SAFE_LITERALS = frozenset(",/+-*.=")

#: Takes a url() target, gives the CSS value to write in its place (``none`` when it may not load).
PictureInCss = Callable[[str], str]


class Refused(Exception):
    """This declaration or rule is not allowed; it is left out and its neighbours stay."""


class Sheet(NamedTuple):
    """Filtered CSS, and whether it gives text or background a colour."""

    css: str
    sets_colors: bool


class StyleFilter:
    """Filters the style attributes of one message; ``sets_colors`` tells whether any gave a colour."""

    def __init__(self, picture: PictureInCss | None = None) -> None:
        self.picture = picture
        self.sets_colors = False

    def sanitize_css(self, style: str) -> str:
        """The allowed declarations of a decoded style attribute, as ``name:value;name:value``."""
        if len(style) > MAX_ATTRIBUTE or is_forged(style):
            return ""
        # Only what may hold a picture depends on this message; the rest is the same for everyone.
        found = _filter_tokens(style, self.picture) if may_hold_url(style) else _filter_cached(style)
        self.sets_colors = self.sets_colors or found.sets_colors
        return found.css


def may_hold_url(css: str) -> bool:
    return "\\" in css or "url" in css.lower()


def is_forged(css: str) -> bool:
    """Whether an escape may spell one of the marks of our slots."""
    return "\\" in css and _FORGED_MARK.search(css) is not None


def filter_text(style: str, of_dark: bool = False) -> Sheet:
    """The allowed ones of the declarations in ``style``, which holds no url(); ``of_dark`` where they are for the dark
    scheme alone."""
    if not _PLAIN.match(style):
        return _filter_tokens(style, None, of_dark)
    kept = []
    colors = False
    for part in style.split(";"):
        match = _PLAIN_DECLARATION.match(part)
        if match is None:
            continue
        name, value, important = match.group(1).lower(), match.group(2), match.group(3)
        if name in policy.CSS_PROPERTIES and _value_allowed(name, value):
            colors = colors or name in policy.CSS_COLOR_PROPERTIES
            kept.append(f"{name}:{both_schemes(name, value, of_dark)}{'!important' if important else ''}")
    return Sheet(";".join(kept), colors)


_filter_cached = functools.lru_cache(maxsize=16_384)(filter_text)


def _filter_tokens(style: str, picture: PictureInCss | None, of_dark: bool = False) -> Sheet:
    if not is_readable(style, MAX_NESTING):
        return Sheet("", False)
    found = filter_declarations(tinycss2.parse_blocks_contents(style), picture, of_dark)
    return Sheet(escape_css(found.css), found.sets_colors)


def is_readable(css: str, limit: int) -> bool:
    """Whether tinycss2 reads it: it recurses once a bracket, of which ``limit`` may be open, and takes numbers for
    Python's, which have no more than 4,300 digits where they are written down."""
    if any(len(digits) > _MOST_DIGITS for digits in _DIGITS.findall(css)):
        return False
    depth = 0
    for bracket in _BRACKET.findall(css):
        depth = depth + 1 if bracket in "([{" else max(0, depth - 1)
        if depth > limit:
            return False
    return True


def escape_css(css: str) -> str:
    """With & and < as CSS escapes, neither an entity nor the end of a style element can be spelled."""
    return css.replace("&", "\\26 ").replace("<", "\\3c ").replace("\0", "")


def filter_declarations(nodes: list[Any], picture: PictureInCss | None, of_dark: bool = False) -> Sheet:
    """The allowed ones of tinycss2's declarations; url() is what ``picture`` makes of it, and ``none`` without it. What
    is nothing but a picture goes without it, so that another rule's may show."""
    kept = []
    colors = False
    for node in nodes:
        if node.type != "declaration" or node.lower_name not in policy.CSS_PROPERTIES:
            continue
        name = node.lower_name
        if picture is None and name in policy.CSS_URL_PROPERTIES and _is_picture_alone(node.value):
            continue
        try:
            _check_value(node.value, name, picture)
            value = tinycss2.serialize(node.value).strip()
        except (Refused, RecursionError):
            continue
        if value and _value_allowed(name, value):
            colors = colors or name in policy.CSS_COLOR_PROPERTIES
            kept.append(f"{name}:{both_schemes(name, value, of_dark)}{'!important' if node.important else ''}")
    return Sheet(";".join(kept), colors)


def _is_picture_alone(values: list[Any]) -> bool:
    """Whether it names a picture, and nothing that is seen without it: a colour, or a gradient."""
    return any(map(_is_url, values)) and not any(
        parse_color(value) if value.type in ("hash", "ident") else value.type == "function" and not _is_url(value)
        for value in values
    )


def _is_url(value: Any) -> bool:
    return bool(value.type == "url" or (value.type == "function" and value.lower_name == "url"))


def _value_allowed(name: str, value: str) -> bool:
    allowed = policy.CSS_VALUES.get(name)
    return allowed is None or value.strip().lower() in allowed


def _check_value(values: list[Any], name: str, picture: PictureInCss | None) -> None:
    """Walks the component values, rewriting url() in place. Raises ``Refused``.

    ``name`` is the property while url() may stand here, and empty inside functions and brackets.
    """
    for index, value in enumerate(values):
        kind = value.type
        if kind in _SAFE_TOKENS or (kind == "literal" and value.value in _SAFE_LITERALS):
            continue
        if kind == "ident":
            if not _SAFE_NAME.match(value.value):
                raise Refused
        elif kind == "string":
            if not _SAFE_STRING.match(value.value):
                raise Refused
        elif kind == "url":
            values[index] = _rewrite_url(value.value, name, picture)
        elif _is_url(value):
            arguments = [a for a in value.arguments if a.type not in ("whitespace", "comment")]
            if len(arguments) != 1 or arguments[0].type != "string":
                raise Refused
            values[index] = _rewrite_url(arguments[0].value, name, picture)
        elif kind == "function" and value.lower_name in policy.CSS_FUNCTIONS:
            _check_value(value.arguments, "", None)
        elif kind == "() block":
            _check_value(value.content, "", None)
        else:  # other functions, {} and [] blocks, at-keywords, unicode ranges, parse errors
            raise Refused


def _rewrite_url(target: str, name: str, picture: PictureInCss | None) -> Any:
    if name not in policy.CSS_URL_PROPERTIES:
        raise Refused
    # Without a picture the rest of a background stays: light words may stand on its colour.
    return tinycss2.parse_component_value_list(picture(target) if picture else "none")[0]
