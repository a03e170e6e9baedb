"""Who is reading: the addresses that are "me", the clock in the reader's zone, how mail is wanted.

Screens room. One query a request; everything that presents mail takes a ``Reader`` and asks nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.http import HttpRequest
from django.utils import timezone

from accounts import preferences
from accounts.models import Identity, MailAccount, User


@dataclass(frozen=True, slots=True)
class Reader:
    """``mine`` holds the reader's own addresses in lower case; ``accounts`` says how many mailboxes there are."""

    user: User
    mine: frozenset[str]
    accounts: int
    now: datetime
    prefs: preferences.Preferences


def user_of(request: HttpRequest) -> User:
    """The signed-in user of a view that requires one."""
    return cast(User, request.user)


def reader_of(request: HttpRequest) -> Reader:
    user = user_of(request)
    owned = MailAccount.objects.filter(user=user).values_list("address", "pk")
    rows = list(owned.union(Identity.objects.filter(user=user).values_list("address", "account_id")))
    mine = frozenset({user.email.lower(), *(address.lower() for address, _ in rows)})
    return Reader(user, mine, len({account for _, account in rows}), timezone.localtime(), preferences.load(user))
