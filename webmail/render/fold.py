"""Folds what a reply repeats of the message before it. Pure: tokens in, tokens out.

Only the last quote is folded, and only when the writer's own words stand before it and nothing after:
then it is the rest of the conversation. Answers between quotes stay as they are, and so does a
forwarded message.
"""

import re

from webmail.render.parse import Token
from webmail.render.policy import ID_PREFIX

#: Shown on the folded part; a sign, not a word, as bodies are cached once for readers of every language.
FOLD_SIGN = "•••"

_QUOTE_CLASSES = frozenset({"gmail_quote", "yahoo_quoted", "protonmail_quote", "zmail_extra", "tutanota_quote"})
_ATTRIBUTION_CLASSES = frozenset({"moz-cite-prefix", "gmail_attr"})
# Outlook marks only where the old message begins: all that follows in the same parent belongs to it.
_REST_IDS = frozenset({ID_PREFIX + "divRplyFwdMsg", ID_PREFIX + "appendonsend"})
_OUTLOOK_RULE = re.compile(
    r"border:none;border-top:solid light-dark\(#[0-9A-Fa-f]{6},#[0-9a-f]{6}\) 1\.0pt;"
    r"padding:3\.0pt 0(?:cm|in) 0(?:cm|in) 0(?:cm|in)"
)
_FORWARDED = re.compile(r"\s*(?:-{5,}\s*(?:forwarded|original m)|begin forwarded message)", re.IGNORECASE)


def fold_last_quote(tokens: list[Token]) -> tuple[list[Token], bool]:
    """The tokens with the last quote inside ``<details>``, and whether there was one to fold."""
    span = _last_quote(tokens)
    if span is None:
        return tokens, False
    start, end = span
    if not _has_text(tokens, 0, start) or _has_text(tokens, end, len(tokens)) or _is_forward(tokens[start:end]):
        return tokens, False
    opening: list[Token] = [
        {"type": "StartTag", "name": "details", "data": {(None, "data-heron"): "quote"}},
        {"type": "StartTag", "name": "summary", "data": {}},
        {"type": "Characters", "data": FOLD_SIGN},
        {"type": "EndTag", "name": "summary", "data": {}},
    ]
    closing: list[Token] = [{"type": "EndTag", "name": "details", "data": {}}]
    return tokens[:start] + opening + tokens[start:end] + closing + tokens[end:], True


def _last_quote(tokens: list[Token]) -> tuple[int, int] | None:
    """The index range of the last outermost quote: always a run of whole elements, so that it can be wrapped."""
    if not any(token["type"] == "StartTag" and (_is_quote(token) or _begins_rest(token)) for token in tokens):
        return None
    ends, parent_ends = _element_ends(tokens)
    found = None
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token["type"] == "StartTag":
            if _is_quote(token):
                found = (_with_attribution(tokens, index), ends[index])
                index = ends[index]
                continue
            if _begins_rest(token):
                found = (index, parent_ends[index])
                index = parent_ends[index]
                continue
        index += 1
    return found


def _element_ends(tokens: list[Token]) -> tuple[dict[int, int], dict[int, int]]:
    """For each start tag: the index after its end tag, and the index of its parent's end tag."""
    ends: dict[int, int] = {}
    parents: dict[int, int] = {}
    open_tags: list[int] = []
    for index, token in enumerate(tokens):
        if token["type"] == "StartTag":
            parents[index] = open_tags[-1] if open_tags else -1
            open_tags.append(index)
        elif token["type"] == "EndTag":
            ends[open_tags.pop()] = index + 1
    last = len(tokens)
    return ends, {start: ends[parent] - 1 if parent >= 0 else last for start, parent in parents.items()}


def _is_quote(token: Token) -> bool:
    data = token["data"]
    if not data:
        return False
    if token["name"] == "blockquote" and data.get((None, "type"), "").lower() == "cite":
        return True
    classes = data.get((None, "class"))
    return classes is not None and not _QUOTE_CLASSES.isdisjoint(classes.split())


def _begins_rest(token: Token) -> bool:
    data = token["data"]
    if not data:
        return False
    if data.get((None, "id"), "") in _REST_IDS:
        return True
    return token["name"] == "div" and bool(_OUTLOOK_RULE.match(data.get((None, "style"), "")))


def _with_attribution(tokens: list[Token], quote: int) -> int:
    """The start of "On Monday Ann wrote:" when it stands directly before the quote, else the quote's own."""
    depth = 0
    for index in range(quote - 1, max(-1, quote - 60), -1):
        token = tokens[index]
        if token["type"] == "EndTag":
            depth += 1
        elif token["type"] == "StartTag":
            depth -= 1
            if depth < 0:
                return quote
            if depth == 0:
                classes = token["data"].get((None, "class"), "").split()
                return quote if _ATTRIBUTION_CLASSES.isdisjoint(classes) else index
        elif depth == 0 and (token["type"] == "EmptyTag" or token["data"].strip()):
            return quote
    return quote


def _has_text(tokens: list[Token], start: int, end: int) -> bool:
    return any(
        (token["type"] == "Characters" and token["data"].strip()) or token.get("name") == "img"
        for token in tokens[start:end]
    )


def _is_forward(tokens: list[Token]) -> bool:
    texts: list[str] = []
    for token in tokens:
        if token["type"] == "Characters":
            texts.append(token["data"])
            if sum(map(len, texts)) > 60:
                break
    return bool(_FORWARDED.match("".join(texts).lstrip()))
