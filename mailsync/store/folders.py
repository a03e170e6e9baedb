"""The folders of an account, after the server's LIST. Database room.

In: what LIST gave. Out: rows made, changed, or marked missing. Nothing is deleted here: a folder that
LIST leaves out is marked ``missing_since`` and drops out of the tree; an empty or unusable LIST
changes nothing at all. Each role belongs to one folder of the account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from mailsync.errors import LeaseLost
from mailsync.models import Folder
from mailsync.store import leases
from mailsync.store.plain import plain
from mailsync.types import RemoteFolder, Role


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
        roles = _one_each(usable)
        for path, remote in usable.items():
            rows[path] = _bring_in_step(lease.account_id, rows.get(path), path, remote, roles.get(path, Role.NONE))
        gone = [folder.pk for path, folder in rows.items() if path not in usable and folder.missing_since is None]
        Folder.objects.filter(pk__in=gone).update(missing_since=Now(), due_at=None, role="")
    return [ListedFolder(rows[path], remote) for path, remote in usable.items() if remote.selectable]


def _bring_in_step(account_id: int, folder: Folder | None, path: str, remote: RemoteFolder, role: Role) -> Folder:
    wanted = {
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


def begin_epoch(lease: leases.HeldLease, folder_id: int, uidvalidity: int) -> Folder:
    """The server renumbered the folder (RFC 9051 §2.3.1.1): a new epoch, all cursors from the start.

    The first UIDVALIDITY that we see begins no new epoch. Raises ``LeaseLost``.
    """
    with leases.commit(lease):
        folder = Folder.objects.select_for_update(no_key=True).get(pk=folder_id)
        if folder.uidvalidity == uidvalidity:
            return folder
        columns = {
            "uidvalidity": uidvalidity,
            "uidnext_seen": None,
            "highestmodseq": None,
            "exists_seen": None,
            "header_cursor": None,
            "flags_cursor": 0,
            "deep_scan_at": None,
            "modseq_trusted": True,
        }
        if folder.uidvalidity is not None:
            Folder.objects.filter(pk=folder_id).update(epoch=F("epoch") + 1)
        Folder.objects.filter(pk=folder_id).update(**columns)
        folder.refresh_from_db()
    return folder


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
