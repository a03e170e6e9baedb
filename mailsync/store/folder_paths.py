"""Where folders are to stand once the server has done what the user asked for. Database room.

``Folder.path`` is what the server calls it, and changes when the server has renamed it. A rename names the new
parent by its row and the new name by the last part of its path, so that several of them, one below the other,
may reach the server in any order. The tree shows folders where they are to be.
"""

from collections.abc import Iterable

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from mailsync.models import Change, Folder


def with_wishes(folders: QuerySet[Folder]) -> QuerySet[Folder]:
    """Each folder with the newest rename that the server has yet to learn, as ``wish_path`` and ``wish_parent``."""
    # Of no message: so the index ``change_of_folder`` fits, and what was done to all the mail is not gone through.
    renames = Change.objects.filter(
        source=OuterRef("pk"), message=None, kind=Change.Kind.FOLDER_RENAME, state__in=Change.OPEN, finished_at=None
    ).order_by("-id")
    return folders.annotate(
        wish_path=Subquery(renames.values("path")[:1]), wish_parent=Subquery(renames.values("target_id")[:1])
    )


def shown_paths(folders: Iterable[Folder]) -> dict[int, str]:
    """The path of each by its id, as the user wants it. All folders of one account, got by ``with_wishes``."""
    by_id = {folder.pk: folder for folder in folders}
    by_path = {folder.path: folder for folder in by_id.values()}
    found: dict[int, str] = {}

    def shown(folder: Folder) -> str:
        if folder.pk not in found:
            wish: str | None = getattr(folder, "wish_path", None)
            above = by_id.get(getattr(folder, "wish_parent", None) or 0) if wish else _nearest(folder, by_path)
            found[folder.pk] = path = wish or folder.path
            if above is not None and wish:
                path = join(shown(above), above.delimiter, leaf(wish, above.delimiter))
            elif above is not None:
                path = shown(above) + folder.path[len(above.path) :]
            found[folder.pk] = path
        return found[folder.pk]

    for folder in by_id.values():
        shown(folder)
    return found


def load_shown_paths(account_id: int) -> dict[int, str]:
    """The same of the folders that an account has at present."""
    return shown_paths(with_wishes(Folder.objects.filter(account_id=account_id, missing_since=None)))


def _nearest(folder: Folder, by_path: dict[str, Folder]) -> Folder | None:
    """The closest listed folder above this one; a namespace may leave some out."""
    path, delimiter = folder.path, folder.delimiter
    while delimiter and delimiter in path:
        path = path.rsplit(delimiter, 1)[0]
        if path in by_path:
            return by_path[path]
    return None


def path_by_now(change: Change) -> str:
    """The path that this creation or renaming leads to, with its parent as the server calls it by now."""
    parent = change.source if change.kind == Change.Kind.FOLDER_CREATE else change.target
    return change.path if parent is None else join(parent.path, parent.delimiter, leaf(change.path, parent.delimiter))


def rename_rows(folder: Folder, path: str) -> None:
    """The row of a folder, and of those below it, at its new path (RFC 9051 §6.3.6: RENAME takes them along)."""
    old = folder.path + folder.delimiter
    if folder.delimiter:
        for below in Folder.objects.filter(account_id=folder.account_id, path__startswith=old).order_by("id"):
            _take_path(below, path + folder.delimiter + below.path[len(old) :])
    _take_path(folder, path)


def _take_path(folder: Folder, path: str) -> None:
    """A path belongs to one row: another that bears it makes room, unless a pull has filled it with mail already."""
    standing = Folder.objects.filter(account_id=folder.account_id, path=path).exclude(pk=folder.pk).first()
    if standing is not None:
        met = standing.missing_since is None and standing.total > 0
        aside = folder if met else standing
        Folder.objects.filter(pk=aside.pk).update(path=f"{path} ({aside.pk})", missing_since=timezone.now(), role="")
        if met:
            folder.refresh_from_db()
            return
    folder.path = path
    folder.save(update_fields=["path"])


def leaf(path: str, delimiter: str) -> str:
    """The last part of a path.

    >>> leaf("Work/Plans", "/"), leaf("Flat", "")
    ('Plans', 'Flat')
    """
    return path.rsplit(delimiter, 1)[-1] if delimiter else path


def join(parent: str, delimiter: str, name: str) -> str:
    return f"{parent}{delimiter or '/'}{name}"
