"""The vCards that come with a message: read for the screen, each with whether its people are kept already.

Screens room, reads only. Every text in a card is a stranger's: it is plain text here and is escaped by the templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailsync.message.addresses import comparable
from mailsync.message.bodies import decode_text
from mailsync.message.facts import Part
from mailsync.message.vcard import CardFile, VCard, parse_cards
from mailsync.models import Message
from mailsync.store.contacts import known_addresses
from mailsync.store.opening import part_reader
from webmail.present.left_out import present_left_out

#: Of a file this much is read when its message is opened; longer ones are address books, to be imported as such.
MAX_BYTES = 512 * 1024
#: So many cards are shown in full; of more only their number is told.
MAX_SHOWN = 3
_MAX_FILES = 5
_TYPES = frozenset({"text/vcard", "text/x-vcard", "text/directory", "application/vcard"})


@dataclass(frozen=True, slots=True)
class OfferedCards:
    """The cards of one file. ``part`` is its section number; ``known`` when all their addresses are kept; ``left_out``
    says what of the file cannot be read."""

    part: str
    cards: tuple[VCard, ...]
    known: bool
    left_out: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[VCard, ...]:
        return self.cards[:MAX_SHOWN] if len(self.cards) <= MAX_SHOWN else ()


def is_vcard(part: Part) -> bool:
    """By its type, or, as it is seen in practice, by its name alone. A picture in a card of vCard 4 is none."""
    return part.content_type in _TYPES or part.filename.lower().endswith(".vcf")


def read_part(message: Message, part: Part) -> CardFile:
    """The cards of one part. Raises ``BodyNotFetched``."""
    read = parse_cards(decode_text(part, part_reader(message), max_bytes=MAX_BYTES))
    # A stranger puts nobody into a group that one writes to.
    return CardFile(tuple(replace(card, groups=()) for card in read.cards), read.left_out)


def offered_cards(user_id: int, message: Message, parts: Sequence[Part]) -> tuple[OfferedCards, ...]:
    """One query, and none where the message has no cards. Raises ``BodyNotFetched``."""
    read = [(part.path, read_part(message, part)) for part in [one for one in parts if is_vcard(one)][:_MAX_FILES]]
    addresses = [one.value for _, file in read for card in file.cards for one in card.addresses]
    known = known_addresses(user_id, addresses) if addresses else set()
    return tuple(
        OfferedCards(path, file.cards, all(_is_known(card, known) for card in file.cards), _said(file))
        for path, file in read
        if file.cards or file.left_out
    )


def _said(file: CardFile) -> tuple[str, ...]:
    return tuple(present_left_out(file.left_out, is_table=False))


def _is_known(card: VCard, known: set[str]) -> bool:
    return bool(card.addresses) and all(comparable(one.value) in known for one in card.addresses)
