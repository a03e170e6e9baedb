"""The folders of an account, after the server's LIST. Database room.

In: what LIST gave. Out: rows made, changed, or marked missing. Nothing is deleted here: a folder that
LIST leaves out is marked ``missing_since`` and drops out of the tree; an empty or unusable LIST
changes nothing at all. Each role belongs to one folder of the account.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.errors import LeaseLost
from mailsync.message.plain import plain
from mailsync.models import Change, Folder
from mailsync.store import leases, led_elsewhere
from mailsync.store.search_names import searches_follow
from mailsync.types import RemoteFolder, Role, SelectedFolder

#: The cursors of a folder of which no UID is known.
_FROM_THE_START: dict[str, Any] = {
    "uidnext_seen": None,
    "highestmodseq": None,
    "exists_seen": None,
    "header_cursor": None,
    "flags_cursor": 0,
    "deep_scan_at": None,
    "modseq_trusted": True,
}


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """A folder row and what LIST said of it in this pass."""

    folder: Folder
    remote: RemoteFolder


def apply_list(lease: leases.HeldLease, listed: Sequence[RemoteFolder]) -> list[ListedFolder]:
    """Bring the rows into step with LIST; returns the folders that can be selected. Raises ``LeaseLost``."""
    usable = {plain(remote.path): remote for remote in listed if remote.path}
    if not any(remote.selectable for remote in usable.values()):
        return []
    with leases.commit(lease):
        rows = {
            folder.path: folder
            for folder in Folder.objects.filter(account_id=lease.account_id, is_local=False)
            .select_for_update(no_key=True)
            .order_by("id")
        }
        pending = _Pending.load(lease.account_id)
        with _as_they_are_named(lease.account_id, rows, usable):
            roles = _one_each(usable)
            _follow_renames(rows, usable, pending, roles)
            _bring_all_in_step(lease.account_id, rows, usable, pending, roles)
            made = led_elsewhere.make_folders([rows[path] for path in rows if path not in usable], usable)
        gone = [
            folder.pk
            for path, folder in rows.items()
            if path not in usable and folder.missing_since is None and folder.pk not in pending.created | made
        ]
        Folder.objects.filter(pk__in=gone).update(missing_since=Now(), due_at=None)
        # What the earlier server's folder was for is asked until its mail has found a place.
        Folder.objects.filter(pk__in=gone, led_epoch=None).update(role="")
    return [
        ListedFolder(rows[path], remote)
        for path, remote in usable.items()
        if remote.selectable and rows[path].pk not in pending.deleted
    ]


def _as_they_are_named(account_id: int, rows: Collection[str], usable: Collection[str]) -> AbstractContextManager[None]:
    """Searches follow folders whose names may have changed: some are there no more, and others have come."""
    if not (set(rows) - set(usable) and set(usable) - set(rows)):
        return nullcontext()
    return searches_follow(MailAccount.objects.values_list("user_id", flat=True).get(pk=account_id))


@dataclass(frozen=True, slots=True)
class _Pending:
    """What the user has done to folders and the server has yet to learn: it wins over LIST, by folder id."""

    created: frozenset[int]
    deleted: frozenset[int]
    renamed: dict[int, str]
    subscribed: frozenset[int]
    #: Old path, with delimiter, to new: what lies below goes along.
    below: dict[str, str]

    @classmethod
    def load(cls, account_id: int) -> "_Pending":
        kinds = Change.Kind
        rows = Change.objects.filter(
            account_id=account_id,
            kind__in=Change.OF_FOLDERS,
            state__in=Change.OPEN,
            finished_at__isnull=True,
        ).values_list("kind", "source_id", "target_id", "path", "source__path", "source__delimiter")
        return cls(
            created=frozenset(row[2] for row in rows if row[0] == kinds.FOLDER_CREATE and row[2]),
            deleted=frozenset(row[1] for row in rows if row[0] == kinds.FOLDER_DELETE and row[1]),
            renamed={row[1]: row[3] for row in rows if row[0] == kinds.FOLDER_RENAME and row[1]},
            subscribed=frozenset(row[1] for row in rows if row[0] == kinds.SUBSCRIBE and row[1]),
            below={row[4] + row[5]: row[3] + row[5] for row in rows if row[0] == kinds.FOLDER_RENAME and row[5]},
        )


def _follow_renames(
    rows: dict[str, Folder], usable: dict[str, RemoteFolder], pending: _Pending, roles: Mapping[str, Role]
) -> None:
    """A folder that was renamed keeps its row, and with it its messages, wherever that can be told.

    Ours has just arrived there, or another client's: one folder went and one came, with the same
    UIDVALIDITY, UIDNEXT and count, and it holds mail; or another server calls it otherwise. Where two
    would fit, none does. What only looks alike is told apart when it is opened, which is soon.
    """
    went = {path: folder for path, folder in rows.items() if path not in usable}
    came = [path for path in usable if path not in rows]

    def fits(folder: Folder, path: str) -> bool:
        role = roles.get(path, Role.NONE)
        return _is_renamed(folder, path, usable[path], pending) or led_elsewhere.is_same(folder, usable[path], role)

    targets = {path: [folder for folder in went.values() if fits(folder, path)] for path in came}
    for path, fitting in targets.items():
        if len(fitting) != 1 or sum(fitting[0] in others for others in targets.values()) != 1:
            continue
        folder = rows.pop(fitting[0].path)
        folder.path, folder.deep_scan_at = path, None
        folder.save(update_fields=["path", "deep_scan_at"])
        rows[path] = folder


def _is_renamed(folder: Folder, path: str, remote: RemoteFolder, pending: _Pending) -> bool:
    if pending.renamed.get(folder.pk) == path:
        return True
    if any(folder.path.startswith(old) and path == new + folder.path[len(old) :] for old, new in pending.below.items()):
        return True
    status = remote.status
    return (
        status is not None
        and bool(status.messages)
        and folder.uidvalidity is not None
        and (status.uidvalidity, status.uidnext, status.messages)
        == (folder.uidvalidity, folder.uidnext_seen, folder.exists_seen)
    )


def _bring_all_in_step(
    account_id: int,
    rows: dict[str, Folder],
    usable: dict[str, RemoteFolder],
    pending: _Pending,
    roles: Mapping[str, Role],
) -> None:
    for path, remote in usable.items():
        folder = rows.get(path)
        if folder is None or folder.pk not in pending.deleted:
            role = roles.get(path, Role.NONE)
            keep = set()
            if folder is not None and folder.pk in pending.renamed:
                keep.add("name")
            if folder is not None and folder.pk in pending.subscribed:
                keep.add("subscribed")
            rows[path] = _bring_in_step(account_id, folder, path, remote, role, keep=keep)


def _bring_in_step(
    account_id: int, folder: Folder | None, path: str, remote: RemoteFolder, role: Role, *, keep: Collection[str] = ()
) -> Folder:
    wanted: dict[str, object] = {
        "path_raw": remote.path_raw,
        "delimiter": remote.delimiter[:4],
        "name": (path.rsplit(remote.delimiter, 1)[-1] if remote.delimiter else path) or path,
        "role": role.value,
        "selectable": remote.selectable,
        "subscribed": remote.subscribed,
        "missing_since": None,
    }
    if folder is None:
        return Folder.objects.create(account_id=account_id, path=path, **wanted)
    for name in keep:
        del wanted[name]
    if folder.missing_since is not None and folder.failures and remote.status is None:
        # Listed, but it would not open when last asked.
        del wanted["missing_since"]
    elif folder.missing_since is not None or remote.selectable is not folder.selectable:
        # Back after an absence, in which its messages may have been hidden: the next visit compares all UIDs.
        wanted["deep_scan_at"] = None
    differing = [name for name, value in wanted.items() if _stored(getattr(folder, name)) != value]
    for name in differing:
        setattr(folder, name, wanted[name])
    if differing:
        folder.save(update_fields=differing)
    return folder


def _stored(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _one_each(usable: dict[str, RemoteFolder]) -> dict[str, Role]:
    """The role of each path; where several claim one, a \\-attribute wins over a name, then the shortest path."""

    def claim(path: str) -> tuple[bool, int, str]:
        remote = usable[path]
        by_attribute = any(attribute.lower().lstrip("\\") == remote.role for attribute in remote.attributes)
        return (not by_attribute, len(path), path)

    roles: dict[str, Role] = {}
    taken: set[Role] = set()
    for path in sorted((path for path, remote in usable.items() if remote.role and remote.selectable), key=claim):
        if usable[path].role not in taken:
            taken.add(usable[path].role)
            roles[path] = usable[path].role
    return roles


def begin_epoch(lease: leases.HeldLease, folder_id: int, selected: SelectedFolder) -> Folder:
    """The server renumbered the folder (RFC 9051 §2.3.1.1), or it is another: a new epoch, all cursors from the start.

    The first UIDVALIDITY that we see begins no new epoch. Raises ``LeaseLost``.
    """
    with leases.commit(lease):
        folder = Folder.objects.select_for_update(no_key=True).get(pk=folder_id)
        if selected.has_uids_of(folder.uidvalidity, folder.mailbox_id):
            return folder
        if folder.uidvalidity is not None:
            Folder.objects.filter(pk=folder_id).update(epoch=F("epoch") + 1)
        Folder.objects.filter(pk=folder_id).update(
            uidvalidity=selected.uidvalidity, mailbox_id=selected.mailbox_id, **_FROM_THE_START
        )
        folder.refresh_from_db()
    return folder


def begin_anew(account_id: int) -> None:
    """The account leads to another server, or has another sign-in: it may be another mailbox, in which the same
    UIDVALIDITY and UID are other messages (each inbox of Gmail has 1). What is there as well is known again when it is
    read; until then no change speaks of a UID. What is not there stays here: see ``store.led_elsewhere``."""
    epoch = F("epoch") + 1
    Folder.objects.filter(account_id=account_id, is_local=False).update(
        epoch=epoch, led_epoch=epoch, uidvalidity=None, mailbox_id="", parked_at=None, failures=0, **_FROM_THE_START
    )


def save_cursor(lease: leases.HeldLease, folder_id: int, epoch: int, **columns: object) -> None:
    """Move columns of the folder's cursor by themselves. Raises ``LeaseLost``."""
    with leases.commit(lease):
        if Folder.objects.filter(pk=folder_id, epoch=epoch).update(**columns) != 1:
            raise LeaseLost(f"Folder {folder_id} has been removed or has begun a new epoch.")


def is_deep_scan_due(folder: Folder) -> bool:
    """Once a day all UIDs are compared, and without MODSEQ all flags. Never during the first pull."""
    if folder.header_cursor != 1:
        return False
    return folder.deep_scan_at is None or folder.deep_scan_at <= timezone.now()


def next_deep_scan() -> datetime:
    """A day from now."""
    return timezone.now() + timedelta(days=1)


def distrust(account_id: int) -> None:
    """Make the next visit of every folder compare all UIDs and all flags with the server."""
    Folder.objects.filter(account_id=account_id, is_local=False, header_cursor=1).update(
        deep_scan_at=None, highestmodseq=None, exists_seen=None, parked_at=None, failures=0
    )
