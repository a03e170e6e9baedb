"""The folder that serves a purpose in an account: found by role, or made. Database room."""

from uuid import UUID

from accounts.models import MailAccount
from mailsync.models import Folder
from mailsync.plan.folders import NAMES, KnownFolder, choose_path
from mailsync.store.change_log import is_gmail
from mailsync.store.folder_changes import make_folder
from mailsync.types import Role


def find_role_folder(account_id: int, role: Role) -> Folder | None:
    """The account's folder for this role; the one used most where a server marks several."""
    return (
        Folder.objects.select_related("account")
        .filter(account_id=account_id, role=role.value, selectable=True, missing_since=None)
        .order_by("-total", "id")
        .first()
    )


def role_folder(account: MailAccount, role: Role, group: UUID) -> Folder:
    """As above, or a new one, shown at once and created on the server by a ``folder_create`` change.

    A folder that has the name but not the role (a server without RFC 6154) is taken rather than doubled.
    """
    found = find_role_folder(account.pk, role)
    if found is None and role is Role.ARCHIVE and is_gmail(account.pk):
        # Gmail: what leaves the inbox is archived, and lies in All Mail from the beginning.
        found = find_role_folder(account.pk, Role.ALL)
    if found is not None:
        return found
    folders = list(Folder.objects.filter(account=account))
    name = NAMES.get(role, role.name.title()).lower()
    for folder in folders:
        if folder.name.lower() == name and not folder.role and folder.selectable and folder.missing_since is None:
            Folder.objects.filter(pk=folder.pk).update(role=role.value)
            folder.role = role.value
            folder.account = account
            return folder
    known = [KnownFolder(folder.path, folder.delimiter, Role(folder.role)) for folder in folders]
    path, delimiter = choose_path(role, known)
    return make_folder(account, path, delimiter, group=group, role=role)
