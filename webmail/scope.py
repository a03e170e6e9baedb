"""Which list is it: a folder, all inboxes, what is flagged, a label, or a search. Screens room, reads only.

A ``Scope`` knows its folders, its filter and its address, so that rows, tabs, pages and the
conversation beside the list all link alike. It is made from the URL alone: links are stable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from urllib.parse import urlencode, urlsplit

from django.http import Http404, QueryDict
from django.urls import resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from mailsync.models import Folder
from mailsync.store.listed import Listing, load_listed
from mailsync.store.listing import AccountTree, Filter, Page, Sort, load_tree
from mailsync.store.outline import Outline, load_outline
from mailsync.store.relevance import load_relevant
from mailsync.store.search import Search, prepare_search
from mailsync.types import Role
from webmail import access
from webmail.addresses import address_of
from webmail.present.labels import label_of
from webmail.reader import Reader

Kind = Literal["folder", "all", "flagged", "label", "search"]
Show = Literal["all", "unread", "flagged", "to-me", "files"]

PAGE_ROWS = 50
SHOWS: dict[Show, Promise] = {
    "all": gettext_lazy("All"),
    "unread": gettext_lazy("Unread"),
    "flagged": gettext_lazy("Flagged"),
    "to-me": gettext_lazy("To me"),
    "files": gettext_lazy("With files"),
}
#: What is offered only to a reader whose lists are keyed.
_KEYED: frozenset[Show] = frozenset({"to-me", "files"})
SORTS: dict[Sort, Promise] = {
    Sort.NEWEST: gettext_lazy("Newest first"),
    Sort.OLDEST: gettext_lazy("Oldest first"),
    Sort.SENDER: gettext_lazy("Sender"),
    Sort.SUBJECT: gettext_lazy("Subject"),
    Sort.LARGEST: gettext_lazy("Largest first"),
}
#: Where flags, search and "all mail" do not look unless asked.
_SET_ASIDE = frozenset({Role.JUNK.value, Role.TRASH.value})


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter or an order of a list: its name in the address, its words, and the list so shown."""

    name: str
    label: Promise
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """``show`` is the filter tab; ``query`` the words of a search or a label's keyword; ``role`` a single folder's.

    ``within`` is the id of the folder that a search is kept to, "" for one everywhere; ``by_relevance`` has the best
    match first. ``is_explicit`` is a list whose address named its filter or order, and goes on doing so: without, what
    was chosen for it before may come in their place. ``has_pinned`` is False where nothing can stay on top of it.
    """

    kind: Kind
    title: str
    path: str
    folders: tuple[Folder, ...]
    show: Show = "all"
    query: str = ""
    within: str = ""
    by_relevance: bool = False
    sort: Sort = Sort.NEWEST
    is_explicit: bool = False
    has_pinned: bool = True

    @property
    def role(self) -> str:
        return self.folders[0].role if self.kind == "folder" else ""

    @property
    def folder_ids(self) -> list[int]:
        return [folder.pk for folder in self.folders]

    @property
    def total(self) -> int | None:
        """Messages in the list, where that is known without counting."""
        if self.kind in ("flagged", "label", "search") or self.show not in ("all", "unread"):
            return None
        return self.unread if self.show == "unread" else sum(folder.total for folder in self.folders)

    @property
    def unread(self) -> int:
        return sum(folder.unread for folder in self.folders)

    def shown(self, show: Show) -> "Scope":
        return replace(self, show=show, is_explicit=True)

    def sorted_by(self, sort: Sort) -> "Scope":
        return replace(self, sort=sort, is_explicit=True)

    def url(self, **extra: object) -> str:
        """The address of this list; ``extra`` as ``before=…`` for a further page."""
        return _with_query(self.path, {**self._own_query(), **extra})

    @property
    def beside(self) -> str:
        """What the address of something that is opened beside this list says of the list: the same for all its rows."""
        return _with_query("", self._context_query())

    def _own_query(self) -> dict[str, object]:
        query: dict[str, object] = {"q": self.query} if self.kind == "search" else {}
        if self.within:
            query["folder"] = self.within
        if self.by_relevance:
            query["sort"] = "relevance"
        if self.sort is not Sort.NEWEST:
            query["sort"] = self.sort.value
        if self.show != "all" or (self.is_explicit and self.sort is Sort.NEWEST):
            query["show"] = self.show
        return query

    def _context_query(self) -> dict[str, object]:
        named: dict[str, object] = {"label": self.query} if self.kind == "label" else {}
        return {**({} if self.kind == "folder" else {"in": self.kind}), **named, **self._own_query()}


