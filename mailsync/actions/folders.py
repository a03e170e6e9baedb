"""Folders made, renamed and deleted by the user."""

from uuid import uuid4

from django.utils import timezone

from mailsync.actions import wake
from mailsync.actions.owned import own_account, own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Change, Folder
from mailsync.store import specials
from mailsync.store.changes import is_local, wake_account


@verb
def create_folder(user_id: int, account_id: int, name: str, parent_id: int | None = None) -> Folder:
    """A new folder of this account, below ``parent_id`` or at the top."""
    account = own_account(user_id, account_id)
    parent = own_folder(user_id, parent_id) if parent_id else None
    if parent is not None and parent.account_id != account.pk:
        raise CannotDo("The parent folder belongs to another account.", field="parent")
    like = parent or Folder.objects.filter(account=account).exclude(delimiter="").first()
    delimiter = like.delimiter if like else "/"
    name = _clean_name(name, delimiter)
    path = f"{parent.path}{delimiter}{name}" if parent else _beside_the_others(account.pk, delimiter) + name
    _refuse_taken(account.pk, path)
    folder = specials.make_folder(account, path, delimiter, group=uuid4())
    _after(account.user_id, folder)
    return folder


@verb
def rename_folder(user_id: int, folder_id: int, name: str) -> Folder:
    """Give a folder another name in the same place. The path follows once the server has renamed it."""
    folder = own_folder(user_id, folder_id)
    _refuse_special(folder, "renamed")
    name = _clean_name(name, folder.delimiter)
    path = folder.path[: len(folder.path) - len(folder.path.rsplit(folder.delimiter, 1)[-1])] + name
    if path == folder.path:
        return folder
    _refuse_taken(folder.account_id, path)
    folder.name = name
    if is_local(folder.account):
        folder.path = path
        folder.save(update_fields=["name", "path"])
    else:
        folder.save(update_fields=["name"])
        Change.objects.create(
            account=folder.account, kind=Change.Kind.FOLDER_RENAME, group=uuid4(), source=folder, path=path
        )
        wake_account(folder.account_id, None)
    _after(user_id, folder)
    return folder


@verb
def delete_folder(user_id: int, folder_id: int) -> None:
    """Delete an empty folder without subfolders; mail is never deleted along with its folder."""
    folder = own_folder(user_id, folder_id)
    _refuse_special(folder, "deleted")
    if folder.placements.filter(shown=True).exists():
        raise CannotDo(f"“{folder.name}” still holds messages. Move or delete them first.")
    below = folder.path + folder.delimiter
    if Folder.objects.filter(account=folder.account, path__startswith=below, missing_since=None).exists():
        raise CannotDo(f"“{folder.name}” has subfolders. Delete them first.")
    if is_local(folder.account):
        folder.delete()
    else:
        folder.missing_since = timezone.now()
        folder.save(update_fields=["missing_since"])
        Change.objects.create(account=folder.account, kind=Change.Kind.FOLDER_DELETE, group=uuid4(), source=folder)
        wake_account(folder.account_id, None)
    _after(user_id, folder)


def _clean_name(name: str, delimiter: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable() or name in {".", ".."}:
        raise CannotDo("Give the folder a name of 1 to 100 characters.", field="name")
    if delimiter and delimiter in name:
        raise CannotDo(f"A folder name cannot contain “{delimiter}” on this server.", field="name")
    if any(sign in name for sign in "*%"):
        raise CannotDo("A folder name cannot contain * or %.", field="name")
    return name


def _beside_the_others(account_id: int, delimiter: str) -> str:
    """The prefix of a namespace that keeps all folders below INBOX, else nothing."""
    paths = [
        path
        for path in Folder.objects.filter(account_id=account_id).values_list("path", flat=True)
        if path.upper() != "INBOX"
    ]
    inbox = f"INBOX{delimiter}"
    return inbox if paths and all(path.upper().startswith(inbox.upper()) for path in paths) else ""


def _refuse_taken(account_id: int, path: str) -> None:
    if Folder.objects.filter(account_id=account_id, path__iexact=path).exists():
        raise CannotDo("A folder of this name exists already.", field="name")


def _refuse_special(folder: Folder, what: str) -> None:
    if folder.role:
        raise CannotDo(f"“{folder.name}” has a purpose in this account, so it cannot be {what}.")


def _after(user_id: int, folder: Folder) -> None:
    wake.push_soon([folder.account_id])
    wake.tell(user_id, "account", account=folder.account_id)
