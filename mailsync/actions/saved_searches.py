"""Searches kept under a name, and forgotten. In: the user and what they typed. Raises ``NotYours`` and ``CannotDo``."""

from accounts.models import User
from mailsync.actions.owned import NotYours
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Folder, SavedSearch

#: The column lists them all.
_MOST = 50


@verb
def save_search(user_id: int, name: str, query: str, folder_id: int | None = None) -> SavedSearch:
    """Keep a query, in the place of one of the same name. Without a name it is called as it is written."""
    query = query.strip()
    name = " ".join(name.split()) or query[:60]
    if not query:
        raise CannotDo("Type what to search for first.", field="q")
    if len(name) > 60 or len(query) > 500:
        raise CannotDo("This name or search is too long: a name has 60 characters at most, a search 500.", field="name")
    if folder_id is not None and not Folder.objects.filter(pk=folder_id, account__user_id=user_id).exists():
        raise NotYours
    # One at a time, so that a second click finds the first one's row.
    User.objects.select_for_update().get(pk=user_id)
    mine = SavedSearch.objects.filter(user_id=user_id)
    found = mine.filter(name__iexact=name).first()
    if found is None and mine.count() >= _MOST:
        raise CannotDo("There are 50 saved searches already. Remove one first.", field="name")
    found = found or SavedSearch(user_id=user_id)
    found.name, found.query, found.folder_id, found.lost_folder = name, query, folder_id, ""
    found.save()
    return found


def forget_search(user_id: int, saved_id: int) -> None:
    """Twice is no error: the second finds nothing left to do."""
    SavedSearch.objects.filter(pk=saved_id, user_id=user_id).delete()
