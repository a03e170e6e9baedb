"""Message-IDs out of References, In-Reply-To and Message-ID (RFC 5322 §3.6.4), without brackets. Pure.

Seen in practice: no brackets at all, two Message-IDs in one header, folds inside an id, quoted names and dates
in In-Reply-To ("Your message of …"), encoded words, hundreds of ids.
"""

import re
from collections.abc import Iterable

MAX_REFERENCES = 100
_MAX_ID = 512
_BRACKETED = re.compile(r"<([^<>]{1,2000})>")
_BARE = re.compile(r"[^\s<>,;\"'()]+")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


def parse_message_ids(text: str) -> tuple[str, ...]:
    """Every id in order, each once; at most 100: the first (the root) and the newest are what is kept.

    >>> parse_message_ids("<a@x> <b@\\n y> (mail of Monday)")
    ('a@x', 'b@y')
    """
    found = _BRACKETED.findall(text) or _bare(text)
    seen: dict[str, None] = {}
    for one in found:
        cleaned = _SPACE.sub("", one)[:_MAX_ID]
        if cleaned and cleaned not in seen:
            seen[cleaned] = None
    ids = tuple(seen)
    return ids if len(ids) <= MAX_REFERENCES else (ids[0], *ids[-(MAX_REFERENCES - 1) :])


def _bare(text: str) -> list[str]:
    words = ((word.strip("<>"), word.strip("<>,;")) for word in text[:65536].split())
    return [kept for kept, bare in words if "@" in bare[1:-1] and _BARE.fullmatch(bare)]


def parse_message_id(text: str) -> str:
    """The id of a Message-ID field; without an ``@`` too, as long as it is one word."""
    ids = parse_message_ids(text)
    if ids:
        return ids[0]
    word = text.strip().strip("<>").strip()
    return word[:_MAX_ID] if word and not _SPACE.search(word) else ""


def reply_references(message_id: str, references: Iterable[str], in_reply_to: str) -> tuple[str, ...]:
    """References of a reply (RFC 5322 §3.6.4): the parent's references, or its In-Reply-To, and the parent."""
    line = tuple(references) or ((in_reply_to,) if in_reply_to else ())
    if message_id:
        line = (*(one for one in line if one != message_id), message_id)
    return line if len(line) <= MAX_REFERENCES else (line[0], *line[-(MAX_REFERENCES - 1) :])
