"""Whom a person knows, kept for as long as one address or one search is typed. Screens room, reads only."""

from django.core.cache import cache

from mailsync.message.addresses import comparable
from mailsync.store.contact_groups import Group, load_groups
from mailsync.store.people import CONTACTS, KnownPerson, load_people, match_contacts, match_people

#: One look at the mail serves all the keys of one address.
KEPT_SECONDS = 60


def known_people(user_id: int) -> list[KnownPerson]:
    """The nearest first."""
    key = f"people:{user_id}"
    kept: list[tuple[str, str, float]] | None = cache.get(key)
    if kept is None:
        kept = [(one.name, one.address, one.score) for one in load_people(user_id)]
        cache.set(key, kept, KEPT_SECONDS)
    return [KnownPerson(*one) for one in kept]


def offered_groups(user_id: int, typed: str, *, limit: int = 3) -> list[Group]:
    """The groups of which each word that was typed begins a word."""
    key = f"groups:{user_id}"
    kept: list[tuple[str, int]] | None = cache.get(key)
    if kept is None:
        kept = [(one.name, one.count) for one in load_groups(user_id)]
        cache.set(key, kept, KEPT_SECONDS)
    wanted = typed.casefold().split()
    found = [Group(*one) for one in kept if wanted and _begins(one[0].casefold().split(), wanted)]
    return found[:limit]


def _begins(words: list[str], wanted: list[str]) -> bool:
    return all(any(word.startswith(piece) for word in words) for piece in wanted)


def offered_people(user_id: int, typed: str, *, limit: int = 8) -> list[KnownPerson]:
    """Whom what was typed may mean, the nearest first; of a very long address book those who are not near, too."""
    known = known_people(user_id)
    found = match_people(known, typed, limit=limit)
    if len(known) >= CONTACTS and len(found) < limit:
        told = {comparable(one.address) for one in found}
        more = match_contacts(user_id, typed, limit=limit)
        found += [one for one in more if comparable(one.address) not in told]
    return found[:limit]
