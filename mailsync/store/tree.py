"""The folder tree of a user: accounts with their health, folders with their counts. Database room; three queries."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import F

from accounts.models import MailAccount
from accounts.ready import ReadyQuery
from mailsync.models import AccountSync, AutoReply, Folder, Halt
from mailsync.store import throttle
from mailsync.store.folder_paths import shown_paths, with_wishes
from mailsync.types import Role

Health = Literal["ok", "syncing", "failing", "needs_user", "paused"]

#: The order of folders with a role; those without follow by path.
ROLE_ORDER = (
    *(Role.INBOX, Role.FLAGGED, Role.IMPORTANT, Role.SNOOZED),
    *(Role.DRAFTS, Role.SENT, Role.ARCHIVE, Role.ALL),
)
LAST_ROLES = (Role.JUNK, Role.TRASH)


@dataclass(frozen=True, slots=True)
class FolderLine:
    """A folder in the tree: ``depth`` 0 at the top of the account; ``folder.name`` is its label."""

    folder: Folder
    depth: int
    has_children: bool = False


@dataclass(frozen=True, slots=True)
class AccountTree:
    """An account and its folders in the order of display; ``sync`` is None before the first connection, ``auto_reply``
    before one was written."""

    account: MailAccount
    sync: AccountSync | None
    folders: tuple[FolderLine, ...]
    health: Health
    health_text: str
    auto_reply: AutoReply | None = None

    def folder(self, role: Role) -> Folder | None:
        """The folder with this role, or None."""
        return next((line.folder for line in self.folders if line.folder.role == role), None)

    @property
    def inbox(self) -> Folder | None:
        return self.folder(Role.INBOX)

    @property
    def unread(self) -> int:
        """Unread in the inbox."""
        return self.inbox.unread if self.inbox else 0


_ACCOUNTS = ReadyQuery(
    lambda user: (
        MailAccount.objects.filter(user_id=user)
        .select_related("sync", "outgoing_server", "auto_reply")
        .defer("auto_reply__text", "auto_reply__html")
        .order_by("position", "id")
    )
)
_FOLDERS = ReadyQuery(
    lambda user: with_wishes(Folder.objects.filter(account__user_id=user, missing_since__isnull=True)).order_by(
        F("account_id"), F("path")
    )
)


def load_tree(user_id: int) -> list[AccountTree]:
    """All accounts of a user, in the user's order, with the folders the server still lists."""
    accounts = _ACCOUNTS.all(user_id)
    folders: dict[int, list[Folder]] = {account.id: [] for account in accounts}
    for folder in _FOLDERS.all(user_id):
        folders[folder.account_id].append(folder)
    halts = throttle.load_halts()
    return [_account_tree(account, folders[account.id], halts) for account in accounts]


#: What ``account_health`` calls "ok", asked of the database alone, for the account ``a``; a halt, whomever it concerns,
#: is left to ``account_health``.
QUIET = f"""(
    NOT EXISTS (SELECT FROM mailsync_halt) AND a.state = '{MailAccount.State.ACTIVE.value}'
    AND EXISTS (SELECT FROM mailsync_accountsync s
                 WHERE s.account_id = a.id AND s.failures <= 2 AND s.last_success_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM mailsync_folder q
                     WHERE q.account_id = a.id AND q.missing_since IS NULL AND q.parked_at IS NULL
                       AND q.selectable AND NOT q.is_local
                       AND (q.header_cursor IS NULL OR q.header_cursor > 1 OR q.bodies_pending > 0))
    AND NOT EXISTS (SELECT FROM mailsync_folder q
                     WHERE q.account_id = a.id AND q.missing_since IS NULL AND q.role = '{Role.INBOX.value}'
                       AND NOT q.is_local AND q.last_error <> '' AND (q.failures > 2 OR q.parked_at IS NOT NULL)))
"""  # noqa: S608  ours


def _account_tree(account: MailAccount, folders: list[Folder], halts: list[Halt]) -> AccountTree:
    sync: AccountSync | None = getattr(account, "sync", None)
    health, text = account_health(account, sync, folders, throttle.halt_of(account, halts))
    return AccountTree(account, sync, _lines(folders), health, text, getattr(account, "auto_reply", None))


def _lines(folders: list[Folder]) -> tuple[FolderLine, ...]:
    """Roles first, then by path with children below their parents; junk and trash last."""
    paths = shown_paths(folders)
    by_path = {paths[folder.pk]: folder for folder in folders}

    def ancestors(folder: Folder) -> list[Folder]:
        """The listed folders above this one, outermost first. Children of INBOX stand at the top."""
        path = paths[folder.pk]
        parts = path.split(folder.delimiter) if folder.delimiter else [path]
        above = [by_path.get(folder.delimiter.join(parts[:count])) for count in range(1, len(parts))]
        return [parent for parent in above if parent is not None and parent.role != Role.INBOX]

    def rank(folder: Folder) -> tuple[int, str]:
        if folder.role in ROLE_ORDER:
            return (ROLE_ORDER.index(Role(folder.role)), "")
        return (len(ROLE_ORDER) + (folder.role in LAST_ROLES), folder.name.casefold())

    chains = {folder.id: [*ancestors(folder), folder] for folder in folders}
    ordered = sorted(folders, key=lambda folder: [(*rank(step), paths[step.pk]) for step in chains[folder.id]])
    parents = {chain[-2].id for chain in chains.values() if len(chain) > 1}
    return tuple(FolderLine(folder, len(chains[folder.id]) - 1, folder.id in parents) for folder in ordered)


def account_health(
    account: MailAccount, sync: AccountSync | None, folders: list[Folder], halt: Halt | None
) -> tuple[Health, str]:
    """The state of the account in one word and in a sentence for its user."""
    if halt is not None:
        return "paused", throttle.halt_words(halt)
    if account.state == MailAccount.State.NEEDS_USER:
        return "needs_user", account.state_reason
    if account.state == MailAccount.State.PAUSED:
        return "paused", account.state_reason or "Paused: no mail is fetched or sent from this account."
    if sync is not None and sync.failures > 2 and sync.last_error:
        return "failing", sync.last_error
    inbox = next((f for f in folders if f.role == Role.INBOX and not f.is_local and f.last_error), None)
    if inbox is not None and (inbox.failures > 2 or inbox.parked_at is not None):
        return "failing", inbox.last_error
    remote = [f for f in folders if f.selectable and not f.is_local and f.parked_at is None]
    left = sum(1 for folder in remote if folder.header_cursor != 1 or folder.bodies_pending)
    if sync is None or sync.last_success_at is None or left:
        missing = sum(folder.bodies_pending for folder in remote)
        text = f"Fetching mail: {missing} messages to go." if missing else "Fetching mail for the first time."
        return "syncing", text
    return "ok", ""
