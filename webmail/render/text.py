"""Plain text → HTML that shows it as its sender wrote it. Pure: text in, safe HTML out.

Every character is escaped; addresses become links by splitting the raw text, never by editing HTML.
Quotes are nested by level, the last one folded, a signature dimmed.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from operator import itemgetter

from webmail.render.fold import FOLD_SIGN
from webmail.render.guard import UNWANTED
from webmail.render.links import choose_target, host_of, shown_host

MAX_CHARACTERS = 2_000_000
MAX_LEVEL = 20

# What ends an address in any script: white space, what is invisible or turns the text, and the full-width forms
# and marks of East Asian sentences.
_ENDS = r"""\s<>"'`{}|\\^\x00-\x20\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\u3000-\u3030\uff00-\uffef"""
# Scripts written without spaces: an address begins right behind the sentence, which goes on right behind it.
_NO_SPACES = r"\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_PATH = rf"[^{_ENDS}{_NO_SPACES}]"
_HOST = r"(?:[a-z0-9-]{1,63}\.)"
_AFTER_WORD = r"(?=[^\w-]|\Z" rf"|[{_NO_SPACES}])"
# One alternation, no nested repeats: linear on any text. Trailing punctuation is given back below.
_LINK = re.compile(
    rf"""(?:(?<![\w@])|(?<=[{_NO_SPACES}]))(?:
        (?P<url>https?://[^/?\#{_ENDS}]{{1,300}}(?:[/?\#]{_PATH}{{0,8000}})?)
      | (?P<www>www\.{_HOST}{{1,6}}[a-z]{{2,24}}(?:/{_PATH}{{0,8000}})?)
      | (?P<mail>(?:mailto:)?[a-z0-9.!\#$%&*+/=?_~-]{{1,64}}@{_HOST}{{1,8}}[a-z]{{2,24}}{_AFTER_WORD})
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# In each of these there is one of these signs, which are found in a fraction of the time: a letter has few.
_SIGN_OF_LINK = re.compile(r"@|://|w[wW][wW]\.|W[wW][wW]\.")
_TRAILING = ".,;:!?*_~'\""
_QUOTE_MARKS = re.compile(r"(?:> ?)+")
_ATTRIBUTION = re.compile(r".{3,200}:\s*\Z")
#: Two dashes alone begin a signature where no more follows; else they are a rule between two thoughts.
_MAX_SIGNATURE_LINES = 12


#: One line without its quote marks: how many there were, and its text.
_Line = tuple[int, str]
_LEVEL = itemgetter(0)


def render_text(text: str) -> str:
    """Safe HTML for a text body, decoded and with format=flowed already joined (``mailsync.message.bodies``)."""
    text = UNWANTED.sub("", text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n"))
    lines = [_read_line(line) for line in text.rstrip().split("\n")]
    out = ['<div data-heron="text">']
    fold_from = _last_quote(lines)
    head = lines if fold_from is None else lines[:fold_from]
    start, end = _signature(head)
    out += _blocks(head[:start])
    if start < end:
        line_end = "\n" if start and not head[start - 1][0] else ""
        out += [line_end, '<div data-heron="signature">', *_blocks(head[start:end]), "</div>", *_blocks(head[end:])]
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
    """Text, escaped, with web and mail addresses as links that show where they lead."""
    out = []
    end = 0
    for match in _find_links(text):
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


def _find_links(text: str) -> Iterator[re.Match[str]]:
    """No link goes over the end of its line, and lines without a sign of one are passed over."""
    done = 0
    for sign in _SIGN_OF_LINK.finditer(text):
        if sign.start() >= done:
            start = text.rfind("\n", done, sign.start()) + 1 or done
            done = text.find("\n", sign.end())
            done = len(text) if done < 0 else done
            yield from _LINK.finditer(text, start, done)


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
    # A line that a mailbox file once escaped as ">From " is no quote.
    if line[:1] != ">" or line.startswith(">From "):
        return 0, line
    marks = _QUOTE_MARKS.match(line)
    assert marks is not None
    return min(marks.group().count(">"), MAX_LEVEL), line[marks.end() :]


def _signature(lines: list[_Line]) -> tuple[int, int]:
    """From where to where the signature stands, an empty range where there is none: from "-- " (RFC 3676 §4.3) to the
    next quote, or from two dashes that lost their space, where little follows."""
    starts = [at for at, (level, line) in enumerate(lines) if not level and line.rstrip() == "--"]
    for start in reversed(starts):
        end = next((at for at in range(start + 1, len(lines)) if lines[at][0]), len(lines))
        if lines[start][1] == "-- " or (start == starts[-1] and end - start <= _MAX_SIGNATURE_LINES):
            return start, end
    return len(lines), len(lines)


def _last_quote(lines: list[_Line]) -> int | None:
    """Where the quote that ends a message begins, with its "Ann wrote:" line; None when there is none to fold."""
    start = end = len(lines)
    while start and (lines[start - 1][0] or not lines[start - 1][1].strip()):
        start -= 1
    while start < end and not lines[start][0]:
        start += 1
    if start == end:
        return None
    before = start - 1
    while before > 0 and not lines[before][1].strip():
        before -= 1
    if before > 0 and _ATTRIBUTION.match(lines[before][1]):
        start = before
    return start if any(text.strip() for _level, text in lines[:start]) else None


def _blocks(lines: list[_Line]) -> Iterator[str]:
    """Lines as text with nested blockquotes."""
    level = 0
    for here, run in groupby(lines, _LEVEL):
        yield "</blockquote>" * (level - here) + "<blockquote>" * (here - level)
        level = here
        yield linkify("\n".join([text for _level, text in run]))
    yield "</blockquote>" * level
