"""Which filter and which order a list opens with: what its address names, else what was chosen last. Screens room.

A choice made on a page of ours is kept, with the person and the list; an address that came from elsewhere, a link in a
letter or a bookmark, is shown as it says and changes nothing.
"""

from dataclasses import replace

from django.http import HttpRequest

from mailsync.store.list_choices import Chosen, load_unified_choice, record_list_choice
from mailsync.store.listing import Sort
from mailsync.store.opened_list import OpenedList
from webmail.reader import user_of
from webmail.scope import SHOWS, SORTS, Scope, Show

_USUAL = Chosen("all", Sort.NEWEST.value)


def as_chosen(request: HttpRequest, scope: Scope, opened: OpenedList | None = None) -> Scope:
    """The list of this address as it is to be shown, of all inboxes or of the folder opened.

    Further rows of a list come as their own address says.
    """
    if request.htmx.target in ("rows", "outline"):  # type: ignore[attr-defined]
        return scope
    user_id = user_of(request).pk
    folder_id = opened.folder.pk if opened else None
    kept = opened.chosen if opened else load_unified_choice(user_id)
    if not scope.is_explicit:
        return _shown_as(scope, kept) if kept else scope
    named = Chosen(scope.show, scope.sort.value)
    # Fetch Metadata: the browser itself says that a page of this site has asked.
    is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if is_ours and named != (kept or _USUAL):
        record_list_choice(user_id, folder_id, named)
    return scope


def _shown_as(scope: Scope, kept: Chosen) -> Scope:
    """What an older Heron, or a newer one, offered and this one does not counts as not chosen."""
    show: Show = next((one for one in SHOWS if one == kept.show), "all")
    sort = Sort(kept.sort) if kept.sort in SORTS else Sort.NEWEST
    return replace(scope, show=show, sort=sort, is_explicit=True)
