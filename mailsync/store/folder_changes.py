"""Folders made, renamed, moved, deleted and subscribed to by the user: shown at once, and written down. Database room.

In: folders that the caller has the right to, and checked wishes. Out: a ``Change`` that ``engine.push`` carries to
the server, or for a POP3 account, whose folders are ours alone, one that is done already. ``take_back`` undoes them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import MailAccount
from mailsync.models import Change, Folder
from mailsync.store.change_log import is_local, settle_cancelled, wake_account
from mailsync.store.folder_paths import leaf, load_shown_paths, path_by_now, rename_rows
from mailsync.store.search_names import searches_follow
from mailsync.types import Role


class TooLate(Exception):
    """Something of the group cannot be taken back; the transaction is rolled back."""


def make_folder(
    account: MailAccount,
    path: str,
    delimiter: str,
    *,
    group: UUID,
    role: Role = Role.NONE,
    parent: Folder | None = None,
) -> Folder:
    """A folder of ours, and the change that makes it on the server (done already for POP3).

    The row of a folder that has gone from the server is taken up again: it kept the name.
    """
    local = is_local(account)
    columns = {
        "delimiter": delimiter,
        "name": leaf(path, delimiter),
        "role": role.value,
        "is_local": local,
        "missing_since": None,
    }
    folder, made = Folder.objects.get_or_create(account=account, path=path, defaults={**columns, "header_cursor": 1})
    leaving = (
        []
        if made
        else list(Change.objects.filter(source=folder, kind=Change.Kind.FOLDER_DELETE, state=Change.State.QUEUED))
    )
    if not made:
        Folder.objects.filter(pk=folder.pk).update(**columns)
        folder.refresh_from_db()
        folder.account = account
    if leaving:
        # Deleted a moment ago, and still there: it simply stays.
        settle_cancelled(leaving)
        return folder
    _log(account, Change.Kind.FOLDER_CREATE, group, source=parent, target=folder, path=path)
    return folder


def record_rename(
    folder: Folder, path: str, parent: Folder | None, *, group: UUID, after: Change | None = None
) -> None:
    """Another name, another parent, or both. Raises nothing: the path has been checked."""
    account, old_path = folder.account, load_shown_paths(folder.account_id).get(folder.pk, folder.path)
    name = leaf(path, folder.delimiter)
    with searches_follow(account.user_id):
        if is_local(account):
            rename_rows(folder, path)
        folder.name = name
        Folder.objects.filter(pk=folder.pk).update(name=name)
    _log(
        account,
        Change.Kind.FOLDER_RENAME,
        group,
        source=folder,
        target=parent,
        path=path,
        old_path=old_path,
        after=after,
    )


def record_delete(
    folder: Folder, *, group: UUID, hold_until: datetime | None = None, after: Change | None = None
) -> None:
    """Out of the tree at once; gone for good when the hold is over, here and on the server.

    Of all folder changes this alone is held for the toast's Undo: it cannot be answered by its inverse.
    """
    Folder.objects.filter(pk=folder.pk).update(missing_since=timezone.now())
    _log(
        folder.account,
        Change.Kind.FOLDER_DELETE,
        group,
        source=folder,
        path=folder.path,
        hold_until=hold_until,
        after=after,
        waits=True,
    )


def record_subscription(folder: Folder, subscribed: bool, *, group: UUID) -> None:
    """RFC 9051 §6.3.7: which folders a mail program is to show."""
    Folder.objects.filter(pk=folder.pk).update(subscribed=subscribed)
    flag = ["\\Subscribed"]
    add, remove = (flag, []) if subscribed else ([], flag)
    _log(
        folder.account,
        Change.Kind.SUBSCRIBE,
        group,
        source=folder,
        path=folder.path,
        add_flags=add,
        remove_flags=remove,
    )


def take_back(group: Sequence[Change]) -> None:
    """Undo the folder changes of a group. Raises ``TooLate``.

    A folder that was made so that messages could go there stays.
    """
    mine = [change for change in group if change.kind in Change.OF_FOLDERS]
    if all(change.kind == Change.Kind.FOLDER_CREATE for change in mine) and len(mine) < len(group):
        return
    for change in reversed(mine):
        match change.kind:
            case Change.Kind.FOLDER_CREATE:
                _unmake(change)
            case Change.Kind.FOLDER_RENAME:
                _rename_back(change)
            case Change.Kind.FOLDER_DELETE:
                _keep(change)
            case Change.Kind.SUBSCRIBE if change.source is not None:
                record_subscription(change.source, bool(change.remove_flags), group=uuid4())


def _unmake(change: Change) -> None:
    folder = change.target
    if folder is None or folder.missing_since is not None:
        raise TooLate
    below = folder.path + (folder.delimiter or "\0")
    if folder.placements.filter(shown=True).exists() or any(
        path.startswith(below) for path in load_shown_paths(folder.account_id).values()
    ):
        raise TooLate
    if change.state == Change.State.QUEUED:
        settle_cancelled([change])
        Folder.objects.filter(pk=folder.pk).update(missing_since=timezone.now())
    else:
        record_delete(folder, group=uuid4(), after=_open(change))


def _rename_back(change: Change) -> None:
    folder = change.source
    paths = load_shown_paths(change.account_id)
    if folder is None or folder.missing_since is not None or paths.get(folder.pk) != path_by_now(change):
        raise TooLate
    if any(path.lower() == change.old_path.lower() for pk, path in paths.items() if pk != folder.pk):
        raise TooLate
    if change.state == Change.State.QUEUED:
        settle_cancelled([change])
        with searches_follow(folder.account.user_id):
            Folder.objects.filter(pk=folder.pk).update(name=leaf(change.old_path, folder.delimiter))
        return
    head = change.old_path.rpartition(folder.delimiter)[0] if folder.delimiter else ""
    parents = {path: pk for pk, path in paths.items()}
    parent = Folder.objects.filter(pk=parents.get(head, 0)).first()
    record_rename(folder, change.old_path, parent, group=uuid4(), after=_open(change))


def _keep(change: Change) -> None:
    if change.state != Change.State.QUEUED or change.source is None:
        raise TooLate
    settle_cancelled([change])
    Folder.objects.filter(pk=change.source.pk).update(missing_since=None)


def _open(change: Change) -> Change | None:
    """A change that is under way: its inverse waits for it."""
    return change if change.state in Change.OPEN else None


def _log(account: MailAccount, kind: Change.Kind, group: UUID, *, waits: bool = False, **fields: Any) -> None:
    done = is_local(account) and not waits
    change = Change.objects.create(
        account=account,
        kind=kind,
        group=group,
        state=Change.State.DONE if done else Change.State.QUEUED,
        finished_at=timezone.now() if done else None,
        **fields,
    )
    if not done:
        wake_account(account.pk, change.hold_until)
