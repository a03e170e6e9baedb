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

# One alternation, no nested repeats: linear on any text. Trailing punctuation is given back below.
_LINK = re.compile(
    r"""(?<![\w@])(?:
        (?P<url>https?://[^\s<>"'`{}|\\^\x00-\x20\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]{1,2000})
      | (?P<www>www\.(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?:/[^\s<>"'`{}|\\^]{0,2000})?)
      | (?P<mail>(?:mailto:)?[a-z0-9.!\#$%&*+/=?_~-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-]))
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# In each of these there is one of these signs, which are found in a fraction of the time: a letter has few.
_SIGN_OF_LINK = re.compile(r"@|://|w[wW][wW]\.|W[wW][wW]\.")
_TRAILING = ".,;:!?*_~'\""
_QUOTE_MARKS = re.compile(r"(?:> ?)+")
_ATTRIBUTION = re.compile(r".{3,200}:\s*\Z")


#: One line without its quote marks: how many there were, and its text.
_Line = tuple[int, str]
_LEVEL = itemgetter(0)


def render_text(text: str) -> str:
    """Safe HTML for a text body, decoded and with format=flowed already joined (``mailsync.message.bodies``)."""
    text = UNWANTED.sub("", text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n"))
    lines = [_read_line(line) for line in text.rstrip().split("\n")]
    out = ['<div data-heron="text">']
    signature = next((at for at, (level, line) in enumerate(lines) if not level and line.rstrip() == "--"), None)
    if signature is not None:
        before = lines[:signature]
        line_end = "\n" if before and not before[-1][0] else ""
        out += [*_blocks(before), line_end, '<div data-heron="signature">', *_blocks(lines[signature:]), "</div>"]
    elif (fold_from := _last_quote(lines)) is not None:
        out += [
            *_blocks(lines[:fold_from]),
            f'<details data-heron="quote"><summary>{FOLD_SIGN}</summary>',
            *_blocks(lines[fold_from:]),
            "</details>",
        ]
    else:
        out += _blocks(lines)
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


def _last_quote(lines: list[_Line]) -> int | None:
    """Where the quote that ends a message without a signature begins, with its "Ann wrote:" line; None when there is
    none to fold."""
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
