"""Folder changes on their way to the server: each state written before the next step. Database room.

In: a change and what LIST says after it. Out: the folder's row as the server has it now, in transactions that
commit only while the push lease is held.
"""

from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone

from mailsync.models import Change, Folder
from mailsync.store import leases
from mailsync.store.folder_paths import leaf, path_by_now, rename_rows
from mailsync.store.saved_searches import widen_searches
from mailsync.store.search_names import searches_follow
from mailsync.types import RemoteFolder


def settle_path(lease: leases.HeldLease, change: Change) -> None:
    """Write down which path a creation or renaming leads to, before the command leaves: its parent may have moved."""
    if change.kind == Change.Kind.FOLDER_DELETE:
        return
    path = path_by_now(change)
    if path != change.path:
        with leases.commit(lease):
            change.path = path
            change.save(update_fields=["path"])


def finish_folder(lease: leases.HeldLease, change: Change, listed: Sequence[RemoteFolder]) -> None:
    """A folder was made, renamed, deleted or subscribed to: its row gets the path as LIST has it, or goes."""
    with leases.commit(lease):
        if change.kind == Change.Kind.FOLDER_DELETE:
            _finish(change)
            Change.objects.filter(Q(source=change.source_id) | Q(target=change.source_id)).update(
                source=None, target=None
            )
            # One with mail that is only hidden stays as long as that is kept.
            gone = Folder.objects.filter(pk=change.source_id or 0, placements=None)
            widen_searches(gone)
            gone.delete()
            return
        if change.kind == Change.Kind.SUBSCRIBE:
            _finish(change)
            return
        folder = change.target if change.kind == Change.Kind.FOLDER_CREATE else change.source
        remote = next((one for one in listed if one.path == change.path), None) or next(
            # A namespace may have put its prefix before what we asked for.
            (one for one in listed if one.path.endswith(one.delimiter + change.path)),
            None,
        )
        if folder is not None and remote is not None:
            with searches_follow(folder.account.user_id):
                _take_path(folder, remote)
        _finish(change)


def _take_path(folder: Folder, remote: RemoteFolder) -> None:
    old_raw, new_raw = bytes(folder.path_raw), remote.path_raw
    if folder.path != remote.path:
        rename_rows(folder, remote.path)
    if folder.path != remote.path:
        return
    below = Folder.objects.filter(account_id=folder.account_id, path__startswith=remote.path + remote.delimiter)
    for row in below if remote.delimiter else ():
        if bytes(row.path_raw).startswith(old_raw) and old_raw:
            row.path_raw = new_raw + bytes(row.path_raw)[len(old_raw) :]
            row.save(update_fields=["path_raw"])
    folder.path_raw, folder.delimiter, folder.missing_since = new_raw, remote.delimiter, None
    folder.name = leaf(remote.path, remote.delimiter)
    folder.save(update_fields=["path_raw", "delimiter", "name", "missing_since"])


def _finish(change: Change) -> None:
    Change.objects.filter(pk=change.pk).update(state=Change.State.DONE, finished_at=timezone.now(), error="")
