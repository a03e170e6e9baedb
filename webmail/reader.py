"""Who is reading: the addresses that are "me", the clock in the reader's zone, how mail is wanted.

Screens room. At most one query a request; everything that presents mail takes a ``Reader`` and asks nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.http import HttpRequest
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from mailsync.store.ownership import Owned, load_owned
from mailsync.store.search import Search

MOST_PAGE_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class Reader:
    """``mine`` holds the reader's own addresses in lower case; ``accounts`` says how many mailboxes there are.

    ``hues`` are the colours of labels that the reader chose, by keyword in lower case. ``is_keyed``: their lists can be
    sorted and narrowed by all there is; a short while after conversations were switched off, not yet.
    """

    user: User
    mine: frozenset[str]
    accounts: int
    now: datetime
    prefs: preferences.Preferences
    hues: Mapping[str, int]
    is_keyed: bool
    #: What has been made ready in this request, by words and folder: rows, their head and excerpts ask for the same.
    searches: dict[tuple[str, str], Search] = field(default_factory=dict, compare=False)


def user_of(request: HttpRequest) -> User:
    """The signed-in user of a view that requires one."""
    return cast(User, request.user)


def page_of(request: HttpRequest) -> str:
    """What an open page calls itself, to know its own acts again; empty where it has no such name."""
    name = request.headers.get("Heron-Page", "")
    return name if name.isascii() and name.isalnum() and len(name) <= MOST_PAGE_CHARACTERS else ""


def reader_of(request: HttpRequest, owned: Owned | None = None) -> Reader:
    """One query, unless it has been asked already what is theirs."""
    user = user_of(request)
    owned = owned or load_owned(user.pk)
    prefs = preferences.load(user)
    return Reader(
        user=user,
        mine=owned.addresses | {user.email.lower()},
        accounts=owned.accounts,
        now=timezone.localtime(),
        prefs=prefs,
        hues=owned.hues,
        is_keyed=prefs.conversations or owned.by_message,
    )
