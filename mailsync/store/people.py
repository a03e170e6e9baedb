"""Who one writes with: addresses from the newest mail and the address book, ranked by use and by how recent it is.

Database room. In: a user and what they typed. Out: addresses to offer. Reads at most ``SENT_ROWS`` messages of each
Sent folder and ``RECEIVED_ROWS`` of each inbox, by the index of the list, however large the folders are; of more than
``_WHOLE_FOLDERS`` accounts fewer of each.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from mailsync.message.addresses import comparable, is_address
from mailsync.models import ContactAddress, Folder
from mailsync.types import Address, Role

SENT_ROWS = 400
RECEIVED_ROWS = 800
CONTACTS = 5_000
#: More accounts than these share what may be read of so many; but of each at least a page.
_WHOLE_FOLDERS, _LEAST_ROWS = 5, 50
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


def match_contacts(user_id: int, typed: str, *, limit: int = 8) -> list[KnownPerson]:
    """The same of an address book that is longer than what ``load_people`` reads of it, by name.

    It is gone through, as no index knows where words begin: to be asked where nobody else was found.
    """
    wanted = typed.casefold().split()
    rows = ContactAddress.objects.filter(user=user_id)
    for word in wanted:
        rows = rows.filter(Q(contact__name__icontains=word) | Q(address__icontains=word))
    found = []
    for name, address in rows.order_by("contact__name", "id").values_list("contact__name", "address").iterator():
        person = KnownPerson(name if name != address else "", address, _CONTACT_SCORE)
        if wanted and _matches(person, wanted):
            found.append(person)
        if len(found) == limit:
            break
    return found


def _matches(person: KnownPerson, wanted: list[str]) -> bool:
    address = person.address.casefold()
    local, _, domain = address.partition("@")
    words = [*person.name.casefold().replace("-", " ").split(), address, *local.replace("-", ".").split("."), domain]
    return all(any(word.startswith(piece) for word in words) for piece in wanted)


# By the index of each folder's list, and each message by its key: merely joined, all messages might be gone through.
_MEETINGS = """
    SELECT w.sent, p.received_at, m.from_name, m.from_address, m.recipients, m.facts ? 'list_id'
      FROM unnest(%s::bigint[], %s::bool[], %s::int[]) AS w (folder_id, sent, most)
     CROSS JOIN LATERAL (SELECT message_id, received_at FROM mailsync_placement
                          WHERE folder_id = w.folder_id AND shown
                          ORDER BY received_at DESC, id DESC LIMIT w.most) AS p
     CROSS JOIN LATERAL (SELECT from_name, from_address, recipients, facts FROM mailsync_message
                          WHERE id = p.message_id OFFSET 0) AS m
"""


def _meetings(user_id: int) -> Iterator[tuple[Address, datetime, float]]:
    folders = Folder.objects.filter(account__user_id=user_id, role__in=[Role.SENT, Role.INBOX])
    found = [(pk, role == Role.SENT) for pk, role in folders.values_list("pk", "role")]
    if not found:
        return
    sents = sum(is_sent for _, is_sent in found)
    most = {True: _share(SENT_ROWS, sents), False: _share(RECEIVED_ROWS, len(found) - sents)}
    ids, are_sent = zip(*found, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_MEETINGS, [list(ids), list(are_sent), [most[is_sent] for is_sent in are_sent]])
        rows = cursor.fetchall()
    for is_sent, at, name, address, recipients, is_list in rows:
        if is_sent:
            told = json.loads(recipients)
            for field in ("to", "cc", "bcc"):
                for other_name, other in told.get(field, ()):
                    if is_address(other):
                        yield Address(other_name, other), at, _SENT_WEIGHT
        elif is_address(address) and not is_list and not _is_machine(address):
            yield Address(name, address), at, _RECEIVED_WEIGHT


def _share(rows: int, folders: int) -> int:
    """How many messages are read of each of so many folders.

    >>> _share(800, 1), _share(800, 10), _share(800, 200)
    (800, 400, 50)
    """
    return min(rows, max(_LEAST_ROWS, rows * _WHOLE_FOLDERS // max(folders, 1)))


def _is_machine(address: str) -> bool:
    local = address.partition("@")[0].casefold()
    return any(word in local for word in _MACHINES)
