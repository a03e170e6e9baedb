"""Mail of a file, imported slice by slice: the meeting room's part of a long act; database only.

In: the locked act of an import. Out: a slice of its file filed, how far it is, and whether there is more.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from mailsync.announce import announce_folders
from mailsync.errors import CannotDo
from mailsync.message.mail_file import Found, MailFile, Place
from mailsync.message.mbox import Entry
from mailsync.message.received import choose_received_at
from mailsync.models import Act, Folder
from mailsync.store import mail_imports
from mailsync.store.change_log import is_local

#: A slice is one transaction: so many messages, or so many bytes of them.
SLICE_MESSAGES = 100
SLICE_BYTES = 16 * 1024 * 1024
#: So many of those that are left out are named to the person; all of them are counted.
MOST_NAMED = 100
#: Characters of a name, from its end.
_MOST_NAMED = 200
#: When to look again whether the server has taken what waits for it.
WAIT_SECONDS = 5
#: Old mail that says nothing of having been read was read: nobody wants a decade of it in bold.
_READ = ("\\Seen",)
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)


class FarAhead(Exception):
    """As many messages wait for the server as may; the rest of the file can wait too."""


def import_slice(act: Act) -> bool:
    """Bring in the next messages; True when there are more. Raises ``FarAhead``, and ``CannotDo`` to stop."""
    upload = mail_imports.upload_of(act)
    target = Folder.objects.select_related("account").filter(pk=int(act.argument), missing_since=None).first()
    if upload is None or target is None:
        raise CannotDo("The folder or the file to import is no longer there.")
    if not is_local(target.account) and mail_imports.is_far_ahead(target.account_id):
        raise FarAhead
    mail_imports.check_still_fits(act, upload)
    upload.save(update_fields=["updated_at"])  # it is gone on with
    with mail_imports.open_upload(upload) as opened:
        file = MailFile(opened, upload.name, most_bytes=settings.HERON_MESSAGE_SIZE_LIMIT_BYTES)
        slice_, place, more = _next(file, _place(act))
        _file(act, target, slice_)
        act.total = file.size_bytes // 1024
        act.rows_done = min(file.bytes_before(place) // 1024, act.total)
    act.place = f"{place.member} {place.offset}"
    if not more:
        act.state, act.rows_done = Act.State.DONE, act.total
    return more


def forget_file(act: Act) -> None:
    """The file has been read, or is not wanted any more."""
    if upload := mail_imports.upload_of(act):
        upload.delete()


def _place(act: Act) -> Place:
    member, _, offset = (act.place or "0 0").partition(" ")
    return Place(int(member), int(offset))


def _next(file: MailFile, place: Place) -> tuple[list[Found], Place, bool]:
    taken: list[Found] = []
    size = 0
    for found in file.read(place):
        taken.append(found)
        size += len(found.entry.raw or b"") if found.entry else 0
        if len(taken) >= SLICE_MESSAGES or size >= SLICE_BYTES:
            return taken, found.next, True
    return taken, taken[-1].next if taken else place, False


def _file(act: Act, target: Folder, taken: list[Found]) -> None:
    """Each into its folder; what became of them is added up in the act's detail."""
    folders: Mapping[str, int] = act.detail.get("folders", {})
    by_folder: dict[int, list[mail_imports.Letter]] = {}
    unread = sum(found.entry is not None and found.entry.raw is None for found in taken)
    others = sum(found.entry is None for found in taken)
    for found in taken:
        if found.entry is not None and found.entry.raw:
            folder_id = folders.get("/".join(found.folder), target.pk)
            by_folder.setdefault(folder_id, []).append(_letter(found.entry))
    known: list[mail_imports.Letter] = []
    rows = Folder.objects.select_related("account").in_bulk(by_folder)
    for folder_id, letters in by_folder.items():
        new, here, counts = mail_imports.record_import(act, rows.get(folder_id, target), letters)
        act.count += new
        known += here
        announce_folders(counts)
    for name, count in (("known", len(known)), ("too_large", unread), ("no_mail", others)):
        if count:
            act.detail[name] = act.detail.get(name, 0) + count
    left = [("known", mail_imports.subject_of(raw)) for raw, _, _ in known]
    left += [(_fate(found), found.file[-_MOST_NAMED:]) for found in taken if found.file and not _is_mail(found)]
    if room := max(0, MOST_NAMED - len(act.detail.get("left_out", []))):
        act.detail["left_out"] = [*act.detail.get("left_out", []), *left[:room]]


def _is_mail(found: Found) -> bool:
    return found.entry is not None and bool(found.entry.raw)


def _fate(found: Found) -> str:
    return "no_mail" if found.entry is None else "too_large"


def _letter(entry: Entry) -> mail_imports.Letter:
    raw, now = entry.raw or b"", timezone.now()
    at = entry.at if entry.at is not None and _FIRST <= entry.at <= now + timedelta(days=1) else None
    return raw, at or choose_received_at(raw, now), _READ if entry.flags is None else entry.flags
