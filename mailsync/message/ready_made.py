"""The words of a template: cut out of a draft, put into one. Pure.

In: the body of a draft as it is kept, HTML or plain text. Out: what its writer may want again (neither the signature
nor the quoted original), and a body with such words at its top.
"""

import re

from mailsync.message.html_text import html_to_text
from mailsync.message.outgoing_html import clean_draft, splice_original, text_as_html

#: RFC 3676 §4.3: the line that begins a signature. The editor drops the space at its end.
_SIGNATURE = re.compile(r"<p(?: [^>]*)?>--(?:\s|&nbsp;)*(?:<br>|</p>)")
_PLAIN_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
#: "Ann wrote:" and the lines below it.
_PLAIN_QUOTE = re.compile(r"(?:^|\n)[^\n]*:\n(?:>[^\n]*\n?)+\s*\Z")
_EMPTY_TAIL = re.compile(r"(?:<p(?: [^>]*)?>(?:<br>)?</p>)+\Z")
_EMPTY = "<p></p>"


def ready_made(body: str, *, is_html: bool) -> str:
    """What a draft says in its writer's own words, as clean HTML; "" where there are none."""
    if not is_html:
        return text_as_html(_above(_PLAIN_SIGNATURE, _PLAIN_QUOTE.sub("", body)).strip())
    above, _marker, below = splice_original(clean_draft(body), "\0").partition("\0")
    kept = clean_draft(_trimmed(_above(_SIGNATURE, above)) + below)
    return _trimmed(kept)


def put_at_top(body: str, words: str, *, is_html: bool) -> str:
    """A draft's body with the words of a template before all else, in the room that was left to write in."""
    if is_html:
        return words + body.removeprefix(_EMPTY)
    rest = body.lstrip("\n")
    return html_to_text(words, links=True).strip() + "\n" + (f"\n{rest}" if rest else "")


def _above(mark: re.Pattern[str], text: str) -> str:
    """What stands before the last mark; all of it where there is none."""
    found = list(mark.finditer(text))
    return text[: found[-1].start()] if found else text


def _trimmed(html: str) -> str:
    return _EMPTY_TAIL.sub("", html)
