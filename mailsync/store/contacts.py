"""The people a user keeps: looked up, listed, and filled from cards. Database room.

In: a user and a ``VCard``. Out: a ``Contact``. A card is known again by its UID, else by any of its addresses;
what it says is added to what is kept, and nothing that a person wrote is replaced by what a stranger sent.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from uuid import uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.ready import prepared_cursor
from mailsync.message.addresses import comparable
from mailsync.message.plain import plain
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Contact, ContactAddress

#: More than anybody knows; a file with more is cut.
MAX_CONTACTS = 20_000
#: Addresses whose domains are known by heart.
MOST_DOMAINS = 2_000


def contacts_of(user_id: int, *, typed: str = "") -> QuerySet[Contact]:
    """By name, with their addresses; ``typed`` narrows to those with each of its words in name, firm or address."""
    rows = Contact.objects.filter(user=user_id).order_by(Lower("name"), "id").prefetch_related("addresses")
    for word in typed.split()[:8]:
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(organisation__icontains=word)
            | Q(pk__in=ContactAddress.objects.filter(user=user_id, address__icontains=word).values("contact"))
        )
    return rows


def find_contact(user_id: int, address: str) -> Contact | None:
    """The contact with this address; of several the oldest."""
    rows = Contact.objects.filter(user=user_id, addresses__comparable=comparable(address), addresses__user=user_id)
    return rows.order_by("id").first()


def known_addresses(user_id: int, addresses: Iterable[str]) -> set[str]:
    """Which of these are in the address book, as ``comparable`` spells them."""
    wanted = {comparable(address) for address in addresses if address}
    rows = ContactAddress.objects.filter(user=user_id, comparable__in=wanted)
    return set(rows.values_list("comparable", flat=True))


def contact_domains(user_id: int) -> set[str]:
    """The domains that the user's contacts write from."""
    with prepared_cursor() as cursor:
        cursor.execute(
            "SELECT comparable FROM mailsync_contactaddress WHERE user_id = %s LIMIT %s", [user_id, MOST_DOMAINS]
        )
        return domains_of(address for (address,) in cursor.fetchall())


def domains_of(addresses: Iterable[str]) -> set[str]:
    return {address.rpartition("@")[2] for address in addresses}


def card_of(contact: Contact) -> VCard:
    return VCard(
        name=contact.name,
        uid=contact.uid,
        organisation=contact.organisation,
        job_title=contact.job_title,
        addresses=tuple(Labelled(row.address, row.label) for row in contact.addresses.order_by("id")),
        phones=_from_pairs(contact.phones),
        postal=_from_pairs(contact.postal),
        urls=tuple(contact.urls),
        birthday=contact.birthday,
        note=contact.note,
    )


@transaction.atomic
def keep_card(user_id: int, card: VCard) -> tuple[Contact, bool]:
    """Add a card, or what is new of it to the contact it belongs to. Returns that, and whether it is a new one."""
    contact = _known(user_id, card)
    if contact is not None:
        return write_card(contact, merged(card_of(contact), card)), False
    return write_card(Contact(user_id=user_id, uid=plain(card.uid) or str(uuid4())), card), True


@transaction.atomic
def write_card(contact: Contact, card: VCard) -> Contact:
    """The contact becomes what the card says, but for its UID."""
    contact.name = plain(card.name)
    contact.organisation = plain(card.organisation)
    contact.job_title = plain(card.job_title)
    contact.phones = _pairs(card.phones)
    contact.postal = _pairs(card.postal)
    contact.urls = [plain(url) for url in card.urls]
    contact.birthday = plain(card.birthday)[:40]
    contact.note = plain(card.note)
    contact.save()
    kept = {comparable(one.value): one for one in reversed(card.addresses)}
    contact.addresses.exclude(comparable__in=list(kept)).delete()
    rows = [
        ContactAddress(
            contact=contact, user_id=contact.user_id, address=plain(one.value), comparable=key, label=one.label[:40]
        )
        for key, one in reversed(kept.items())
    ]
    ContactAddress.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["contact", "comparable"], update_fields=["address", "label"]
    )
    return contact


def forget_contacts(user_id: int, contact_ids: Collection[int]) -> None:
    Contact.objects.filter(user=user_id, pk__in=contact_ids).delete()


def has_room(user_id: int) -> bool:
    return Contact.objects.filter(user=user_id).count() < MAX_CONTACTS


def _known(user_id: int, card: VCard) -> Contact | None:
    mine = Contact.objects.select_for_update().filter(user=user_id)
    found = mine.filter(uid=plain(card.uid)).first() if card.uid else None
    if found is None and card.addresses:
        keys = [comparable(one.value) for one in card.addresses]
        rows = ContactAddress.objects.filter(user=user_id, comparable__in=keys).values("contact")
        found = mine.filter(pk__in=rows).order_by("id").first()
    elif found is None and not card.uid:
        # A row of a table that has no address: there is nothing to know it by but all that it says.
        same = mine.filter(name=plain(card.name), organisation=plain(card.organisation), phones=_pairs(card.phones))
        addressed = ContactAddress.objects.filter(user=user_id).values("contact")
        found = same.exclude(pk__in=addressed).order_by("id").first()
    return found


def merged(kept: VCard, new: VCard) -> VCard:
    """What is kept, its gaps filled, with addresses and numbers that were not known yet."""
    return replace(
        kept,
        name=kept.name or new.name,
        organisation=kept.organisation or new.organisation,
        job_title=kept.job_title or new.job_title,
        addresses=_joined(kept.addresses, new.addresses),
        phones=_joined(kept.phones, new.phones),
        postal=_joined(kept.postal, new.postal),
        urls=tuple(dict.fromkeys((*kept.urls, *new.urls))),
        birthday=kept.birthday or new.birthday,
        note=kept.note or new.note,
    )


def _joined(kept: tuple[Labelled, ...], new: tuple[Labelled, ...]) -> tuple[Labelled, ...]:
    known = {_key(one.value) for one in kept}
    return (*kept, *(one for one in new if _key(one.value) not in known))


def _key(value: str) -> str:
    """+49 (30) 1234 and +49301234 are one number, Ann@A.example and ann@a.example one address."""
    return "".join(char for char in value.casefold() if char.isalnum() or char in "+@.")


def _pairs(several: Iterable[Labelled]) -> list[list[str]]:
    return [[plain(one.value), plain(one.label)] for one in several]


def _from_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[Labelled, ...]:
    return tuple(Labelled(value, label) for value, label in pairs)
