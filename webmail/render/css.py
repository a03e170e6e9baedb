"""CSS in, allow-listed CSS out, over tinycss2's tokens: style attributes and whole style sheets. Pure.

bleach calls ``StyleFilter.sanitize_css`` for each style attribute, with the value *decoded* by our
parser. (Its own CSSSanitizer was given undecoded text: ``rgb(&#41;&#59;position:fixed…`` passed as
a colour, and the browser decoded and applied the rest. So that class is not used.)

CSS is also the tracking hole: url() survives only in four properties, and only as what our own
picture policy makes of it; @import, @font-face, var(), attr(), env() and image-set() never do.
"""

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import tinycss2

from webmail.render import policy

MAX_ATTRIBUTE = 8_192
MAX_SHEET = 256_000
MAX_NESTING = 12
MAX_SHEET_NESTING = 40
MAX_RULES = 4_000
MAX_SELECTOR_NESTING = 3

#: Most style attributes have no quotes, brackets, escapes or comments: a regular grammar reads them.
_PLAIN = re.compile(r"[A-Za-z0-9#.%,:;! \t\n\r-]*\Z")
_PLAIN_DECLARATION = re.compile(r"\s*(-?[A-Za-z][A-Za-z-]*)\s*:\s*([^:;!]+?)\s*(!\s*important)?\s*\Z", re.IGNORECASE)
#: An escape for one of the noncharacters that mark slots (body.py).
_FORGED_MARK = re.compile(r"\\0{0,2}fd[de]", re.IGNORECASE)
_BRACKET = re.compile(r"[(\[{)\]}]")
_SAFE_TOKENS = frozenset({"whitespace", "number", "percentage", "dimension", "hash", "comment"})
#: With escapes a name could hold any character: "\\75rl\\28 x" is one long, meaningless identifier.
_SAFE_NAME = re.compile(r"[\w\ufdd0\ufdd1-]+\Z")
#: Font names and quotation marks need no more; what looks like CSS or markup inside a string is left out.
_SAFE_STRING = re.compile(r"[^(){}<>;\\\"\n]{0,200}\Z")
_ATTRIBUTE_TESTS = frozenset({"=", "~=", "|=", "^=", "$=", "*="})
_SAFE_LITERALS = frozenset(",/+-*.=")

#: Takes a url() target, gives the CSS value to write in its place (``none`` when it may not load).
PictureInCss = Callable[[str], str]


class _Refused(Exception):
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
        if len(style) > MAX_ATTRIBUTE or _FORGED_MARK.search(style):
            return ""
        lowered = style.lower()
        # Only what may hold a picture depends on this message; the rest is the same for everyone.
        if "url" in lowered or "\\" in lowered:
            found = _filter_attribute(style, self.picture)
        else:
            found = _filter_attribute_cached(style)
        self.sets_colors = self.sets_colors or found.sets_colors
        return found.css


@functools.lru_cache(maxsize=16_384)
def _filter_attribute_cached(style: str) -> Sheet:
    if not _PLAIN.match(style):
        return _filter_attribute(style, None)
    kept = []
    colors = False
    for part in style.split(";"):
        match = _PLAIN_DECLARATION.match(part)
        if match is None:
            continue
        name, value, important = match.group(1).lower(), match.group(2), match.group(3)
        if name in policy.CSS_PROPERTIES and _value_allowed(name, value):
            colors = colors or name in policy.CSS_COLOR_PROPERTIES
            kept.append(f"{name}:{value}{'!important' if important else ''}")
    return Sheet(";".join(kept), colors)


def _filter_attribute(style: str, picture: PictureInCss | None) -> Sheet:
    if not _nests_at_most(style, MAX_NESTING):
        return Sheet("", False)
    found = _declarations(tinycss2.parse_blocks_contents(style), picture)
    return Sheet(_escape(found.css), found.sets_colors)


@functools.lru_cache(maxsize=512)
def filter_sheet(source: str, id_prefix: str = policy.ID_PREFIX) -> Sheet:
    """The allowed rules of a style sheet: no url(), no at-rule but @media, no pseudo-elements, ids prefixed."""
    if len(source) > MAX_SHEET or not _nests_at_most(source, MAX_SHEET_NESTING):
        return Sheet("", False)
    source = source.replace("<!--", " ").replace("-->", " ")
    rules = tinycss2.parse_stylesheet(source, skip_comments=True, skip_whitespace=True)
    found = _RuleFilter(id_prefix).filter(rules)
    return Sheet(_escape(found.css), found.sets_colors)


def _nests_at_most(css: str, limit: int) -> bool:
    """tinycss2 recurses once a bracket; a cheap count keeps it, and us, from deep recursion."""
    depth = 0
    for bracket in _BRACKET.findall(css):
        depth = depth + 1 if bracket in "([{" else max(0, depth - 1)
        if depth > limit:
            return False
    return True


def _escape(css: str) -> str:
    """With & and < as CSS escapes, neither an entity nor the end of a style element can be spelled."""
    return css.replace("&", "\\26 ").replace("<", "\\3c ").replace("\0", "")


# Declarations. ---------------------------------------------------------------------------------
def _declarations(nodes: list[Any], picture: PictureInCss | None) -> Sheet:
    kept = []
    colors = False
    for node in nodes:
        if node.type != "declaration" or node.lower_name not in policy.CSS_PROPERTIES:
            continue
        name = node.lower_name
        try:
            _check_value(node.value, name, picture)
            value = tinycss2.serialize(node.value).strip()
        except (_Refused, RecursionError):
            continue
        if _value_allowed(name, value):
            colors = colors or name in policy.CSS_COLOR_PROPERTIES
            kept.append(f"{name}:{value}{'!important' if node.important else ''}")
    return Sheet(";".join(kept), colors)


