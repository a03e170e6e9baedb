"""Folders made, renamed, moved below others, deleted and subscribed to by the user.

Each verb answers with an ``ActionResult`` whose ``group`` takes it back and whose ``folder_id`` names the folder.
The tree shows the effect at once; what a server then refuses is undone there, with the reason in its account's
notices. ``CannotDo`` carries what is wrong with the wish itself.
"""

from uuid import UUID, uuid4

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.actions import wake
from mailsync.actions.mail import trash
from mailsync.actions.owned import own_account, own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Change, Folder, Snooze
from mailsync.store import folder_changes
from mailsync.store.acting import hold_until
from mailsync.store.change_log import is_local
from mailsync.store.folder_paths import join, leaf, load_shown_paths
from mailsync.types import ActionResult

#: More than any server keeps below one another, and enough for a file cabinet.
MOST_LEVELS = 20


@verb
def create_folder(user_id: int, account_id: int, name: str, parent_id: int | None = None) -> ActionResult:
    """A new folder of this account, below ``parent_id`` or at the top."""
    account = own_account(user_id, account_id)
    parent = own_folder(user_id, parent_id) if parent_id else None
    paths = load_shown_paths(account.pk)
    like = parent or Folder.objects.filter(account=account).exclude(delimiter="").first()
    delimiter = like.delimiter if like else "/"
    path = _path_below(parent, account.pk, delimiter, _clean_name(name, delimiter), paths)
    _refuse_taken(path, paths)
    if Change.objects.filter(
        account=account,
        kind=Change.Kind.FOLDER_DELETE,
        source__path=path,
        state__in=set(Change.OPEN) - {Change.State.QUEUED},
    ).exists():
        raise CannotDo(_("A folder of this name is just being deleted. Try again in a moment."), field="name")
    group = uuid4()
    folder = folder_changes.make_folder(account, path, delimiter, group=group, parent=parent)
    return _done(user_id, folder, group, _("Folder “%(name)s” created") % {"name": folder.name})


@verb
def rename_folder(user_id: int, folder_id: int, name: str) -> ActionResult:
    """Give a folder another name in the same place."""
    folder = own_folder(user_id, folder_id)
    _refuse_special(folder, _("“%(name)s” has a purpose in this account, so it cannot be renamed."))
    name = _clean_name(name, folder.delimiter)
    paths = load_shown_paths(folder.account_id)
    old = _shown(folder, paths)
    path = old[: len(old) - len(leaf(old, folder.delimiter))] + name
    return _lead(user_id, folder, old, path, paths, _("Folder renamed to “%(name)s”") % {"name": name})


@verb
def move_folder(user_id: int, folder_id: int, parent_id: int | None = None) -> ActionResult:
    """Move a folder, with all that is below it, below another of its account or to the top."""
    folder = own_folder(user_id, folder_id)
    _refuse_special(folder, _("“%(name)s” has a purpose in this account, so it cannot be moved."))
    parent = own_folder(user_id, parent_id) if parent_id else None
    paths = load_shown_paths(folder.account_id)
    old = _shown(folder, paths)
    path = _path_below(parent, folder.account_id, folder.delimiter, leaf(old, folder.delimiter), paths)
    if path.startswith(old + (folder.delimiter or "\0")):
        raise CannotDo(_("A folder cannot be moved into itself."), field="parent")
    return _lead(user_id, folder, old, path, paths, _("Folder “%(name)s” moved") % {"name": folder.name})


@verb
def delete_folder(user_id: int, folder_id: int, *, mail_to_trash: bool = False) -> ActionResult:
    """Delete a folder without subfolders. Its mail is never deleted along with it: the folder must be empty, or
    its messages go to Trash first (``mail_to_trash``)."""
    folder = own_folder(user_id, folder_id)
    _refuse_special(folder, _("“%(name)s” has a purpose in this account, so it cannot be deleted."))
    paths = load_shown_paths(folder.account_id)
    below = _shown(folder, paths) + (folder.delimiter or "\0")
    if any(path.startswith(below) for path in paths.values()):
        raise CannotDo(_("“%(name)s” has subfolders. Delete them first.") % {"name": folder.name})
    group = uuid4()
    ids = list(folder.placements.filter(shown=True).values_list("id", flat=True))
    if ids and not mail_to_trash:
        raise CannotDo(
            _("“%(name)s” still holds messages. Move or delete them first.") % {"name": folder.name}, field="mail"
        )
    if ids:
        _refuse_waiting(folder)
        trash(user_id, ids, group=group)
    folder_changes.record_delete(folder, group=group, hold_until=hold_until())
    words = _("Folder “%(name)s” deleted, its messages moved to the bin") if ids else _("Folder “%(name)s” deleted")
    return _done(user_id, folder, group, words % {"name": folder.name})


