"""Searches remembered to be offered again, and forgotten. In: the user and what they typed."""

from django.utils import timezone

from accounts import preferences
from accounts.models import User
from mailsync.actions.verb import verb
from mailsync.models import RecentSearch
from mailsync.store.recent_searches import MOST_RECENT


@verb
def remember_search(user_id: int, query: str) -> None:
    """Keep a query as the newest; of one that is typed on and on (``lun``, ``lunch``) only the last.

    Nothing is kept of a person who does not want it.
    """
    query = " ".join(query.split())
    if not query or len(query) > 500:
        return
    # Under the person's lock: two windows may search at once, or the switch be turned off meanwhile.
    user = User.objects.select_for_update().get(pk=user_id)
    if not preferences.load(user).recent_searches:
        return
    mine = RecentSearch.objects.filter(user_id=user_id)
    newest = mine.order_by("-used_at", "-id").first()
    if newest is not None and query.startswith(newest.query):
        newest.delete()
    mine.update_or_create(user_id=user_id, query=query, defaults={"used_at": timezone.now()})
    kept = mine.order_by("-used_at", "-id").values("id")[:MOST_RECENT]
    mine.exclude(id__in=list(kept.values_list("id", flat=True))).delete()


@verb
def forget_recent_searches(user_id: int, recent_id: int | None = None) -> None:
    """One of them, or all. Twice is no error."""
    mine = RecentSearch.objects.filter(user_id=user_id)
    (mine if recent_id is None else mine.filter(pk=recent_id)).delete()
