"""Plain text → HTML that shows it as its sender wrote it. Pure: text in, safe HTML out.

Every character is escaped; addresses become links by splitting the raw text, never by editing HTML.
Quotes are nested by level, the last one folded, a signature dimmed.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from webmail.render.fold import FOLD_SIGN
from webmail.render.guard import UNWANTED
from webmail.render.links import choose_target, host_of, shown_host

MAX_CHARACTERS = 2_000_000
MAX_LEVEL = 20

# One alternation, no nested repeats: linear on any text. Trailing punctuation is given back below.
_LINK = re.compile(
    r"""(?<![\w@])(?:
        (?P<url>https?://[^\s<>"'`{}|\\^\x00-\x20\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]{1,2000})
      | (?P<www>www\.(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?:/[^\s<>"'`{}|\\^]{0,2000})?)
      | (?P<mail>(?:mailto:)?[a-z0-9.!\#$%&*+/=?_~-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-]))
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_TRAILING = ".,;:!?*_~'\""
_QUOTE_MARKS = re.compile(r"(?:> ?)+")
_ATTRIBUTION = re.compile(r".{3,200}:\s*\Z")


class _Line(NamedTuple):
    """One line without its quote marks."""

    level: int
    text: str


def render_text(text: str) -> str:
    """Safe HTML for a text body, decoded and with format=flowed already joined (``mailsync.message.bodies``)."""
    text = UNWANTED.sub("", text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n"))
    lines = [_read_line(line) for line in text.rstrip().split("\n")]
    fold_from = _last_quote(lines)
    out = ['<div data-heron="text">', *_blocks(lines[:fold_from])]
    if fold_from is not None:
        out += [
            f'<details data-heron="quote"><summary>{FOLD_SIGN}</summary>',
            *_blocks(lines[fold_from:]),
            "</details>",
        ]
    out.append("</div>")
    return "".join(out)


def render_header(lines: Sequence[tuple[str, str]]) -> str:
    """Safe HTML for the header of an attached message: (label, value) of each line; empty values are left out."""
    rows = "".join(
        f"<dt>{escape(label)}</dt><dd>{linkify(UNWANTED.sub('', value))}</dd>" for label, value in lines if value
    )
    return f'<dl data-heron="header">{rows}</dl>'


def linkify(text: str) -> str:
    """One run of text, escaped, with web and mail addresses as links that show where they lead."""
    out = []
    end = 0
    for match in _LINK.finditer(text):
        shown = _without_trailing(match.group())
        target = choose_target(_as_url(shown, match.lastgroup))
        if target is None:
            continue
        out.append(escape(text[end : match.start()]))
        host = host_of(target)
        lookalike = f'<span data-heron="host"> [{escape(shown_host(host))}]</span>' if _is_odd(host) else ""
        out.append(
            f'<a href="{escape(target)}" target="_blank" rel="noopener noreferrer nofollow" '
            f'referrerpolicy="no-referrer">{escape(shown)}{lookalike}</a>'
        )
        end = match.start() + len(shown)
    out.append(escape(text[end:]))
    return "".join(out)


def _as_url(shown: str, kind: str | None) -> str:
    if kind == "www":
        return "http://" + shown
    if kind == "mail" and not shown.lower().startswith("mailto:"):
        return "mailto:" + shown
    return shown


def _is_odd(host: str) -> bool:
    return "xn--" in host or not host.isascii()


def _without_trailing(shown: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays when it was opened inside."""
    while shown:
        last = shown[-1]
        unopened = last in ")]" and shown.count(last) > shown.count("(" if last == ")" else "[")
        if last not in _TRAILING and not unopened:
            break
        shown = shown[:-1]
    return shown


# Lines and levels. -----------------------------------------------------------------------------
def _read_line(line: str) -> _Line:
    match = _QUOTE_MARKS.match(line)
    # A line that a mailbox file once escaped as ">From " is no quote.
    if match is None or line.startswith(">From "):
        return _Line(0, line)
    return _Line(min(match.group().count(">"), MAX_LEVEL), line[match.end() :])


def _last_quote(lines: list[_Line]) -> int | None:
    """Where the quote that ends the message begins, with its "Ann wrote:" line; None when there is none to fold."""
    end = len(lines)
    for index, line in enumerate(lines):  # a signature may follow the quote
        if line.level == 0 and line.text.rstrip() == "--":
            end = index
            break
    start = end
    while start and (lines[start - 1].level or not lines[start - 1].text.strip()):
        start -= 1
    if end != len(lines) or not any(line.level for line in lines[start:end]):
        return None
    while start < end and not lines[start].level:
        start += 1
    before = start - 1
    while before > 0 and not lines[before].text.strip():
        before -= 1
    if before > 0 and _ATTRIBUTION.match(lines[before].text):
        start = before
    return start if any(line.text.strip() for line in lines[:start]) else None


def _blocks(lines: list[_Line]) -> Iterator[str]:
    """Lines as text with nested blockquotes; from a signature separator on, dimmed."""
    level = 0
    signed = False
    for index, line in enumerate(lines):
        if line.level != level:
            yield "</blockquote>" * (level - line.level) + "<blockquote>" * (line.level - level)
            level = line.level
        elif index:
            yield "\n"
        if level == 0 and not signed and line.text.rstrip() == "--":
            signed = True
            yield '<div data-heron="signature">'
        yield linkify(line.text)
    yield "</blockquote>" * level
    if signed:
        yield "</div>"
