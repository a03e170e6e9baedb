"""Whom a person knows, kept for as long as one address or one search is typed. Screens room, reads only."""

from django.core.cache import cache

from mailsync.store.people import KnownPerson, load_people

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
