"""Mail from files: announced and checked before a byte travels, sent in pieces, then worked off by the workers."""

from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from mailsync.actions import wake
from mailsync.actions.folders import create_folder
from mailsync.actions.owned import NotYours, own_account, own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.mail_file import MailFile
from mailsync.models import Act, Folder, Upload
from mailsync.store import mail_imports, quota, uploads
from mailsync.store.folder_paths import load_shown_paths

#: An archive with more folders is imported into one.
_MOST_FOLDERS = 500
#: Mail shrinks to a quarter at the least; what shrinks much more is no mail.
_MOST_UNPACKED = 8
_UNFIT = str.maketrans("*%\\/", "____")


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far a file of mail is on its way here; ``act`` is its import, once it is whole."""

    upload: Upload
    act: Act | None = None


@verb
def begin_import(
    user_id: int, account_id: int, folder_id: int | None, *, name: str, size_bytes: int, fingerprint: str
) -> Upload:
    """Announce a file whose mail is to go into a folder, a new one ("Imported") where none is named; or go on with one
    that was cut short.

    Raises ``CannotDo`` with the reason while nothing has been sent.
    """
    folder = own_folder(user_id, folder_id) if folder_id else _own_new_folder(user_id, account_id)
    if not folder.selectable or folder.missing_since:
        raise CannotDo(_("“%(name)s” cannot hold messages. Choose another folder.") % {"name": folder.name})
    name = name.strip()[:200] or "mail"
    fingerprint = fingerprint[:255]
    standing = mail_imports.find_unfinished(user_id, fingerprint, size_bytes)
    if standing is not None and standing.import_into_id == folder.pk:
        return standing
    if size_bytes <= 0:
        raise CannotDo(f"“{name}” is empty.", field="file")
    most = settings.HERON_IMPORT_LIMIT_BYTES
    if size_bytes > most:
        raise CannotDo(
            f"“{name}” is larger than {most / 1e6:.0f} MB, the most for one import. Split it, and import its parts.",
            field="file",
        )
    quota.check_room(user_id, size_bytes)
    return Upload.objects.create(
        user_id=user_id,
        import_into=folder,
        name=name,
        content_type="application/octet-stream",
        size_bytes=size_bytes,
        fingerprint=fingerprint,
    )


@verb
def add_import_piece(user_id: int, upload_id: int, start: int, data: bytes) -> ImportProgress:
    """Take a piece; the last one begins the import. One that does not go on from what is here changes nothing."""
    mine = Upload.objects.select_for_update(of=("self",)).select_related("import_into__account")
    upload = mine.filter(pk=upload_id, user=user_id, import_into__isnull=False).first()
    if upload is None:
        raise NotYours("upload")
    if upload.is_whole or not uploads.add_piece(upload, start, data) or not upload.is_whole:
        return ImportProgress(upload)
    return ImportProgress(upload, _begin(user_id, upload))


@verb
def cancel_import_upload(user_id: int, upload_id: int) -> None:
    """Forget what has come of a file so far; an import that has begun is stopped by Undo."""
    mine = Upload.objects.filter(pk=upload_id, user=user_id, import_into__isnull=False)
    gone = [upload for upload in mine.select_for_update(of=("self",)) if not upload.is_whole]
    if not gone:
        raise NotYours("upload")
    gone[0].delete()


def _own_new_folder(user_id: int, account_id: int) -> Folder:
    account = own_account(user_id, account_id)
    name = _("Imported")
    standing = Folder.objects.select_related("account").filter(account=account, name=name, selectable=True)
    folder = standing.filter(missing_since=None).order_by("pk").first()
    if folder is None:
        made = create_folder(user_id, account.pk, name).folder_id
        folder = own_folder(user_id, made or 0)
    return folder


def _begin(user_id: int, upload: Upload) -> Act:
    """Look into the file, make the folders of its archive, and have the workers begin."""
    folder = upload.import_into
    if folder is None:
        raise NotYours("folder")
    with mail_imports.open_upload(upload) as opened:
        file = MailFile(opened, upload.name, most_bytes=settings.HERON_MESSAGE_SIZE_LIMIT_BYTES)
        folders = _make_folders(user_id, folder, file.folders())
        unpacked = file.size_bytes
    if unpacked > settings.HERON_IMPORT_LIMIT_BYTES * _MOST_UNPACKED:
        raise CannotDo(f"“{upload.name}” unpacks to more than is taken at once. Import it in parts.", field="file")
    act = Act.objects.create(
        user_id=user_id,
        group=uuid4(),
        verb=Act.IMPORT,
        label=_("“%(name)s” imported into %(folder)s") % {"name": upload.name, "folder": folder.name},
        state=Act.State.WORKING,
        argument=str(folder.pk),
        detail={"upload": upload.pk, "folders": folders},
        total=unpacked // 1024,
        due_at=Now(),
    )
    wake.act_soon(act.pk)
    return act


def _make_folders(user_id: int, top: Folder, wanted: list[tuple[str, ...]]) -> dict[str, int]:
    """Those of an archive below ``top``, by their names joined with "/"; what a server cannot name goes into the one
    above it. A single folder is no tree: its mail goes into ``top``."""
    if len(wanted) < 2 or len(wanted) > _MOST_FOLDERS:
        return {}
    made: dict[tuple[str, ...], Folder] = {(): top}
    for names in wanted:
        for depth in range(1, len(names) + 1):
            part = names[:depth]
            if part not in made:
                made[part] = _folder_below(user_id, made[part[:-1]], part[-1])
    return {"/".join(names): folder.pk for names, folder in made.items() if names}


def _folder_below(user_id: int, parent: Folder, name: str) -> Folder:
    name = " ".join(name.translate(_UNFIT).replace(parent.delimiter or "/", "_").split())[:100]
    paths = load_shown_paths(parent.account_id)
    path = f"{paths.get(parent.pk, parent.path)}{parent.delimiter}{name}"
    standing = next((pk for pk, one in paths.items() if one == path), None)
    try:
        made = standing or create_folder(user_id, parent.account_id, name, parent.pk).folder_id
    except CannotDo:
        return parent
    return parent if made is None else own_folder(user_id, made)