@verb
def subscribe_folder(user_id: int, folder_id: int, subscribed: bool = True) -> ActionResult:
    """Whether mail programs are to show this folder (RFC 9051 §6.3.7)."""
    folder = own_folder(user_id, folder_id)
    group = uuid4()
    if folder.subscribed != subscribed:
        folder_changes.record_subscription(folder, subscribed, group=group)
    words = _("Subscribed to “%(name)s”") if subscribed else _("No longer subscribed to “%(name)s”")
    return _done(user_id, folder, group, words % {"name": folder.name})


def _lead(user_id: int, folder: Folder, old: str, path: str, paths: dict[int, str], words: str) -> ActionResult:
    """Lead a folder from one path to another, if that is one."""
    group = uuid4()
    if path == old:
        return ActionResult(group, 0, words, folder.pk)
    _refuse_taken(path, {pk: other for pk, other in paths.items() if pk != folder.pk})
    head = path.rpartition(folder.delimiter)[0] if folder.delimiter else ""
    parent = Folder.objects.filter(pk=next((pk for pk, other in paths.items() if other == head), 0)).first()
    folder_changes.record_rename(folder, path, parent, group=group)
    return _done(user_id, folder, group, words)


def _shown(folder: Folder, paths: dict[int, str]) -> str:
    """Where the folder stands in the tree. Raises ``CannotDo`` when it has left it."""
    if folder.pk not in paths:
        raise CannotDo(_("This folder no longer exists."))
    return paths[folder.pk]


def _path_below(parent: Folder | None, account_id: int, delimiter: str, name: str, paths: dict[int, str]) -> str:
    if parent is None:
        return _beside_the_others(delimiter, paths) + name
    if parent.account_id != account_id:
        raise CannotDo(_("The parent folder belongs to another account."), field="parent")
    path = join(_shown(parent, paths), parent.delimiter, name)
    if not delimiter or path.count(delimiter) >= MOST_LEVELS:
        raise CannotDo(_("This server keeps no folders below this one."), field="parent")
    return path


def _clean_name(name: str, delimiter: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable() or name in {".", ".."}:
        raise CannotDo(_("Give the folder a name of 1 to 100 characters."), field="name")
    if delimiter and delimiter in name:
        raise CannotDo(_("A folder name cannot contain “%(sign)s” on this server.") % {"sign": delimiter}, field="name")
    if any(sign in name for sign in "*%"):
        raise CannotDo(_("A folder name cannot contain * or %."), field="name")
    return name


def _beside_the_others(delimiter: str, paths: dict[int, str]) -> str:
    """The prefix of a namespace that keeps all folders below INBOX (Courier, Cyrus), else nothing."""
    others = [path for path in paths.values() if path.upper() != "INBOX"]
    inbox = f"INBOX{delimiter}"
    return inbox if others and all(path.upper().startswith(inbox.upper()) for path in others) else ""


def _refuse_taken(path: str, paths: dict[int, str]) -> None:
    if any(other.lower() == path.lower() for other in paths.values()):
        raise CannotDo(_("A folder of this name exists already."), field="name")


def _refuse_waiting(folder: Folder) -> None:
    """What is snoozed would never come back from the bin: its folder may have lost its purpose by another name."""
    lying = folder.placements.filter(shown=True).values("message")
    waiting = Snooze.objects.filter(place=folder, woken_at=None, message__in=lying).count()
    if waiting:
        words = ngettext(
            "In “%(name)s”, %(n)d snoozed message waits for its time. Move it to the inbox first.",
            "In “%(name)s”, %(n)d snoozed messages wait for their time. Move them to the inbox first.",
            waiting,
        )
        raise CannotDo(words % {"name": folder.name, "n": waiting}, field="mail")


def _refuse_special(folder: Folder, words: str) -> None:
    if folder.role:
        raise CannotDo(words % {"name": folder.name})


def _done(user_id: int, folder: Folder, group: UUID, words: str) -> ActionResult:
    if not is_local(folder.account):
        wake.push_soon([folder.account_id])
    wake.tell(user_id, "account", account=folder.account_id)
    return ActionResult(group, 1, words, folder.pk)
