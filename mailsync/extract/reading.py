"""Raw bytes of a message → all that is stored of it: its facts, and what the text index keeps. Pure.

It is most of what a first pull costs us, and needs neither network nor database, so that it can be done in a process
beside the one that fetches and stores (``reader``).
"""

from mailsync.extract.indexed import header_text, message_text
from mailsync.message.facts import ParsedHeader, ParsedMessage
from mailsync.message.lexemes import Vector, build_vector
from mailsync.message.parse import parse_header, parse_message


def read_header(raw: bytes) -> tuple[ParsedHeader, Vector]:
    """Of a header block, with what is indexed while the body is not here."""
    parsed = parse_header(raw)
    return parsed, build_vector(header_text(0, parsed))


def read_message(raw: bytes) -> tuple[ParsedMessage, Vector]:
    """Of a whole message."""
    parsed = parse_message(raw)
    return parsed, build_vector(message_text(0, parsed))