def folder_scope(folder: Folder, query: QueryDict) -> Scope:
    path = address_of("folder", folder.pk)
    return _narrowed(Scope("folder", folder_title(folder), path, (folder,)), query)


def unified_scope(tree: Sequence[AccountTree], query: QueryDict) -> Scope:
    inboxes = tuple(_owned(account, account.inbox) for account in tree if account.inbox)
    return _narrowed(Scope("all", _("All inboxes"), reverse("unified"), inboxes), query)


def flagged_scope(tree: Sequence[AccountTree], query: QueryDict) -> Scope:
    return Scope("flagged", _("Flagged"), reverse("flagged"), _everyday(tree), sort=_sort(query))


def label_scope(tree: Sequence[AccountTree], keyword: str) -> Scope:
    """What carries a label, everywhere but in junk and bin, message by message. 404 for what can be none."""
    if not keyword.isprintable():
        raise Http404
    path = reverse("label", args=[keyword])
    return Scope("label", label_of(keyword).text, path, _everyday(tree), query=keyword)


def search_scope(tree: Sequence[AccountTree], query: QueryDict) -> Scope:
    """A search of all mail (the query says whether junk and bin are meant), or kept to the folder ``folder`` names."""
    # A space at the end says that the last word is written to its end: it is kept.
    words = query.get("q", "").lstrip()[:500]
    words = words if words.strip() else ""
    title = _("Results for “%(words)s”") % {"words": words.strip()} if words else _("Search")
    folders = tuple(_owned(entry, line.folder) for entry in tree for line in entry.folders if line.folder.selectable)
    within = next((folder for folder in folders if str(folder.pk) == query.get("folder")), None)
    found = Scope(
        "search", title, reverse("search"), folders, query=words, by_relevance=query.get("sort") == "relevance"
    )
    return found if within is None else replace(found, folders=(within,), within=str(within.pk))


def context_scope(folder: Folder, tree: Sequence[AccountTree], query: QueryDict) -> Scope:
    """The list beside an opened conversation: the one it was opened from, else its folder's own."""
    match query.get("in"):
        case "all":
            return unified_scope(tree, query)
        case "flagged":
            return flagged_scope(tree, query)
        case "label":
            return label_scope(tree, query.get("label", ""))
        case "search":
            return search_scope(tree, query)
        case _:
            # The column was read after what is opened was marked as read: its counts are the newer ones.
            lines = ((entry, line.folder) for entry in tree for line in entry.folders)
            newer = next((_owned(entry, one) for entry, one in lines if one.pk == folder.pk), folder)
            return folder_scope(newer, query)


def load_page(
    scope: Scope, reader: Reader, before: str | None, limit: int = PAGE_ROWS, until: str | None = None
) -> Page:
    """One page of the list, which ends with the row ``until``. A mangled ``before`` shows the first page."""
    if scope.kind == "search":
        if not scope.query:
            return Page((), None)
        if scope.by_relevance:
            return load_relevant(prepared_search(scope, reader), before or "", limit)
        return prepared_search(scope, reader).page(before=before or None, limit=limit)
    return load_listed(reader.user.pk, listing_of(scope, reader), before=before or "", until=until or "", limit=limit)


def listing_of(scope: Scope, reader: Reader) -> Listing:
    """The list as the workers know it, to act on all of it."""
    if scope.kind in ("search", "label"):
        is_search = scope.kind == "search"
        return Listing(
            tuple(scope.folder_ids),
            label="" if is_search else scope.query,
            query=scope.query if is_search else "",
            everywhere=not scope.within,
        )
    which = _filter(scope, reader)
    return Listing(
        tuple(scope.folder_ids),
        by_conversation=which.by_conversation,
        files_only=which.files_only,
        unread_only=which.unread_only,
        flagged_only=which.flagged_only,
        to_me_only=which.to_me_only,
        sort=sort_of(scope, reader).value,
    )


def scope_at(user: User, url: str) -> Scope:
    """The list at this address of ours. Raises 404 where there is none."""
    address = urlsplit(url)
    query = QueryDict(address.query)
    match = resolve(address.path)  # Resolver404 is a 404
    tree = load_tree(user.pk)
    match match.url_name:
        case "folder":
            return folder_scope(access.folder_for(user, match.kwargs["folder_id"]), query)
        case "unified":
            return unified_scope(tree, query)
        case "flagged":
            return flagged_scope(tree, query)
        case "label":
            return label_scope(tree, match.kwargs["keyword"])
        case "search":
            return search_scope(tree, query)
        case _:
            raise Http404


