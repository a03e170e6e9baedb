"""Big files: announced and checked before a byte travels, sent in pieces, attached or given as a link."""

from dataclasses import dataclass

from mailsync.actions.drafts import add_attachment, clean_name
from mailsync.actions.owned import NotYours, own_draft
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import DraftAttachment, Upload
from mailsync.store import blobs, room, uploads


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is; ``attachment`` is the file of the draft that it has become, if it has."""

    upload: Upload
    attachment: DraftAttachment | None = None


@verb
def begin_upload(
    user_id: int,
    draft_id: int,
    *,
    name: str,
    content_type: str,
    size_bytes: int,
    fingerprint: str,
    as_link: bool = False,
) -> Upload:
    """Announce a file, or go on with one that was cut short (``received_bytes`` says from where).

    Raises ``TooLarge`` or ``CannotDo`` with the reason while nothing has been sent.
    """
    draft, name = own_draft(user_id, draft_id), clean_name(name)
    fingerprint = fingerprint[:255]
    standing = uploads.find_unfinished(draft, fingerprint, size_bytes, is_link=as_link)
    if standing is not None:
        return standing
    if size_bytes <= 0:
        raise CannotDo(f"“{name}” is empty.", field="attachments")
    if as_link:
        room.check_link(user_id, name, size_bytes)
    else:
        room.check_file(draft, name, size_bytes)
    return Upload.objects.create(
        user_id=user_id,
        draft=draft,
        name=name,
        content_type=content_type[:255] or "application/octet-stream",
        size_bytes=size_bytes,
        fingerprint=fingerprint,
        is_link=as_link,
    )


@verb
def add_piece(user_id: int, draft_id: int, upload_id: int, start: int, data: bytes) -> Progress:
    """Take a piece. One that does not go on from what is here changes nothing: the answer says how far it is."""
    draft, upload = own_draft(user_id, draft_id), _own_upload(user_id, draft_id, upload_id)
    if not uploads.add_piece(upload, start, data) or not upload.is_whole:
        return Progress(upload)
    if upload.is_link:
        uploads.share(upload)
        return Progress(upload)
    # Others may have been attached meanwhile.
    announced, upload.size_bytes = upload.size_bytes, 0
    Upload.objects.filter(pk=upload.pk).update(size_bytes=0)
    room.check_file(draft, upload.name, announced)
    upload.size_bytes = announced
    blob = blobs.keep_blob(user_id, uploads.whole(upload))
    attachment = add_attachment(draft, upload.name, upload.content_type, blob)
    Upload.objects.filter(pk=upload.pk).delete()
    return Progress(upload, attachment)


@verb
def cancel_upload(user_id: int, draft_id: int, upload_id: int) -> None:
    """Forget what has come of a file so far, or take a link back."""
    _own_upload(user_id, draft_id, upload_id).delete()


@verb
def stop_sharing(user_id: int, upload_id: int) -> None:
    """Nobody gets this file by its link any more; its bytes go."""
    gone, _ = Upload.objects.filter(pk=upload_id, user=user_id).delete()
    if not gone:
        raise NotYours("upload")


def _own_upload(user_id: int, draft_id: int, upload_id: int) -> Upload:
    mine = Upload.objects.select_for_update().filter(pk=upload_id, draft=draft_id, user=user_id)
    upload = mine.first()
    if upload is None:
        raise NotYours("upload")
    return upload
