"""The people a user keeps: looked up, listed, and filled from cards. Database room.

In: a user and a ``VCard``. Out: a ``Contact``. A card is known again by its UID, else by any of its addresses;
what it says is added to what is kept, and nothing that a person wrote is replaced by what a stranger sent.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from uuid import uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.ready import prepared_cursor
from mailsync.message.addresses import comparable
from mailsync.message.plain import plain
from mailsync.message.vcard import Labelled, VCard, clean_groups
from mailsync.models import Contact, ContactAddress

#: More than anybody knows; a file with more is cut.
MAX_CONTACTS = 20_000
#: Addresses whose domains are known by heart.
MOST_DOMAINS = 2_000
#: Rows of one statement.
_BATCH = 1_000
#: What ``_fill`` writes.
_WRITTEN = [
    *("name", "organisation", "job_title", "phones", "postal", "urls", "birthday", "note", "groups"),
    "updated_at",
]


def contacts_of(user_id: int, *, typed: str = "", group: str = "") -> QuerySet[Contact]:
    """By name, with their addresses; ``typed`` narrows to those with each of its words in name, firm or address,
    ``group`` to the people of one."""
    rows = Contact.objects.filter(user=user_id).order_by(Lower("name"), "id").prefetch_related("addresses")
    if group:
        rows = rows.filter(groups__contains=[group])
    for word in typed.split()[:8]:
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(organisation__icontains=word)
            | Q(pk__in=ContactAddress.objects.filter(user=user_id, address__icontains=word).values("contact"))
        )
    return rows


def load_cards(user_id: int) -> Iterator[VCard]:
    """The whole book, as ``contacts_of`` has it. Two queries."""
    addresses: dict[int, list[Labelled]] = {}
    rows = ContactAddress.objects.filter(user=user_id).order_by("id").values_list("contact_id", "address", "label")
    for contact_id, address, label in rows:
        addresses.setdefault(contact_id, []).append(Labelled(address, label))
    for contact in Contact.objects.filter(user=user_id).order_by(Lower("name"), "id"):
        yield _card(contact, addresses.get(contact.pk, ()))


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
    rows = sorted(contact.addresses.all(), key=lambda row: row.pk)
    return _card(contact, [Labelled(row.address, row.label) for row in rows])


def _card(contact: Contact, addresses: Iterable[Labelled]) -> VCard:
    return VCard(
        name=contact.name,
        uid=contact.uid,
        organisation=contact.organisation,
        job_title=contact.job_title,
        addresses=tuple(addresses),
        phones=_from_pairs(contact.phones),
        postal=_from_pairs(contact.postal),
        urls=tuple(contact.urls),
        birthday=contact.birthday,
        note=contact.note,
        groups=tuple(contact.groups),
    )


def keep_card(user_id: int, card: VCard) -> tuple[Contact, bool]:
    """``keep_cards`` of one."""
    (kept,) = keep_cards(user_id, [card])
    return kept


@transaction.atomic
def keep_cards(user_id: int, cards: Sequence[VCard]) -> list[tuple[Contact, bool]]:
    """Add cards, one after the other, or what is new of each to the contact it belongs to. A handful of statements,
    however many cards there are. Returns for each its contact, and whether that is a new one."""
    book = _Book(user_id, cards)
    kept = [book.keep(card) for card in cards]
    book.save()
    return kept


@transaction.atomic
def write_card(contact: Contact, card: VCard) -> Contact:
    """The contact becomes what the card says, but for its UID."""
    _fill(contact, card)
    contact.save()
    kept = _by_key(card.addresses)
    contact.addresses.exclude(comparable__in=list(kept)).delete()
    _save_addresses({contact: kept})
    return contact


def _fill(contact: Contact, card: VCard) -> None:
    contact.name = plain(card.name)
    contact.organisation = plain(card.organisation)
    contact.job_title = plain(card.job_title)
    contact.phones = _pairs(card.phones)
    contact.postal = _pairs(card.postal)
    contact.urls = [plain(url) for url in card.urls]
    contact.birthday = plain(card.birthday)[:40]
    contact.note = plain(card.note)
    contact.groups = [plain(name) for name in card.groups]


def _by_key(addresses: Iterable[Labelled]) -> dict[str, Labelled]:
    """As they are kept; of those that differ by their spelling alone the first."""
    found: dict[str, Labelled] = {}
    for one in addresses:
        found.setdefault(comparable(one.value), Labelled(plain(one.value), one.label[:40]))
    return found


def _save_addresses(kept: Mapping[Contact, Mapping[str, Labelled]]) -> None:
    rows = [
        ContactAddress(contact=contact, user_id=contact.user_id, address=one.value, comparable=key, label=one.label)
        for contact, addresses in kept.items()
        for key, one in addresses.items()
    ]
    ContactAddress.objects.bulk_create(
        rows,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["contact", "comparable"],
        update_fields=["address", "label"],
    )


def forget_contacts(user_id: int, contact_ids: Collection[int]) -> None:
    Contact.objects.filter(user=user_id, pk__in=contact_ids).delete()


def has_room(user_id: int) -> bool:
    return Contact.objects.filter(user=user_id).count() < MAX_CONTACTS


@dataclass(eq=False, slots=True)
class _Entry:
    """A contact and its addresses by what they are looked for by; the older, the lower its ``place``."""

    contact: Contact
    addresses: dict[str, Labelled]
    place: int

    @property
    def card(self) -> VCard:
        return _card(self.contact, self.addresses.values())


class _Book:
    """The contacts that any of these cards may belong to, locked, and those that the cards add."""

    def __init__(self, user_id: int, cards: Sequence[VCard]) -> None:
        self._user_id = user_id
        self._places = count()
        self._by_uid: dict[str, _Entry] = {}
        self._by_address: dict[str, _Entry] = {}
        self._by_words: dict[tuple[object, ...], list[_Entry]] = {}
        self._changed: dict[_Entry, None] = {}
        uids = {plain(card.uid) for card in cards if card.uid}
        keys = {comparable(one.value) for card in cards for one in card.addresses}
        names = {plain(card.name) for card in cards if not card.uid and not card.addresses}
        named = ContactAddress.objects.filter(user=user_id, comparable__in=keys).values("contact")
        mine = Contact.objects.select_for_update().filter(user=user_id).order_by("id")
        found = {contact.pk: contact for contact in mine.filter(Q(uid__in=uids) | Q(pk__in=named) | Q(name__in=names))}
        addresses: dict[int, list[Labelled]] = {pk: [] for pk in found}
        for row in ContactAddress.objects.filter(contact__in=addresses).order_by("id"):
            addresses[row.contact_id].append(Labelled(row.address, row.label))
        for pk, contact in found.items():
            self._enter(_Entry(contact, _by_key(addresses[pk]), next(self._places)))

    def keep(self, card: VCard) -> tuple[Contact, bool]:
        entry = self._known(card)
        is_new = entry is None
        if entry is None:
            contact = Contact(user_id=self._user_id, uid=plain(card.uid) or str(uuid4()))
            entry = _Entry(contact, {}, next(self._places))
        before, after = entry.card, card if is_new else merged(entry.card, card)
        if is_new or after != before:
            _fill(entry.contact, after)
            entry.addresses = _by_key(after.addresses)
            self._enter(entry)
            self._changed[entry] = None
        return entry.contact, is_new

    def save(self) -> None:
        new = [entry.contact for entry in self._changed if entry.contact.pk is None]
        changed = [entry.contact for entry in self._changed if entry.contact.pk is not None]
        Contact.objects.bulk_create(new, batch_size=_BATCH)
        # Rows that are there all: an update of many, which ``bulk_update`` would spell out value by value.
        Contact.objects.bulk_create(
            changed, batch_size=_BATCH, update_conflicts=True, unique_fields=["id"], update_fields=_WRITTEN
        )
        _save_addresses({entry.contact: entry.addresses for entry in self._changed})

    def _enter(self, entry: _Entry) -> None:
        self._by_uid[entry.contact.uid] = entry
        for key in entry.addresses:
            if key not in self._by_address or entry.place < self._by_address[key].place:
                self._by_address[key] = entry
        if not entry.addresses:
            self._by_words.setdefault(_words(entry.contact), []).append(entry)

    def _known(self, card: VCard) -> _Entry | None:
        found = self._by_uid.get(plain(card.uid)) if card.uid else None
        if found is None and card.addresses:
            mine = [self._by_address.get(comparable(one.value)) for one in card.addresses]
            found = min((one for one in mine if one), key=_place, default=None)
        elif found is None and not card.uid:
            # A row of a table that has no address: there is nothing to know it by but all that it says.
            said = Contact(user_id=self._user_id)
            _fill(said, card)
            # What has been added to since is somebody else by now.
            same = (one for one in self._by_words.get(_words(said), ()) if not one.addresses)
            found = min((one for one in same if _words(one.contact) == _words(said)), key=_place, default=None)
        return found


def _place(entry: _Entry) -> int:
    return entry.place


def _words(contact: Contact) -> tuple[object, ...]:
    return (contact.name, contact.organisation, *map(tuple, contact.phones))


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
        groups=clean_groups((*kept.groups, *new.groups)),
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
