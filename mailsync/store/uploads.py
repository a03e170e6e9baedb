"""Files that arrive in pieces: begun, gone on with, put together, kept for a link or an import, swept. Database room.

A piece is taken only where it goes on from what is here, so one that comes twice, or after a lost answer, changes
nothing; the sender is told how far it is and goes on from there.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from mailsync.errors import CannotDo
from mailsync.models import Draft, Upload, UploadPiece

#: What a browser sends at once: little enough to be sent again, enough not to wait for each answer.
PIECE_BYTES = 1024 * 1024
#: An upload that nobody goes on with is kept this long.
KEEP_UNFINISHED = timedelta(days=2)
#: Links that are over may come back with their draft for so long.
KEEP_EXPIRED = timedelta(days=1)


def find_unfinished(draft: Draft, fingerprint: str, size_bytes: int, *, is_link: bool) -> Upload | None:
    """The upload of the same file that was cut short."""
    return draft.uploads.filter(
        fingerprint=fingerprint, size_bytes=size_bytes, is_link=is_link, expires_at=None
    ).first()


def add_piece(upload: Upload, start: int, data: bytes) -> bool:
    """Take a piece of a locked upload. False where it does not go on from what is here; nothing has changed then."""
    if start != upload.received_bytes:
        return False
    if not data or len(data) > PIECE_BYTES or start + len(data) > upload.size_bytes:
        raise CannotDo("These bytes are not of the file that was announced. Choose it again.", field="attachments")
    UploadPiece.objects.create(upload=upload, start=start, data=data)
    upload.received_bytes = start + len(data)
    upload.save(update_fields=["received_bytes", "updated_at"])
    return True


def whole(upload: Upload) -> bytes:
    """All bytes, for a file that is small enough to go by mail."""
    return b"".join(read(upload, 0, upload.size_bytes))


def read(upload: Upload, start: int, end: int) -> Iterator[bytes]:
    """The bytes from ``start`` to ``end``, one piece in memory at a time."""
    wanted = upload.pieces.filter(start__lt=end, start__gt=start - PIECE_BYTES).order_by("start")
    for pk, begins in list(wanted.values_list("pk", "start")):
        data = bytes(UploadPiece.objects.values_list("data", flat=True).get(pk=pk))
        yield data[max(start - begins, 0) : end - begins]


def share(upload: Upload) -> None:
    """From now on the whole file can be had by its link, for so many days."""
    upload.expires_at = timezone.now() + timedelta(days=settings.HERON_LINK_DAYS)
    upload.save(update_fields=["expires_at", "updated_at"])


def stop_links(draft: Draft) -> list[int]:
    """The draft goes: its links lead nowhere, and are kept for a day, so that they can come back with it."""
    draft.uploads.filter(expires_at=None).delete()
    links = draft.uploads.filter(expires_at__gt=timezone.now())
    ids = list(links.values_list("pk", flat=True))
    links.update(expires_at=timezone.now())
    return ids


def share_again(draft: Draft, ids: Iterable[int]) -> None:
    """The links that went with this draft."""
    for upload in Upload.objects.filter(pk__in=list(ids), user_id=draft.user_id):
        upload.draft = draft
        upload.save(update_fields=["draft"])
        share(upload)


def find_shared(upload_id: int) -> Upload | None:
    """A file that its link still leads to; not that of somebody who was shut out."""
    shared = Upload.objects.select_related("user").filter(user__is_active=True, expires_at__gt=timezone.now())
    return shared.filter(pk=upload_id).first()


def sweep_uploads() -> int:
    """Delete what was never finished, and links that have expired; returns how many. What a person who is deactivated
    was importing is gone on with when they are let in again."""
    now = timezone.now()
    unfinished = Q(expires_at=None, updated_at__lt=now - KEEP_UNFINISHED, user__is_active=True)
    gone, _ = Upload.objects.filter(unfinished | Q(expires_at__lt=now - KEEP_EXPIRED)).delete()
    return gone
