"""Who is reading: the addresses that are "me", the clock in the reader's zone, how mail is wanted.

Screens room. One query a request; everything that presents mail takes a ``Reader`` and asks nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.db.models import Value
from django.http import HttpRequest
from django.utils import timezone

from accounts import preferences
from accounts.models import Identity, MailAccount, User
from mailsync.models import Label


@dataclass(frozen=True, slots=True)
class Reader:
    """``mine`` holds the reader's own addresses in lower case; ``accounts`` says how many mailboxes there are.

    ``hues`` are the colours of labels that the reader chose, by keyword in lower case.
    """

    user: User
    mine: frozenset[str]
    accounts: int
    now: datetime
    prefs: preferences.Preferences
    hues: Mapping[str, int]


def user_of(request: HttpRequest) -> User:
    """The signed-in user of a view that requires one."""
    return cast(User, request.user)


def reader_of(request: HttpRequest) -> Reader:
    user = user_of(request)
    addresses = MailAccount.objects.filter(user=user).values_list("address", "pk", Value("address"))
    identities = Identity.objects.filter(user=user).values_list("address", "account_id", Value("address"))
    colours = Label.objects.filter(user=user, hue__isnull=False).values_list("keyword", "hue", Value("colour"))
    rows = list(addresses.union(identities, colours))
    owned = [(text.lower(), account) for text, account, kind in rows if kind == "address"]
    return Reader(
        user=user,
        mine=frozenset({user.email.lower(), *(address for address, _account in owned)}),
        accounts=len({account for _address, account in owned}),
        now=timezone.localtime(),
        prefs=preferences.load(user),
        hues={text.lower(): hue for text, hue, kind in rows if kind == "colour"},
    )
