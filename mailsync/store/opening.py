"""An encrypted message opened for its reader, for as long as one request lasts: a message in, what it holds beside it.

Database room; nothing is written. The stored bytes stay encrypted, and ``store.raw`` gives those; here are the parts as
their reader has them: of what an encrypted message holds, else of the message itself. Only a request of the reader's
opens, so workers, caches and tables never hold what is inside; who would keep what is made of it asks ``inside`` first.

EFAIL: only what is encrypted as a whole is opened, so nothing from outside ever stands beside what is inside.
"""

from mailsync.message.bodies import reader
from mailsync.message.enveloped import Envelope, Opened, open_envelope, read_envelope
from mailsync.message.facts import Inside, Part
from mailsync.message.parse import parse_message
from mailsync.message.protection import find_protection
from mailsync.message.smime import is_opaque_type
from mailsync.message.transfer import Read, decode_transfer
from mailsync.models import Draft, Message
from mailsync.store.own_certificates import keys_to_open
from mailsync.store.raw import BodyNotFetched, raw_reader


def message_root(message: Message) -> Part | None:
    """The tree of its parts, of what is inside where it was opened; None while the body has not been fetched."""
    if message.inside is not None and message.inside.root is not None:
        return message.inside.root
    return Part.from_json(message.parts) if message.parts else None


def part_reader(message: Message) -> Read:
    """A ``read(start, end)`` of the bytes that the offsets of ``message_root`` are into. Raises ``BodyNotFetched``."""
    if message.inside is not None and message.inside.root is not None:
        return reader(message.inside.entity)
    return raw_reader(message)


def open_message(user_id: int, message: Message) -> Message:
    """The same message, with ``inside`` if it is encrypted as a whole; whose message it is has been asked before."""
    part = _encrypted_part(message)
    if part is None or message.inside is not None:
        return message
    try:
        data = decode_transfer(raw_reader(message)(part.start, part.end), part.encoding)
    except BodyNotFetched:
        return message
    envelope = read_envelope(data)
    if isinstance(envelope, Envelope):
        opened = open_envelope(envelope, keys_to_open(user_id, envelope.recipients))
    else:
        opened = envelope
    message.inside = _inside(opened)
    return message


def open_original(draft: Draft) -> Draft:
    """The same draft, its original opened, so that it can be quoted."""
    if draft.original is not None:
        open_message(draft.user_id, draft.original)
    return draft


def is_encrypted(message: Message) -> bool:
    """Whether all of it is encrypted by S/MIME, whoever may open it."""
    return _encrypted_part(message) is not None


def _encrypted_part(message: Message) -> Part | None:
    # Nearly all messages are not; of these no tree is built.
    if not message.parts or not is_opaque_type(message.parts["t"], message.parts.get("n", ""), is_root=True):
        return None
    root = Part.from_json(message.parts)
    protection = find_protection(root)
    is_meant = (protection.kind, protection.way) == ("encrypted", "smime")
    return root if is_meant and protection.part is root else None


def _inside(opened: Opened) -> Inside:
    if opened.problem:
        return Inside(problem=opened.problem)
    return Inside(opened.entity, parse_message(opened.entity).root)
