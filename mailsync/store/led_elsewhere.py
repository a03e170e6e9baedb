"""An account that was led to another server: what only the earlier one had stays here. Database room.

In: its folders, whose ``led_epoch`` says which numbering began with the new server, and what that server lists. A
folder keeps its row, and so its mail, where the new server has one of its role or name; where it has none, one is made
there. When all of them have been read, what the new server has not is only here (``ONLY_HERE_EPOCH``), in its folder,
until its person copies it there or throws it away.
"""

from collections.abc import Iterable, Mapping
from uuid import uuid4

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import MailAccount
from mailsync.models import ONLY_HERE_EPOCH, Change, Folder, Placement
from mailsync.plan.folders import KnownFolder, choose_path_of, names_from_top, names_key
from mailsync.store import folder_changes, keeping, leases, vanish
from mailsync.store.summary import FolderCounts, lock_folders
from mailsync.types import RemoteFolder, Role

#: Views of mail that lies elsewhere.
_VIEWS = (Role.ALL, Role.FLAGGED, Role.IMPORTANT)


def is_same(folder: Folder, remote: RemoteFolder, role: Role) -> bool:
    """Whether the new server's folder is this one of the earlier server's: of its role, or called so from the top."""
    if folder.led_epoch is None:
        return False
    if folder.role or role:
        return folder.role == role.value
    ours, theirs = (names_from_top(one.path, one.delimiter) for one in (folder, remote))
    return names_key(ours) == names_key(theirs)


def make_folders(gone: Iterable[Folder], usable: Mapping[str, RemoteFolder]) -> set[int]:
    """Have the folders that the new server lacks, and that hold mail, made there; returns their ids.

    Once: of one that is refused the mail goes where ``keeping.shelter`` finds room.
    """
    led = [one for one in gone if one.led_epoch and one.missing_since is None and one.selectable and one.total]
    led = [one for one in led if Role(one.role) not in _VIEWS]
    refused = set(
        Change.objects.filter(target__in=led, kind=Change.Kind.FOLDER_CREATE, state=Change.State.FAILED).values_list(
            "target_id", flat=True
        )
    )
    known = [KnownFolder(one.path, one.delimiter, one.role) for one in usable.values()]
    taken = {path.lower() for path in usable}
    made = set()
    for folder in led:
        path, delimiter = choose_path_of(names_from_top(folder.path, folder.delimiter), known)
        is_taken = path.lower() in taken or (
            Folder.objects.filter(account_id=folder.account_id, path=path).exclude(pk=folder.pk).exists()
        )
        if folder.pk in refused or is_taken:
            continue
        if path != folder.path:
            folder.path, folder.path_raw = path, b""
            folder.save(update_fields=["path", "path_raw"])
        role = Role(folder.role)
        folder_changes.make_folder(folder.account, path, delimiter, group=uuid4(), role=role)
        made.add(folder.pk)
    return made


def settle(lease: leases.HeldLease) -> list[FolderCounts]:
    """Once all folders of the new server have been read: what it has not is only here from now on."""
    mine = Folder.objects.filter(account_id=lease.account_id, is_local=False)
    led = list(mine.filter(led_epoch__isnull=False).order_by("id"))
    unread = mine.filter(missing_since=None, selectable=True).exclude(header_cursor=1)
    if not led or unread.exists():
        return []
    counts: list[FolderCounts] = []
    # Views last: what lies in a folder as well is not kept twice.
    for folder in sorted(led, key=lambda one: Role(one.role) in _VIEWS):
        with leases.commit(lease):
            counts += _settle(folder)
            Folder.objects.filter(pk=folder.pk).update(led_epoch=None)
            if folder.missing_since is not None:
                Folder.objects.filter(pk=folder.pk).update(role="", bodies_pending=0)
                counts += keeping.shelter(lease.account_id, folder.pk)
    return counts


def _settle(folder: Folder) -> list[FolderCounts]:
    lock_folders([folder.pk])
    others = Placement.objects.filter(message=OuterRef("message"), gone_phase=0).exclude(pk=OuterRef("pk"))
    there = others.filter(uid__isnull=False, epoch=F("folder__epoch"))
    if Role(folder.role) in _VIEWS:
        there = others.filter(Q(epoch=ONLY_HERE_EPOCH) | Q(uid__isnull=False, epoch=F("folder__epoch")))
    left = Placement.objects.filter(folder=folder, epoch__lt=folder.led_epoch or 0, uid__isnull=False, gone_phase=0)
    left = left.exclude(epoch=ONLY_HERE_EPOCH)
    # It has been moved meanwhile, or was a copy: the server has it elsewhere.
    _, counts = vanish.set_gone(left.filter(Exists(there)))
    keeping.stay_only_here(list(left.values_list("pk", flat=True)))
    return counts


def count_only_here(account: MailAccount) -> int:
    """Messages that its server has not, whatever the reason; what was thrown away does not count."""
    rows = Placement.objects.filter(account=account, epoch=ONLY_HERE_EPOCH, gone_phase=0, shown=True)
    return rows.exclude(folder__role=Role.TRASH.value).values("message_id").distinct().count()


def folders_only_here(account: MailAccount) -> QuerySet[Folder]:
    """The folders in which such mail lies."""
    rows = Placement.objects.filter(folder=OuterRef("pk"), epoch=ONLY_HERE_EPOCH, gone_phase=0, shown=True)
    return Folder.objects.filter(Exists(rows), account=account, missing_since=None)
