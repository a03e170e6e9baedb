"""Groups of people one writes to together: a word that contacts bear, as vCard's CATEGORIES. Database room.

In: a user and the name of a group. Out: the groups with their sizes, whom a message to one goes to, and the people
with the word put on them, taken off them, or spelled anew. A group without people is none.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models import Func, QuerySet, TextField, Value
from django.db.models.functions import Lower
from django.utils import timezone

from mailsync.models import Contact, ContactAddress
from mailsync.types import Address


@dataclass(frozen=True, slots=True)
class Group:
    """``count`` is how many people bear the name."""

    name: str
    count: int


def load_groups(user_id: int) -> list[Group]:
    """By name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, count(*) FROM mailsync_contact, unnest(groups) AS word"
            " WHERE user_id = %s GROUP BY word ORDER BY lower(word), word",
            [user_id],
        )
        return [Group(*row) for row in cursor.fetchall()]


def spelled(user_id: int, name: str) -> str:
    """The name as a group that is there already writes it, else as it was typed."""
    known = {group.name.casefold(): group.name for group in load_groups(user_id)}
    return known.get(name.casefold(), name)


def members(user_id: int, name: str) -> list[Address]:
    """Whom a message to the group goes to: the first address of each, by name; who has none cannot be written to."""
    people = Contact.objects.filter(user=user_id, groups__contains=[name])
    rows = ContactAddress.objects.filter(contact__in=people).order_by(Lower("contact__name"), "contact", "id")
    first: dict[int, Address] = {}
    for contact_id, who, address in rows.values_list("contact", "contact__name", "address"):
        first.setdefault(contact_id, Address(who if who != address else "", address))
    return list(first.values())


def join(user_id: int, contact_ids: Collection[int], name: str) -> int:
    """Put people into a group; returns how many were not in it."""
    people = _people(user_id).filter(pk__in=contact_ids).exclude(groups__contains=[name])
    word = Value(name, output_field=TextField())
    return people.update(groups=Func("groups", word, function="array_append"), updated_at=timezone.now())


def leave(user_id: int, name: str, contact_ids: Collection[int] | None = None) -> int:
    """Take these people out of a group, or all of them; returns how many."""
    people = _people(user_id).filter(groups__contains=[name])
    if contact_ids is not None:
        people = people.filter(pk__in=contact_ids)
    word = Value(name, output_field=TextField())
    return people.update(groups=Func("groups", word, function="array_remove"), updated_at=timezone.now())


def rename(user_id: int, old: str, new: str) -> int:
    """Call a group otherwise; where there is one of that name, the two become one."""
    ids = list(_people(user_id).filter(groups__contains=[old]).values_list("pk", flat=True))
    leave(user_id, old)
    join(user_id, ids, new)
    return len(ids)


def _people(user_id: int) -> QuerySet[Contact]:
    return Contact.objects.filter(user=user_id)
