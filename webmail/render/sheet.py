"""A style sheet in, its allow-listed rules out. Pure.

Sheets are long and mostly plain, and reading them to the last token is a third of the cleaner's work. So
``split_plain`` cuts a sheet that a regular grammar can read into rules, and tinycss2 reads the others; what a
rule may say is judged in one place, whoever cut it out. A cut that were wrong could only lose a rule: each
selector and each declaration is judged by itself, and ``verify_sheet`` proves what is written.

A rule's picture becomes a slot, as one of a style attribute does; but not where it would load when the reader moves the
pointer, turns the screen or prints, as its loading would tell the sender of that.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import tinycss2

from webmail.render import policy
from webmail.render.css import (
    PictureInCss,
    Refused,
    Sheet,
    escape_css,
    filter_declarations,
    filter_text,
    is_forged,
    is_readable,
    may_hold_url,
)

MAX_SHEET = 256_000
MAX_SHEET_NESTING = 40
MAX_RULES = 4_000
MAX_SELECTOR_NESTING = 3

_ATTRIBUTE_TESTS = frozenset({"=", "~=", "|=", "^=", "$=", "*="})

# The grammar of a plain sheet (CSS Syntax 3 §5): runs, strings, comments, and brackets two deep; no escape at all.
_COMMENT = r"/\*(?>.*?\*/)"
_ATOM = rf"""[^{{}}()\[\]"'\\/;]++|"[^"\\\n]*+"|'[^'\\\n]*+'|{_COMMENT}|/(?!\*)"""
_FLAT = rf"\((?:{_ATOM}|;)*+\)|\[(?:{_ATOM}|;)*+\]"
_GROUP = rf"\((?:{_ATOM}|;|{_FLAT})*+\)|\[(?:{_ATOM}|;|{_FLAT})*+\]"
_PRELUDE = rf"(?:{_ATOM}|{_GROUP})*+"
_CONTENT = rf"(?:{_ATOM}|;|{_GROUP})*+"
_BLANK = re.compile(rf"(?:[ \t\n]++|{_COMMENT})*+", re.DOTALL)
_STATEMENT = re.compile(rf"@[A-Za-z-]++(?:{_ATOM}|{_GROUP})*+;", re.DOTALL)
_PLAIN_RULE = re.compile(rf"(?P<prelude>{_PRELUDE})\{{(?P<content>{_CONTENT})\}}", re.DOTALL)
_MEDIA = re.compile(rf"@media(?![\w-])(?P<prelude>{_PRELUDE})\{{", re.DOTALL | re.IGNORECASE)
_OTHER_AT_RULE = re.compile(rf"@[A-Za-z-]++{_PRELUDE}\{{(?:{_ATOM}|;|{_GROUP}|\{{{_CONTENT}\}})*+\}}", re.DOTALL)
#: In an unquoted url() quotes, brackets and comments mean something else.
_ODD_URL = re.compile(r"""url\(\s*+(?!["'])(?:[^)"'(/]|/(?!\*))*+(?:["'(]|/\*)""", re.IGNORECASE)

_IDENT = r"-?[A-Za-z_][A-Za-z0-9_-]*+"
#: (A selector "u+a" would be read as a range of characters.)
_PLAIN_SELECTOR = re.compile(
    rf"(?!.*u\+[0-9a-f?])(?:[*>+~, \t\n]|[.#]?{_IDENT}|:(?:{'|'.join(sorted(policy.PSEUDO_CLASSES))})(?![\w(-]))*+\Z",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)


#: What the sender chose for the dark scheme alone.
_OF_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
#: What holds now and then, as the reader does something.
_AT_TIMES = re.compile(r":(?:hover|active|focus|visited|link)(?![\w-])|\[\s*open\b", re.IGNORECASE)


class Rule(NamedTuple):
    """A rule that is still to be judged, as text or as tinycss2's tokens.

    ``keyword`` is empty for style rules; only those of @media have ``inner`` rules.
    """

    keyword: str
    prelude: Any
    content: Any = None
    inner: Iterable["Rule"] | None = None


def filter_sheet(source: str, picture: PictureInCss | None = None) -> Sheet:
    """The allowed rules of a sheet: of at-rules @media alone, no pseudo-elements, ids prefixed; url() is what
    ``picture`` makes of it, and ``none`` without it."""
    # Only what may hold a picture depends on this message; the rest is the same for everyone.
    return _filter(source, picture) if picture and may_hold_url(source) else filter_without_pictures(source)


def _filter(source: str, picture: PictureInCss | None = None) -> Sheet:
    if len(source) > MAX_SHEET or is_forged(source) or not is_readable(source, MAX_SHEET_NESTING):
        return Sheet("", False)
    source = source.replace("<!--", " ").replace("-->", " ")
    rules = split_plain(source)
    found = _RuleFilter(policy.ID_PREFIX, picture).filter(split_any(source) if rules is None else rules)
    return Sheet(escape_css(found.css), found.sets_colors)


filter_without_pictures = functools.lru_cache(maxsize=512)(_filter)


def split_any(source: str) -> Iterator[Rule]:
    """The rules of any sheet, by tinycss2."""
    return map(_rule_of, tinycss2.parse_stylesheet(source, skip_comments=True, skip_whitespace=True))


def _rule_of(node: Any) -> Rule:
    if node.type == "qualified-rule":
        return Rule("", node.prelude, node.content)
    keyword = node.lower_at_keyword if node.type == "at-rule" else node.type
    if keyword != "media" or node.content is None:
        return Rule("@" + keyword, node.prelude if node.type == "at-rule" else None)
    inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
    return Rule("@media", node.prelude, inner=map(_rule_of, inner))


def split_plain(source: str) -> list[Rule] | None:
    """The rules of a plain sheet; None when any part of it is not plain. Linear time."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")  # CSS Syntax 3 §3.3
    if any(odd in source for odd in ("\\", "\0", "<!--", "-->")) or _ODD_URL.search(source):
        return None
    rules: list[Rule] = []
    media: list[Rule] | None = None
    position = 0
    while (position := _end(_BLANK.match(source, position))) < len(source):
        at = source[position] == "@"
        if media is None and at and (match := _MEDIA.match(source, position)):
            media = []
            rules.append(Rule("@media", match["prelude"], inner=media))
        elif media is not None and source[position] == "}":
            media = None
            position += 1
            continue
        elif at and (match := _STATEMENT.match(source, position) or _OTHER_AT_RULE.match(source, position)):
            (rules if media is None else media).append(Rule("@", None))
        elif not at and (match := _PLAIN_RULE.match(source, position)):
            (rules if media is None else media).append(Rule("", match["prelude"], match["content"]))
        else:
            return None
        position = match.end()
    return rules if media is None else None


def _end(match: re.Match[str] | None) -> int:
    assert match is not None  # _BLANK matches nothing, too
    return match.end()


class _RuleFilter:
    """Filters the rules of one sheet, at most ``MAX_RULES`` of them."""

    def __init__(self, id_prefix: str, picture: PictureInCss | None = None) -> None:
        self.id_prefix = id_prefix
        self.picture = picture
        self.budget = MAX_RULES

    def filter(self, rules: Iterable[Rule], *, media: str = "") -> Sheet:
        kept = []
        colors = False
        for rule in rules:
            self.budget -= 1
            if self.budget < 0:
                break
            try:
                found = self._rule(rule, media)
            except (Refused, RecursionError):
                continue
            if found.css:
                kept.append(found.css)
                colors = colors or found.sets_colors
        return Sheet("\n".join(kept), colors)

    def _rule(self, rule: Rule, media: str) -> Sheet:
        if rule.keyword == "":
            head = self._selector(rule.prelude)
            at_times = media or _AT_TIMES.search(head)
            inner = _declarations(rule.content, None if at_times else self.picture, _OF_DARK.search(media) is not None)
        elif rule.inner is not None and not media:
            head = "@media " + _media(rule.prelude)
            inner = self.filter(rule.inner, media=head)
        else:
            raise Refused
        return Sheet(f"{head}{{{inner.css}}}", inner.sets_colors) if inner.css else inner

    def _selector(self, prelude: Any) -> str:
        if isinstance(prelude, str):
            if _PLAIN_SELECTOR.match(prelude):
                return prelude.strip().replace("#", "#" + self.id_prefix)
            prelude = tinycss2.parse_component_value_list(prelude, skip_comments=True)
        self._check_selector(prelude, 0)
        return str(tinycss2.serialize(prelude).strip())

    def _check_selector(self, values: list[Any], depth: int) -> None:
        """Prefixes ids in place. Raises ``Refused`` for pseudo-elements, unknown pseudo-classes and the rest."""
        if depth > MAX_SELECTOR_NESTING:
            raise Refused
        colons = 0
        for value in values:
            kind = value.type
            if kind == "literal" and value.value == ":":
                colons += 1
                if colons > 1:
                    raise Refused
                continue
            if kind == "hash":
                value.value = self.id_prefix + value.value
            elif kind == "function":
                if not colons or value.lower_name not in policy.PSEUDO_CLASSES:
                    raise Refused
                if value.lower_name in ("not", "is", "where"):
                    self._check_selector(value.arguments, depth + 1)
            elif not _selector_token_allowed(value, after_colon=colons > 0):
                raise Refused
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


def _declarations(content: Any, picture: PictureInCss | None, of_dark: bool) -> Sheet:
    if isinstance(content, str) and "/*" not in content and not (picture and may_hold_url(content)):
        return filter_text(content, of_dark)
    return filter_declarations(tinycss2.parse_blocks_contents(content, skip_comments=True), picture, of_dark)


def _media(prelude: Any) -> str:
    if isinstance(prelude, str):
        prelude = tinycss2.parse_component_value_list(prelude, skip_comments=True)
    _check_media(prelude)
    return str(tinycss2.serialize(prelude).strip())


def _check_media(values: list[Any]) -> None:
    for value in values:
        kind = value.type
        if kind in ("whitespace", "comment", "number", "dimension"):
            continue
        if kind == "() block":
            _check_media(value.content)
        elif kind == "ident":
            if value.lower_value not in policy.MEDIA_WORDS and value.lower_value not in policy.MEDIA_FEATURES:
                raise Refused
        elif kind != "literal" or value.value not in (":", ",", "/", "=", ">"):
            raise Refused
