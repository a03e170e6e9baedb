"""Which inboxes are to be watched, and the sign of life of those that are. Database room."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Max
from django.db.models.functions import Now

from accounts.models import MailAccount, Protocol
from mailsync.models import AccountSync, Folder
from mailsync.store import throttle
from mailsync.types import Role


@dataclass(frozen=True, slots=True)
class Watched:
    """An account whose inbox is to be watched. ``fingerprint`` changes with anything its login depends on."""

    account_id: int
    folder_id: int
    fingerprint: str


def load_watched(*, limit: int) -> list[Watched]:
    """Active IMAP accounts of active users whose inbox has been read once; those looked at last come first."""
    inboxes = (
        Folder.objects.filter(
            role=Role.INBOX.value,
            missing_since__isnull=True,
            parked_at__isnull=True,
            uidvalidity__isnull=False,
            account__state=MailAccount.State.ACTIVE,
            account__protocol=Protocol.IMAP,
            account__user__is_active=True,
        )
        .exclude(account__in=throttle.halted_accounts())
        .exclude(account__in=throttle.too_few_to_watch())
        .annotate(secret_at=Max("account__credentials__updated_at"))
        .order_by("-account__sync__active_at", "account_id")
        .values_list(
            *("account_id", "id", "path_raw", "secret_at", "account__auth_method"),
            *("account__host", "account__port", "account__security", "account__username"),
        )[:limit]
    )
    return [Watched(row[0], row[1], repr(row[1:])) for row in inboxes]


def stamp_watched(account_ids: Collection[int]) -> None:
    """These connections are alive; their accounts need polling only seldom."""
    AccountSync.objects.filter(account_id__in=list(account_ids)).update(watched_at=Now())
