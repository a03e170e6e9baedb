"""A person's signature in the words of a message: cleaned, cut off, exchanged for another. Pure.

In: what somebody typed or pasted as their signature, and the body of a draft, HTML or plain text. Out: a signature as
it is kept, and the body with it, without it, or with another one in its place. One that was changed by hand is the
writer's own and is left alone.
"""

import re
from dataclasses import dataclass

from mailsync.message.html_text import html_to_text
from mailsync.message.outgoing_html import cids_in, clean_draft, original_marker_in, splice_original
from mailsync.message.quoted_html import quoting_text_as_html

#: RFC 3676 §4.3: the line that begins a signature. The editor drops the space at its end.
_BEGINS = re.compile(r"<p(?: [^>]*)?>--(?:\s|&nbsp;)*(<br>|</p>)")
_LINE = re.compile(r"^--$", re.MULTILINE)
_BEGINS_TEXT = re.compile(r"^-- ?$", re.MULTILINE)
_EMPTY_ROW = re.compile(r"(?:<p(?: [^>]*+)?>(?:<br>)?</p>)++")


@dataclass(frozen=True, slots=True)
class Signature:
    """What goes with an identity, as HTML and as text, each with the line that begins it; "" where there is none.

    ``by_itself``: a message of this kind begins with it. ``below``: it stands under the quoted original.
    """

    html: str = ""
    text: str = ""
    by_itself: bool = True
    below: bool = False

    @property
    def opening(self) -> str:
        """The HTML that a message of this kind begins with."""
        return self.html if self.by_itself else ""

    def follows(self, old: "Signature") -> bool:
        """Whether it stands where ``old`` stood: what was put in by hand stays one that was put in by hand."""
        return self.by_itself or not old.by_itself


def clean_signature(html: str) -> str:
    """One as it is kept: clean HTML without a line that begins it, as that is put above it in each message.

    >>> clean_signature('<p>-- <br>Ann</p><p onclick="x()"><b>Club</b></p><p></p>')
    '<p>Ann</p><p><b>Club</b></p>'
    """
    kept = splice_original(clean_draft(html), "").strip()
    if (begins := _BEGINS.match(kept)) is not None:
        kept = ("<p>" if begins[1] == "<br>" else "") + kept[begins.end() :]
    kept = without_empty_tail(kept)
    return kept if html_to_text(kept).strip() or "<img " in kept else ""


def words_as_text(html: str) -> str:
    """HTML of a message as text, links with where they lead, the line above a signature with the space at its end
    (RFC 3676 §4.3), which text from HTML has lost."""
    return _LINE.sub("-- ", html_to_text(html, links=True, as_written=True))


def above_signature(html: str) -> str:
    """What stands before the last line that begins a signature; all of it where there is none."""
    start = _start(html)
    return html if start is None else html[:start]


def above_plain_signature(text: str) -> str:
    """The same in plain text."""
    found = list(_BEGINS_TEXT.finditer(text))
    return text[: found[-1].start()] if found else text


def without_empty_tail(html: str) -> str:
    """Without the empty paragraphs at its end."""
    rows = (row.start() for row in _EMPTY_ROW.finditer(html) if row.end() == len(html))
    return html[: next(rows, len(html))]


def swap_signature(body: str, old: Signature, new: Signature) -> str:
    """A kept body with ``new`` where ``old`` stands unchanged, and where it belongs if neither stood nor should."""
    above, marker, below = original_marker_in(body)
    for is_below, part in ((False, above), (True, below)):
        start = _start(part)
        if start is None:
            continue
        if not old.html or _essence(part[start:]) != _essence(old.html):
            return body
        part = part[:start] + (new.html if new.follows(old) else "")
        return above + marker + part if is_below else part + marker + below
    if old.opening or not new.opening:
        return body
    return above + marker + new.html + below if new.below and marker else above + new.html + marker + below


def swap_plain_signature(text: str, old: Signature, new: Signature) -> str:
    """The same in plain text, where one that did not stand comes to the end."""
    if old.text and text.count(old.text) == 1:
        return text.replace(old.text, new.text if new.follows(old) else "")
    return text if old.opening or not new.opening else f"{text.rstrip()}\n\n{new.text}\n"


def plain_as_html(text: str, signature: Signature) -> str:
    """A plain body with formatting from now on; what it quotes is a quote, and a signature that stands unchanged in it
    has its own formatting again."""
    if not signature.text or text.count(signature.text) != 1:
        return quoting_text_as_html(text)
    above, below = text.split(signature.text)
    return (quoting_text_as_html(above) or "<p></p>") + signature.html + quoting_text_as_html(below.lstrip("\n"))


def _start(html: str) -> int | None:
    found = list(_BEGINS.finditer(html))
    return found[-1].start() if found else None


def _essence(html: str) -> tuple[str, tuple[str, ...]]:
    """What a person sees of it, and no editor changes: the signs, where links lead, the pictures."""
    return "".join(html_to_text(html, links=True).split()), cids_in(html)
