"""The address book: people from cards and by hand, merged, put into groups, thrown away."""

from collections.abc import Collection, Sequence
from uuid import uuid4

from django.db import transaction

from mailsync.actions.owned import NotYours
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.vcard import VCard, clean_groups
from mailsync.models import Contact
from mailsync.store import contact_groups, contacts


@verb
def keep_contacts(user_id: int, cards: Sequence[VCard]) -> tuple[list[Contact], int]:
    """Add cards to the address book, or what is new of them to the contacts they belong to. Adding twice adds once.

    Returns the contacts and how many of them are new. Raises ``CannotDo`` when the book is full.
    """
    if not contacts.has_room(user_id):
        raise CannotDo(f"The address book holds {contacts.MAX_CONTACTS:,} people at the most. Remove some first.")
    kept = contacts.keep_cards(user_id, cards[: contacts.MAX_CONTACTS])
    return [contact for contact, _ in kept], sum(is_new for _, is_new in kept)


@verb
def write_contact(user_id: int, contact_id: int | None, card: VCard) -> Contact:
    """A contact becomes what its form says; without an id it is a new one."""
    if card.is_empty:
        raise CannotDo("Give a name or an address.", field="name")
    if contact_id is None:
        if not contacts.has_room(user_id):
            raise CannotDo(f"The address book holds {contacts.MAX_CONTACTS:,} people at the most. Remove some first.")
        return contacts.write_card(Contact(user_id=user_id, uid=str(uuid4())), card)
    contact = Contact.objects.filter(user=user_id, pk=contact_id).first()
    if contact is None:
        raise NotYours("contact")
    return contacts.write_card(contact, card)


@verb
@transaction.atomic
def merge_contacts(user_id: int, contact_ids: Collection[int]) -> Contact:
    """Several contacts become the oldest of them, which takes over all that it lacks; the others go."""
    mine = list(Contact.objects.select_for_update().filter(user=user_id, pk__in=contact_ids).order_by("id"))
    if len(mine) != len(set(contact_ids)):
        raise NotYours("contact")
    if len(mine) < 2:
        raise CannotDo("Choose two or more people to merge.")
    first, *others = mine
    for other in others:
        contacts.write_card(first, contacts.merged(contacts.card_of(first), contacts.card_of(other)))
    contacts.forget_contacts(user_id, [other.pk for other in others])
    return first


@verb
def forget_contacts(user_id: int, contact_ids: Collection[int]) -> int:
    """Remove people from the address book; mail with them stays. Returns how many."""
    _own_people(user_id, contact_ids)
    contacts.forget_contacts(user_id, contact_ids)
    return len(set(contact_ids))


@verb
def group_contacts(user_id: int, contact_ids: Collection[int], name: str) -> str:
    """Put people into a group, which begins to be there with them. Returns its name as it is written."""
    _own_people(user_id, contact_ids)
    if not contact_ids:
        raise CannotDo("Choose the people first.")
    name = contact_groups.spelled(user_id, _group_name(name))
    contact_groups.join(user_id, contact_ids, name)
    return name


@verb
def ungroup_contacts(user_id: int, contact_ids: Collection[int], name: str) -> int:
    """Take people out of a group; they stay in the address book. Returns how many."""
    _own_people(user_id, contact_ids)
    return contact_groups.leave(user_id, name, contact_ids)


@verb
@transaction.atomic
def rename_group(user_id: int, old: str, new: str) -> str:
    """Call a group otherwise; where there is one of that name, the two become one. Returns its name."""
    new = _group_name(new)
    if new.casefold() != old.casefold():
        new = contact_groups.spelled(user_id, new)
    if new != old and not contact_groups.rename(user_id, old, new):
        raise NotYours("group")
    return new


@verb
def forget_group(user_id: int, name: str) -> int:
    """The group is gone, its people stay. Returns how many there were."""
    return contact_groups.leave(user_id, name)


def _group_name(text: str) -> str:
    name = next(iter(clean_groups([text])), "")
    if not name:
        raise CannotDo("Give the group a name.", field="group")
    return name


def _own_people(user_id: int, contact_ids: Collection[int]) -> None:
    if Contact.objects.filter(user=user_id, pk__in=contact_ids).count() != len(set(contact_ids)):
        raise NotYours("contact")