def _value_allowed(name: str, value: str) -> bool:
    allowed = policy.CSS_VALUES.get(name)
    return allowed is None or value.strip().lower() in allowed


def _check_value(values: list[Any], name: str, picture: PictureInCss | None) -> None:
    """Walks the component values, rewriting url() in place. Raises ``_Refused``.

    ``name`` is the property while url() may stand here, and empty inside functions and brackets.
    """
    for index, value in enumerate(values):
        kind = value.type
        if kind in _SAFE_TOKENS or (kind == "literal" and value.value in _SAFE_LITERALS):
            continue
        if kind == "ident":
            if not _SAFE_NAME.match(value.value):
                raise _Refused
        elif kind == "string":
            if not _SAFE_STRING.match(value.value):
                raise _Refused
        elif kind == "url":
            values[index] = _rewrite_url(value.value, name, picture)
        elif kind == "function" and value.lower_name == "url":
            arguments = [a for a in value.arguments if a.type not in ("whitespace", "comment")]
            if len(arguments) != 1 or arguments[0].type != "string":
                raise _Refused
            values[index] = _rewrite_url(arguments[0].value, name, picture)
        elif kind == "function" and value.lower_name in policy.CSS_FUNCTIONS:
            _check_value(value.arguments, "", None)
        elif kind == "() block":
            _check_value(value.content, "", None)
        else:  # other functions, {} and [] blocks, at-keywords, unicode ranges, parse errors
            raise _Refused


def _rewrite_url(target: str, name: str, picture: PictureInCss | None) -> Any:
    if picture is None or name not in policy.CSS_URL_PROPERTIES:
        raise _Refused
    return tinycss2.parse_component_value_list(picture(target))[0]


# Rules. ----------------------------------------------------------------------------------------
class _RuleFilter:
    """Filters the rules of one sheet, at most ``MAX_RULES`` of them."""

    def __init__(self, id_prefix: str) -> None:
        self.id_prefix = id_prefix
        self.budget = MAX_RULES

    def filter(self, rules: list[Any], *, in_media: bool = False) -> Sheet:
        kept = []
        colors = False
        for rule in rules:
            self.budget -= 1
            if self.budget < 0:
                break
            try:
                found = self._rule(rule, in_media)
            except (_Refused, RecursionError):
                continue
            if found.css:
                kept.append(found.css)
                colors = colors or found.sets_colors
        return Sheet("\n".join(kept), colors)

    def _rule(self, rule: Any, in_media: bool) -> Sheet:
        if rule.type == "qualified-rule":
            self._check_selector(rule.prelude, 0)
            inner = _declarations(tinycss2.parse_blocks_contents(rule.content), None)
        elif rule.type == "at-rule" and rule.lower_at_keyword == "media" and rule.content is not None and not in_media:
            _check_media(rule.prelude)
            inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            inner = self.filter(inside, in_media=True)
        else:
            raise _Refused
        if not inner.css:
            return inner
        head = tinycss2.serialize(rule.prelude).strip()
        at = "" if rule.type == "qualified-rule" else "@media "
        return Sheet(f"{at}{head}{{{inner.css}}}", inner.sets_colors)

    def _check_selector(self, values: list[Any], depth: int) -> None:
        """Prefixes ids in place. Raises ``_Refused`` for pseudo-elements, unknown pseudo-classes and the rest."""
        if depth > MAX_SELECTOR_NESTING:
            raise _Refused
        colons = 0
        for value in values:
            kind = value.type
            if kind == "literal" and value.value == ":":
                colons += 1
                if colons > 1:
                    raise _Refused
                continue
            if kind == "hash":
                value.value = self.id_prefix + value.value
            elif kind == "function":
                if not colons or value.lower_name not in policy.PSEUDO_CLASSES:
                    raise _Refused
                if value.lower_name in ("not", "is", "where"):
                    self._check_selector(value.arguments, depth + 1)
            elif not _selector_token_allowed(value, after_colon=colons > 0):
                raise _Refused
            colons = 0


def _selector_token_allowed(value: Any, *, after_colon: bool) -> bool:
    if value.type == "ident":
        return not after_colon or value.lower_value in policy.PSEUDO_CLASSES
    if value.type == "literal":
        return value.value in ".*,>+~"
    if value.type == "[] block":
        return all(map(_attribute_test_allowed, value.content))
    return value.type in ("whitespace", "comment")


def _attribute_test_allowed(part: Any) -> bool:
    if part.type == "literal":
        return part.value in _ATTRIBUTE_TESTS
    if part.type == "ident":  # our own marks are not for the sender to find and restyle
        return not part.lower_value.startswith("data-")
    return part.type in ("string", "whitespace", "number")


def _check_media(values: list[Any]) -> None:
    for value in values:
        kind = value.type
        if kind in ("whitespace", "comment", "number", "dimension"):
            continue
        if kind == "() block":
            _check_media(value.content)
        elif kind == "ident":
            if value.lower_value not in policy.MEDIA_WORDS and value.lower_value not in policy.MEDIA_FEATURES:
                raise _Refused
        elif kind != "literal" or value.value not in (":", ",", "/", "=", ">"):
            raise _Refused
