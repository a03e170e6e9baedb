"""A plain text body in, its lines told apart out: own words, attribution, quoted, signature. Pure, linear.

Both habits are known: ``> `` with an attribution line (in the languages clients write it), and the header block
that Outlook and phones put above everything below it.
"""

import re
from typing import Literal, NamedTuple

from mailsync.message.quote_words import (
    ATTRIBUTION_STARTS,
    FORWARD_TITLES,
    HEADER_FROM,
    HEADER_NEXT,
    ORIGINAL_MESSAGE,
    PHONE_SIGNATURES,
    WROTE,
    any_of,
    at_start,
)

Kind = Literal["own", "attribution", "quote", "signature"]

_ATTRIBUTION = re.compile(rf"(?:{any_of(WROTE)})\s*+(?:\([^()]*+\))?\s*+(?:<[^<>]*+>)?\s*+[:：]?\s*+$", re.I)
_ATTRIBUTION_START = re.compile(rf"^\s*(?:{any_of(ATTRIBUTION_STARTS)})[\s,.]|^\s*\d{{1,4}}[-./年]", re.I)
_ORIGINAL = re.compile(
    rf"^\s*[-_*]{{2,}}\s*(?:{any_of(ORIGINAL_MESSAGE)})|^\s*(?:{any_of(FORWARD_TITLES)})\s*:\s*$", re.I
)
_HEADER_FROM = at_start(HEADER_FROM, r"\s?\*?\s*[:：]\*?\s*\S")
_HEADER_NEXT = at_start(HEADER_NEXT, r"\s?\*?\s*[:：]")
_PHONE_SIGNATURE = at_start(PHONE_SIGNATURES, "")
_RULE = re.compile(r"^\s*[_-]{8,}\s*$")
_MAX_LINES = 50_000


class Line(NamedTuple):
    """One line: what it is, how deep it is quoted (0 for own words), and its text without the quote marks."""

    kind: Kind
    level: int
    text: str


def mark_lines(text: str) -> list[Line]:
    """Every line of ``text`` with its kind; beyond 50,000 lines the rest is taken as it stands."""
    lines = text.split("\n")
    marked: list[Line] = []
    below = False  # under an Outlook header block: all the rest is quoted
    signature = False
    for number, line in enumerate(lines[:_MAX_LINES]):
        level, content = quote_level(line)
        if below:
            marked.append(Line("quote", level + 1, content))
        elif level:
            if not signature or not marked or marked[-1].kind != "signature":
                _mark_attribution(marked)
            signature = False
            marked.append(Line("quote", level, content))
        elif _starts_original(lines, number):
            below, signature = True, False
            marked.append(Line("attribution", 0, line))
        elif signature or line in ("-- ", "--") or _PHONE_SIGNATURE.match(line):
            signature = signature or line in ("-- ", "--")
            marked.append(Line("signature", 0, line))
        else:
            marked.append(Line("own", 0, content))
    marked += [Line("own", 0, line) for line in lines[_MAX_LINES:]]
    return marked


def own_words(text: str) -> str:
    """Only what the sender wrote: no quotes, no attribution, no signature. "" when nothing is left.

    >>> own_words("Yes.\\n\\nOn Monday Ann wrote:\\n> Really?\\n-- \\nBob")
    'Yes.'
    """
    if ">" not in text and "\n--" not in text and ":" not in text and "\n" not in text:
        return text.strip()
    kept = [line.text.rstrip() for line in mark_lines(text) if line.kind == "own"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def quote_level(line: str) -> tuple[int, str]:
    """How many quote marks a line begins with, and the text behind them: ``> >> x`` → (3, "x")."""
    if not line.startswith(">"):
        return 0, line
    level = at = 0
    while at < len(line):
        if line[at] == ">":
            level += 1
        elif line[at] != " " or not line.startswith(">", at + 1):
            break
        at += 1
    # An mbox-escaped "From " is no quote (RFC 4155).
    if level == 1 and line.startswith(">From "):
        return 0, line[1:]
    return level, line[at + 1 :] if line.startswith(" ", at) else line[at:]


def _mark_attribution(marked: list[Line]) -> None:
    """The line (or its two or three folded lines) right above a quote is the attribution."""
    at = len(marked) - 1
    while at >= 0 and at >= len(marked) - 3 and not marked[at].text.strip():
        at -= 1
    if at < 0 or marked[at].kind != "own":
        return
    last = marked[at].text
    if not _ATTRIBUTION.search(last[-300:]) and not (
        last.rstrip().endswith((":", "：")) and _ATTRIBUTION_START.match(last)
    ):
        return
    first = at
    while first > 0 and at - first < 2 and not _ATTRIBUTION_START.match(marked[first].text):
        if marked[first - 1].kind != "own" or not marked[first - 1].text.strip():
            break
        first -= 1
    if not _ATTRIBUTION_START.match(marked[first].text):
        first = at
    for index in range(first, at + 1):
        marked[index] = Line("attribution", 0, marked[index].text)


def _starts_original(lines: list[str], number: int) -> bool:
    line = lines[number]
    if _ORIGINAL.match(line):
        return True
    if _RULE.match(line):
        return number + 1 < len(lines) and _is_header_block(lines, number + 1)
    return _is_header_block(lines, number)


def _is_header_block(lines: list[str], number: int) -> bool:
    """``From:`` with at least two more such lines in the next six."""
    if not _HEADER_FROM.match(lines[number][:200]):
        return False
    return sum(1 for line in lines[number + 1 : number + 7] if _HEADER_NEXT.match(line[:200])) >= 2
