"""Who one writes with: addresses from the newest mail and the address book, ranked by use and by how recent it is.

Database room. In: a user and what they typed. Out: addresses to offer. Reads at most ``SENT_ROWS`` messages of each
Sent folder and ``RECEIVED_ROWS`` of each inbox, by the index of the list, however large the folders are.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from mailsync.message.addresses import comparable, is_address
from mailsync.models import ContactAddress, Folder, Placement
from mailsync.types import Address, Role

SENT_ROWS = 400
RECEIVED_ROWS = 800
CONTACTS = 5_000
#: Having written to somebody says more than having got mail from them.
_SENT_WEIGHT, _RECEIVED_WEIGHT = 6.0, 1.0
#: Whom one keeps is offered, though after those one wrote to lately.
_CONTACT_SCORE = 2.0
#: The worth of a message halves in this many days.
_HALF_LIFE_DAYS = 90.0
_MACHINES = ("noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon", "bounce", "notification")


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """An address with the name it goes by and how much it is used; 0 and more, higher is nearer."""

    name: str
    address: str
    score: float


def load_people(user_id: int) -> list[KnownPerson]:
    """Everyone in the newest mail and in the address book, whose names go first; the nearest first."""
    now = timezone.now()
    kept = ContactAddress.objects.filter(user=user_id).order_by("id")
    rows = kept.values_list("comparable", "contact__name", "address")[:CONTACTS]
    names = {key: Address(name if name != address else "", address) for key, name, address in rows}
    scores = dict.fromkeys(names, _CONTACT_SCORE)
    for person, at, weight in _meetings(user_id):
        key = comparable(person.address)
        known = names.get(key)
        if known is None or (person.name and not known.name):
            names[key] = person
        days = max((now - at).total_seconds(), 0.0) / 86_400
        scores[key] = scores.get(key, 0.0) + weight * math.pow(0.5, days / _HALF_LIFE_DAYS)
    ranked = sorted(scores, key=lambda key: (-scores[key], key))
    return [KnownPerson(names[key].name, names[key].address, scores[key]) for key in ranked]


def match_people(people: list[KnownPerson], typed: str, *, limit: int = 8) -> list[KnownPerson]:
    """Those whose name or address has every word that was typed at the beginning of a word, the nearest first.

    >>> anna = KnownPerson("Anna Berg", "anna@nordlicht.example", 1.0)
    >>> match_people([anna], "ber an")[0].name, match_people([anna], "nna")
    ('Anna Berg', [])
    """
    wanted = [word for word in typed.casefold().replace("<", " ").replace('"', " ").split() if word]
    if not wanted:
        return people[:limit]
    return [person for person in people if _matches(person, wanted)][:limit]


def _matches(person: KnownPerson, wanted: list[str]) -> bool:
    address = person.address.casefold()
    local, _, domain = address.partition("@")
    words = [*person.name.casefold().replace("-", " ").split(), address, *local.replace("-", ".").split("."), domain]
    return all(any(word.startswith(piece) for word in words) for piece in wanted)


def _meetings(user_id: int) -> Iterator[tuple[Address, datetime, float]]:
    folders = Folder.objects.filter(account__user_id=user_id, role__in=[Role.SENT, Role.INBOX]).only("id", "role")
    for folder in folders:
        sent = folder.role == Role.SENT
        newest = Placement.objects.filter(folder=folder, shown=True).order_by("-received_at", "-id")
        rows = newest.values_list(
            "received_at",
            "message__from_name",
            "message__from_address",
            "message__recipients",
            "message__facts__list_id",
        )[: SENT_ROWS if sent else RECEIVED_ROWS]
        for at, name, address, recipients, list_id in rows:
            if sent:
                for field in ("to", "cc", "bcc"):
                    for other_name, other in recipients.get(field, ()):
                        if is_address(other):
                            yield Address(other_name, other), at, _SENT_WEIGHT
            elif is_address(address) and not list_id and not _is_machine(address):
                yield Address(name, address), at, _RECEIVED_WEIGHT


def _is_machine(address: str) -> bool:
    local = address.partition("@")[0].casefold()
    return any(word in local for word in _MACHINES)