def outline_of(scope: Scope, reader: Reader) -> Outline | None:
    """The whole list's length and keys; None for what is not read from the index of its folders."""
    if scope.kind in ("search", "label"):
        return None
    return load_outline(scope.folder_ids, _filter(scope, reader), sort_of(scope, reader))


def sort_of(scope: Scope, reader: Reader) -> Sort:
    """The order in which this list is read: by time where there are no keys for the one asked for."""
    return scope.sort if reader.is_keyed or not scope.sort.column else Sort.NEWEST


def _filter(scope: Scope, reader: Reader) -> Filter:
    return Filter(
        reader.prefs.conversations,
        unread_only=scope.show == "unread",
        flagged_only=scope.kind == "flagged" or scope.show == "flagged",
        files_only=scope.show == "files" and reader.is_keyed,
        to_me_only=scope.show == "to-me" and reader.is_keyed,
    )


def choices_of(scope: Scope, reader: Reader) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """The filters and the orders of this list, each with its address: those that there are keys for."""
    return _choices_at(replace(scope, title="", folders=()), sort_of(scope, reader), reader.is_keyed)


# Written once: a list is looked at again and again, and its addresses are always the same.
@lru_cache(1024)
def _choices_at(scope: Scope, shown_as: Sort, is_keyed: bool) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """Of the address alone: the scope has no folders."""
    shows = [show for show in SHOWS if is_keyed or show not in _KEYED]
    sorts = [sort for sort in SORTS if is_keyed or not sort.column]
    return (
        tuple(Choice(show, SHOWS[show], scope.shown(show).url(), scope.show == show) for show in shows),
        tuple(Choice(sort.value, SORTS[sort], scope.sorted_by(sort).url(), sort is shown_as) for sort in sorts),
    )


def prepared_search(scope: Scope, reader: Reader) -> Search:
    """The search of this scope, made ready for the reader's mailbox."""
    asked = (scope.query, scope.within)
    if asked not in reader.searches:
        reader.searches[asked] = prepare_search(reader.user.pk, scope.query, scope.folder_ids if scope.within else None)
    return reader.searches[asked]


def folder_title(folder: Folder) -> str:
    """What a folder is called on the screen: roles in plain words, else its own name.

    >>> folder_title(Folder(name="INBOX", role="inbox"))
    'Inbox'
    """
    return str(ROLE_TITLES.get(folder.role, "")) or folder.name


ROLE_TITLES: dict[str, Promise | str] = {
    Role.INBOX.value: gettext_lazy("Inbox"),
    Role.SENT.value: gettext_lazy("Sent"),
    Role.DRAFTS.value: gettext_lazy("Drafts"),
    Role.ARCHIVE.value: pgettext_lazy("folder", "Archive"),
    Role.JUNK.value: gettext_lazy("Junk"),
    Role.TRASH.value: gettext_lazy("Bin"),
    Role.ALL.value: gettext_lazy("All mail"),
    Role.FLAGGED.value: gettext_lazy("Flagged on the server"),
    Role.IMPORTANT.value: gettext_lazy("Important"),
    Role.SNOOZED.value: gettext_lazy("Snoozed"),
}


def _everyday(tree: Sequence[AccountTree]) -> tuple[Folder, ...]:
    return tuple(
        _owned(account, line.folder)
        for account in tree
        for line in account.folders
        if line.folder.selectable and line.folder.role not in _SET_ASIDE
    )


def _owned(entry: AccountTree, folder: Folder) -> Folder:
    """The folder with its account loaded, as the tree has both."""
    folder.account = entry.account
    return folder


def _show(query: QueryDict) -> Show:
    show = query.get("show", "all")
    if show not in SHOWS:
        raise Http404
    return show


def _sort(query: QueryDict) -> Sort:
    """Another word is no fault of the reader: a search's ``relevance`` is none of a folder's orders."""
    name = query.get("sort", "")
    return Sort(name) if name in SORTS else Sort.NEWEST


def _narrowed(scope: Scope, query: QueryDict) -> Scope:
    return replace(scope, show=_show(query), sort=_sort(query), is_explicit="show" in query or "sort" in query)


def _with_query(path: str, query: dict[str, object]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
