"""The folder that serves a purpose in an account: found by role, or made. Database room."""

from uuid import UUID

from accounts.models import MailAccount
from mailsync.models import Change, Folder
from mailsync.plan.folders import NAMES, KnownFolder, choose_path
from mailsync.store.changes import is_local, wake_account
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


def make_folder(account: MailAccount, path: str, delimiter: str, *, group: UUID, role: Role = Role.NONE) -> Folder:
    """A folder of ours, and the change that makes it on the server (none for POP3)."""
    local = is_local(account)
    folder = Folder.objects.create(
        account=account,
        path=path,
        delimiter=delimiter,
        name=path.rsplit(delimiter, 1)[-1],
        role=role.value,
        is_local=local,
        header_cursor=1,
    )
    if not local:
        Change.objects.create(account=account, kind=Change.Kind.FOLDER_CREATE, group=group, target=folder, path=path)
        wake_account(account.pk, None)
    return folder
