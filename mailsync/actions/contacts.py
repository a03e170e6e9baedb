"""The address book: people from the cards that others send."""

from collections.abc import Sequence

from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.vcard import VCard
from mailsync.models import Contact
from mailsync.store import contacts


@verb
def keep_contacts(user_id: int, cards: Sequence[VCard]) -> tuple[list[Contact], int]:
    """Add cards to the address book, or what is new of them to the contacts they belong to. Adding twice adds once.

    Returns the contacts and how many of them are new. Raises ``CannotDo`` when the book is full.
    """
    if not contacts.has_room(user_id):
        raise CannotDo(f"The address book holds {contacts.MAX_CONTACTS:,} people at the most. Remove some first.")
    kept = [contacts.keep_card(user_id, card) for card in cards[: contacts.MAX_CONTACTS]]
    return [contact for contact, _ in kept], sum(is_new for _, is_new in kept)
