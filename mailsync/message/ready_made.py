"""The words of a template: cut out of a draft, put into one. Pure.

In: the body of a draft as it is kept, HTML or plain text. Out: what its writer may want again (neither the signature
nor the quoted original), and a body with such words at its top.
"""

import re

from mailsync.message.html_text import html_to_text
from mailsync.message.outgoing_html import clean_draft, original_marker_in, text_as_html
from mailsync.message.quoted_html import without_quotes
from mailsync.message.signatures import above_plain_signature, above_signature, without_empty_tail

#: "Ann wrote:" and the lines below it.
_PLAIN_QUOTE = re.compile(r"(?:^|\n)(?!>)[^\n]*:\n(?:>[^\n]*+\n?+)++\s*+\Z")
_EMPTY = "<p></p>"


def ready_made(body: str, *, is_html: bool) -> str:
    """What a draft says in its writer's own words, as clean HTML; "" where there are none."""
    if not is_html:
        return text_as_html(above_plain_signature(_PLAIN_QUOTE.sub("", body)).strip())
    above, _marker, below = original_marker_in(without_quotes(clean_draft(body)))
    kept = clean_draft(without_empty_tail(above_signature(above)) + above_signature(below))
    return without_empty_tail(kept)


def put_at_top(body: str, words: str, *, is_html: bool) -> str:
    """A draft's body with the words of a template before all else, in the room that was left to write in."""
    if is_html:
        return words + body.removeprefix(_EMPTY)
    rest = body.lstrip("\n")
    return html_to_text(words, links=True).strip() + "\n" + (f"\n{rest}" if rest else "")
