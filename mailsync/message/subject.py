"""The base subject of RFC 5256 §2.1, and subjects of replies and forwards. Pure.

Beyond the RFC's ``re`` and ``fw[d]``, the prefixes that clients write in other languages are known.
"""

import re

from mailsync.message.quote_words import FORWARD_PREFIXES, REPLY_PREFIXES, any_of

_COUNT = r"\s*(?:[\[(^]\s*\d{1,4}\s*[\])]?\s*)?"
# Re:, Re[2]:, RE (3):, Re^2:, and the full-width colon.
_LEADER = re.compile(rf"\s*(?:{any_of(REPLY_PREFIXES + FORWARD_PREFIXES + ('vs',))}){_COUNT}[:：]\s*", re.I)
_REPLY_LEADER = re.compile(rf"\s*(?:{any_of((*REPLY_PREFIXES, 'vs'))}){_COUNT}[:：]\s*", re.I)
_FORWARD_LEADER = re.compile(rf"\s*(?:{any_of(FORWARD_PREFIXES)})\s*[:：]\s*", re.I)
_BLOB = re.compile(r"\s*\[[^\[\]]{0,200}\]\s*")
_TRAILER = re.compile(r"\(fwd\)\s*$", re.I)
_FORWARD_BLOCK = re.compile(r"\[\s*fwd:(.*)\]\s*$", re.I | re.S)
_MAX_LEADERS = 50
#: What stands before the base subject, for PostgreSQL to take off where lists are sorted. It reads as Python does.
FRONT = rf"^(?:{_LEADER.pattern}|{_BLOB.pattern}(?=\S))+"


def base_subject(subject: str) -> str:
    """What threading compares, in lower case: prefixes, blobs in brackets and ``(fwd)`` removed.

    >>> base_subject("Re: [list] AW: Fwd: Hello  there (fwd)")
    'hello there'
    """
    text = " ".join(subject[:2000].split())
    for _ in range(_MAX_LEADERS):
        before = text
        text = _TRAILER.sub("", text).rstrip()
        text = _strip_leaders(text)
        block = _FORWARD_BLOCK.fullmatch(text)
        if block is not None:
            text = block.group(1).strip()
        if text == before:
            break
    return text.lower()


def _strip_leaders(text: str) -> str:
    for _ in range(_MAX_LEADERS):
        leader = _LEADER.match(text)
        if leader is not None:
            text = text[leader.end() :]
            continue
        # RFC 5256 §2.1 (4): a blob goes only when something but blobs is left after it.
        blob = _BLOB.match(text)
        if blob is not None and text[blob.end() :].strip():
            text = text[blob.end() :]
            continue
        break
    return text


def is_reply_subject(subject: str) -> bool:
    """True when the subject says that this is a reply or a forward."""
    return _LEADER.match(_BLOB.sub("", subject, count=1)) is not None or _LEADER.match(subject) is not None


def is_forward_subject(subject: str) -> bool:
    """True when the subject says that this passes on another message.

    >>> is_forward_subject("[list] WG: Lunch"), is_forward_subject("AW: WG: Lunch")
    (True, False)
    """
    return any(_FORWARD_LEADER.match(text) is not None for text in (subject, _BLOB.sub("", subject, count=1)))


def reply_subject(subject: str) -> str:
    """``Re:`` once, whatever language the prefixes before were in; list tags stay where they are.

    >>> reply_subject("AW: RE: Lunch"), reply_subject("[list] Lunch"), reply_subject("Fwd: Lunch")
    ('Re: Lunch', 'Re: [list] Lunch', 'Re: Fwd: Lunch')
    """
    return f"Re: {_without(_REPLY_LEADER, subject)}".rstrip()


def forward_subject(subject: str) -> str:
    """``Fwd:`` once."""
    return f"Fwd: {_without(_FORWARD_LEADER, subject)}".rstrip()


def _without(leader: re.Pattern[str], subject: str) -> str:
    text = " ".join(subject.split())
    for _ in range(_MAX_LEADERS):
        found = leader.match(text)
        if found is None:
            break
        text = text[found.end() :]
    return text
