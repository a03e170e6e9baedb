"""What a list says above its rows: accounts in trouble, automatic replies, messages that nobody answers, a first pull
on its way. No queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from mailsync.store.auto_replies import is_answering
from mailsync.store.listing import AccountTree
from webmail.present.follow_ups import Unanswered
from webmail.present.said import said
from webmail.scope import Scope


@dataclass(frozen=True, slots=True)
class Trouble:
    """An account that does not work: what is wrong, since when, and whether its user can mend it."""

    account_id: int
    address: str
    text: str
    since: datetime | None
    kind: Literal["needs_user", "failing", "paused"]


@dataclass(frozen=True, slots=True)
class Fetching:
    """A first pull: ``fetched`` of ``expected`` messages; ``expected`` 0 when the server has not said yet."""

    account_id: int
    address: str
    fetched: int
    expected: int


@dataclass(frozen=True, slots=True)
class Away:
    """An account that answers by itself just now; ``until`` is the last day it does."""

    account_id: int
    address: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Notices:
    troubles: tuple[Trouble, ...]
    fetching: tuple[Fetching, ...]
    away: tuple[Away, ...]
    unanswered: Unanswered | None


def present_notices(
    tree: Sequence[AccountTree], scope: Scope, now: datetime, unanswered: Unanswered | None = None
) -> Notices:
    """Only what concerns the accounts of this list; the others show their health in the column. ``now`` is in the
    reader's zone."""
    concerned = {folder.account_id for folder in scope.folders}
    entries = [entry for entry in tree if entry.account.pk in concerned or scope.kind != "folder"]
    troubles = tuple(
        Trouble(
            entry.account.pk,
            entry.account.address,
            said(entry.health_text),
            _since(entry),
            entry.health,
        )
        for entry in entries
        if entry.health == "needs_user" or entry.health == "failing" or entry.health == "paused"
    )
    away = tuple(
        Away(entry.account.pk, entry.account.address, entry.auto_reply.last_day)
        for entry in entries
        if entry.auto_reply is not None and is_answering(entry.auto_reply, now)
    )
    fetching = tuple(_fetching(entry) for entry in entries if _is_first_pull(entry))
    return Notices(troubles, fetching, away, unanswered)


def _since(entry: AccountTree) -> datetime | None:
    if entry.health == "failing":
        return entry.sync.last_error_at if entry.sync else None
    return entry.account.state_since


def _is_first_pull(entry: AccountTree) -> bool:
    """Headers still run downwards in some folder. Bodies that are yet to come are no news to the reader."""
    if entry.health != "syncing":
        return False
    remote = [line.folder for line in entry.folders if line.folder.selectable and not line.folder.is_local]
    return not remote or any(folder.header_cursor != 1 for folder in remote)


def _fetching(entry: AccountTree) -> Fetching:
    remote = [line.folder for line in entry.folders if line.folder.selectable and not line.folder.is_local]
    fetched = sum(folder.total for folder in remote)
    expected = sum(max(folder.exists_seen or 0, folder.total) for folder in remote)
    return Fetching(entry.account.pk, entry.account.address, fetched, expected)
